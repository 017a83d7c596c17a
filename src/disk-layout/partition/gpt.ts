import {READ_BYTES_MAX, type ByteReader} from '../byte-reader.js'
import {Fields} from '../fields.js'
import {gptTypeName} from './gpt-types.js'
import {sectorRange, type GptCopyFacts, type Partition} from './table.js'

const SIGNATURE = 'EFI PART'
const HEADER_BYTES_MIN = 92
const ENTRY_BYTES_MIN = 128
const NAME_BYTES = 72
const UNUSED_TYPE = '00000000-0000-0000-0000-000000000000'

/** A GPT header (UEFI 2.10, 5.3.2, table 5.5), as far as it is needed. */
export interface GptHeader {
  readonly ownLba: number
  readonly otherLba: number
  readonly firstUsableLba: number
  readonly lastUsableLba: number
  readonly diskGuid: string
  readonly entriesLba: number
  readonly entryCount: number
  readonly entryBytes: number
  readonly entriesCrc: number
}

/** One of the two copies of a GPT. */
export interface GptCopy {
  readonly lba: number
  /** Undefined where the signature is missing. */
  readonly header: GptHeader | undefined
  /** Whether the checksum of the header fits; what it says may be believed then. */
  readonly headerHolds: boolean
  /** Everything that keeps the copy from being valid. */
  readonly faults: readonly string[]
  /** The array of entries, where the header tells of one that can be read. */
  readonly entries: Uint8Array
}

/** Reads one copy: its header at a logical block, checked as UEFI asks software to (5.3.2), and the entries it names. */
export function readGptCopy(reader: ByteReader, lba: number, sectorBytes: number): GptCopy {
  const bytes = reader.read(lba * sectorBytes, sectorBytes)
  const fields = new Fields(bytes)
  if (!fields.has(0, SIGNATURE)) return missingCopy(lba)
  const faults: string[] = []
  const headerBytes = fields.u32(12)
  let headerHolds = false
  if (headerBytes < HEADER_BYTES_MIN || headerBytes > bytes.length) {
    faults.push(`its header says that it has ${headerBytes} bytes`)
  } else {
    const copy = bytes.slice(0, headerBytes).fill(0, 16, 20)
    headerHolds = crc32(copy) === fields.u32(16)
    if (!headerHolds) faults.push(`the CRC of its header is ${hex(fields.u32(16))}, should be ${hex(crc32(copy))}`)
  }
  const header = headerOf(fields)
  if (header.ownLba !== lba) faults.push(`its header says that it lies at sector ${header.ownLba}, not ${lba}`)
  const entries = readEntries(reader, header, sectorBytes, faults)
  return {lba, header, headerHolds, faults, entries}
}

const NONE = new Uint8Array(0)

/** A copy that is not where it should be. */
export function missingCopy(lba: number): GptCopy {
  return {lba, header: undefined, headerHolds: false, faults: [`no "${SIGNATURE}" there`], entries: NONE}
}

function headerOf(fields: Fields): GptHeader {
  return {
    ownLba: fields.u64(24),
    otherLba: fields.u64(32),
    firstUsableLba: fields.u64(40),
    lastUsableLba: fields.u64(48),
    diskGuid: fields.guid(56),
    entriesLba: fields.u64(72),
    entryCount: fields.u32(80),
    entryBytes: fields.u32(84),
    entriesCrc: fields.u32(88),
  }
}

function readEntries(reader: ByteReader, header: GptHeader, sectorBytes: number, faults: string[]): Uint8Array {
  const {entryCount, entryBytes, entriesLba, entriesCrc} = header
  const arrayBytes = entryCount * entryBytes
  if (entryBytes < ENTRY_BYTES_MIN || entryBytes % 8 !== 0 || arrayBytes > READ_BYTES_MAX) {
    faults.push(`it says that it has ${entryCount} entries of ${entryBytes} bytes`)
    return NONE
  }
  const entries = reader.read(entriesLba * sectorBytes, arrayBytes)
  if (entries.length < arrayBytes) {
    faults.push(`its entries at sector ${entriesLba} are not wholly inside the image`)
    return NONE
  }
  const crc = crc32(entries)
  if (crc !== entriesCrc) faults.push(`the CRC of its entries is ${hex(entriesCrc)}, should be ${hex(crc)}`)
  return entries
}

/** Most disks that are looked at have no GPT: what computes its CRC is loaded for one that has. */
function crc32(bytes: Uint8Array): number {
  return process.getBuiltinModule('node:zlib').crc32(bytes)
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`
}

/** How a copy was found, for a report. */
export function copyFacts({lba, header, faults}: GptCopy): GptCopyFacts {
  return {lba, faults, status: faults.length === 0 ? 'valid' : header === undefined ? 'missing' : 'damaged'}
}

/** The used entries of a copy (UEFI 2.10, 5.3.3, table 5.6). */
export function gptPartitions({header, entries}: GptCopy, sectorBytes: number): Partition[] {
  const entryBytes = header?.entryBytes ?? 0
  if (entryBytes === 0) return []
  const found: Partition[] = []
  for (let at = 0; at + entryBytes <= entries.length; at += entryBytes) {
    const fields = new Fields(entries.subarray(at, at + entryBytes))
    const type = fields.guid(0)
    if (type === UNUSED_TYPE) continue
    const firstLba = fields.u64(32)
    const sectors = Math.max(0, fields.u64(40) - firstLba + 1)
    found.push({
      number: at / entryBytes + 1,
      kind: 'gpt',
      firstLba,
      sectors,
      ...sectorRange(firstLba, sectors, sectorBytes),
      type,
      typeName: gptTypeName(type),
      bootable: false,
      uuid: fields.guid(16),
      name: fields.utf16(56, NAME_BYTES),
      attributes: attributesOf(fields.big64(48)),
    })
  }
  return found
}

/** Bits 0 to 2 are for everybody, 48 to 63 for the type of partition (UEFI 2.10, 5.3.3, table 5.8). */
const COMMON_ATTRIBUTES = ['RequiredPartition', 'NoBlockIOProtocol', 'LegacyBIOSBootable'] as const
const TYPE_BITS_FROM = 48

function attributesOf(bits: bigint): string[] {
  const isSet = (bit: number): boolean => ((bits >> BigInt(bit)) & 1n) === 1n
  const own = Array.from({length: 16}, (_, i) => TYPE_BITS_FROM + i).filter(isSet)
  return [...COMMON_ATTRIBUTES.filter((_, bit) => isSet(bit)), ...(own.length > 0 ? [`GUID:${own.join(',')}`] : [])]
}
