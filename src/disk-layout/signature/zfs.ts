import type {ByteReader} from '../byte-reader.js'
import {Fields} from '../fields.js'
import type {Probe} from './signature.js'

/** Four labels of 256 KiB, two at each end: "ZFS On-Disk Specification" (Sun, 2006), 1.2 and 1.3. */
const LABEL_BYTES = 256 << 10
const NVLIST_AT = 16 << 10
const NVLIST_BYTES = 112 << 10
const UBERBLOCKS_AT = 128 << 10
const UBERBLOCKS_BYTES = 128 << 10
const UBERBLOCK_STEP_BYTES = 1024
const UBERBLOCK_MAGIC = 0x00bab10cn

/** Types of pairs in a list (libnvpair, XDR encoding). */
const UINT64 = 8
const STRING = 9
const PAIRS_MAX = 256

export const zfs: Probe = (reader) => {
  const end = Math.floor(reader.sizeBytes / LABEL_BYTES) * LABEL_BYTES
  for (const labelAt of [0, LABEL_BYTES, end - 2 * LABEL_BYTES, end - LABEL_BYTES]) {
    const version = labelAt < 0 ? undefined : uberblockVersion(reader, labelAt)
    if (version === undefined) continue
    const pairs = readPairs(new Fields(reader.read(labelAt + NVLIST_AT, NVLIST_BYTES)))
    return {
      type: 'zfs_member',
      name: 'ZFS pool member',
      usage: 'filesystem',
      offsetBytes: labelAt + UBERBLOCKS_AT,
      label: pairs.get('name'),
      uuid: pairs.get('pool_guid'),
      memberUuid: pairs.get('guid'),
      version,
      details: ['hostname', 'txg', 'state'].flatMap((name) => {
        const value = pairs.get(name)
        return value === undefined ? [] : [[name, value] as const]
      }),
    }
  }
  return undefined
}

/** The version of the first uberblock of a label, in either byte order. */
function uberblockVersion(reader: ByteReader, labelAt: number): string | undefined {
  const array = new Fields(reader.read(labelAt + UBERBLOCKS_AT, UBERBLOCKS_BYTES))
  for (let at = 0; at < array.bytes.length; at += UBERBLOCK_STEP_BYTES) {
    for (const littleEndian of [true, false]) {
      if (array.big64(at, littleEndian) === UBERBLOCK_MAGIC) return String(array.big64(at + 8, littleEndian))
    }
  }
  return undefined
}

/** The numbers and strings at the top of a packed list: after 12 bytes, pairs of length, name, type, count and value. */
function readPairs(list: Fields): Map<string, string> {
  const pairs = new Map<string, string>()
  let at = 12
  for (let i = 0; i < PAIRS_MAX; i++) {
    const pairBytes = list.u32(at, false)
    const nameBytes = list.u32(at + 8, false)
    if (pairBytes < 20 || at + pairBytes > list.bytes.length || nameBytes > pairBytes - 20) break
    const name = list.latin1(at + 12, nameBytes)
    const typeAt = at + 12 + Math.ceil(nameBytes / 4) * 4
    const type = list.u32(typeAt, false)
    const value = typeAt + 8
    if (type === UINT64) pairs.set(name, String(list.big64(value, false)))
    if (type === STRING) pairs.set(name, list.latin1(value + 4, Math.min(list.u32(value, false), 1024)))
    at += pairBytes
  }
  return pairs
}
