import type {ByteReader} from '../byte-reader.js'
import {Fields} from '../fields.js'
import type {Probe} from './signature.js'

/** The label in one of the first four sectors, and what it leads to: lib/format_text/layout.h and label.h of LVM2. */
const SECTOR_BYTES = 512
const LABEL_SECTORS = 4
const AREAS_MAX = 8
const METADATA_MAGIC_AT = 4
const METADATA_MAGIC = ' LVM2 x[5A%r0N*>'
/** Enough for the first word of the metadata, which is the name of the volume group. */
const NAME_BYTES = 256

export const lvm: Probe = (reader) => {
  for (let sector = 0; sector < LABEL_SECTORS; sector++) {
    const label = new Fields(reader.read(sector * SECTOR_BYTES, SECTOR_BYTES))
    if (!label.has(0, 'LABELONE')) continue
    const at = label.u32(20)
    const type = label.text(24, 8)
    if (type === undefined || at < 32 || at + 40 > SECTOR_BYTES) continue
    const group = groupName(reader, label, at + 40)
    return {
      type: 'LVM2_member',
      name: 'LVM physical volume',
      usage: 'raid',
      offsetBytes: sector * SECTOR_BYTES + 24,
      uuid: uuidText(label.latin1(at, 32)),
      version: type,
      sizeBytes: label.u64(at + 32) || undefined,
      details: [['volume group', group ?? 'none']],
    }
  }
  return undefined
}

function uuidText(id: string): string {
  return [0, 6, 10, 14, 18, 22, 26].map((from, i) => id.slice(from, [6, 10, 14, 18, 22, 26, 32][i])).join('-')
}

/** Two lists of areas (data, then metadata), each ended by zeros; a metadata area leads to its newest text. */
function groupName(reader: ByteReader, label: Fields, listsAt: number): string | undefined {
  const data = areasFrom(label, listsAt)
  const metadata = areasFrom(label, listsAt + (data.length + 1) * 16)
  for (const areaAt of metadata) {
    const area = new Fields(reader.read(areaAt, SECTOR_BYTES))
    if (!area.has(METADATA_MAGIC_AT, METADATA_MAGIC)) continue
    const text = new Fields(reader.read(areaAt + area.u64(40), NAME_BYTES)).latin1(0, NAME_BYTES)
    const name = /^([A-Za-z0-9+_.-]+) \{/.exec(text)?.[1]
    if (name !== undefined) return name
  }
  return undefined
}

function areasFrom(label: Fields, at: number): number[] {
  const offsets: number[] = []
  for (let i = 0; i < AREAS_MAX; i++) {
    const offset = label.u64(at + i * 16)
    if (offset === 0) break
    offsets.push(offset)
  }
  return offsets
}
