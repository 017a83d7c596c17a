import type {ByteReader} from '../byte-reader.js'
import {Fields} from '../fields.js'
import {sizeOf, type Probe} from './signature.js'

/** The last ten bytes of the first page say what it is (union swap_header of linux/swap.h); page sizes of Linux. */
const PAGES_BYTES = [4096, 8192, 16384, 32768, 65536] as const
const MAGIC_BYTES = 10
const SWAP = {SWAPSPACE2: '1', 'SWAP-SPACE': '0'} as const
/** What a suspended system leaves in their place. */
const SUSPENDED = ['S1SUSPEND', 'S2SUSPEND', 'ULSUSPEND', 'TOI', 'LINHIB0001']

export const swap: Probe = (reader) => {
  for (const pageBytes of PAGES_BYTES) {
    const at = pageBytes - MAGIC_BYTES
    const magic = new Fields(reader.read(at, MAGIC_BYTES)).latin1(0, MAGIC_BYTES)
    const version = Object.hasOwn(SWAP, magic) ? SWAP[magic as keyof typeof SWAP] : undefined
    const suspended = SUSPENDED.some((word) => magic.startsWith(word))
    if (version === undefined && !suspended) continue
    return {
      type: suspended ? 'swsuspend' : 'swap',
      name: suspended ? 'swap with a suspended system' : 'swap',
      usage: 'other',
      offsetBytes: at,
      ...(version === '0' ? {} : header(reader, pageBytes)),
      version: suspended ? magic.replaceAll('\0', '').toLowerCase() : version,
      warnings: suspended
        ? ['a suspended system will resume from it: changing anything it has mounted ruins that']
        : [],
    }
  }
  return undefined
}

/** At byte 1024: version, last page, bad pages, UUID, label; in the byte order of the machine that made it. */
function header(
  reader: ByteReader,
  pageBytes: number,
): {label: string | undefined; uuid: string | undefined; sizeBytes: number | undefined; blockBytes?: number} {
  const fields = new Fields(reader.read(1024, 44))
  const littleEndian = fields.u32(0) === 1
  return {
    label: fields.text(28, 16),
    uuid: fields.uuid(12),
    sizeBytes: sizeOf(fields.u32(4, littleEndian) + 1, pageBytes),
  }
}
