import type {ByteReader} from '../byte-reader.js'
import {bounded} from '../byte-reader.js'
import {judgeDos, judgeGpt} from './check.js'
import {readLogicalChain, type LogicalChain} from './ebr.js'
import {copyFacts, gptPartitions, missingCopy, readGptCopy, type GptCopy} from './gpt.js'
import {BOOT_RECORD_BYTES, parseBootRecord, PROTECTIVE_TYPE, type BootRecord, type BootRecordEntry} from './mbr.js'
import {isExtended, mbrTypeName} from './mbr-types.js'
import {sectorRange, type HybridEntry, type Partition, type PartitionTable} from './table.js'

/** Logical blocks that disks have, the usual ones first. */
const SECTOR_SIZES = [512, 4096, 2048, 1024] as const

/** What a table may be asked beside its own bytes. */
export interface Surroundings {
  /** Whether something known begins at an offset: tells which sector size makes sense of an MBR, which does not say. */
  readonly beginsAt: (offsetBytes: number) => boolean
}

/**
 * The partition table of a disk: a GPT if there is one that software would use, else an MBR; undefined without a table. The
 * sector size is found from the table itself. Damage is told in `problems`, never thrown; reads are bounded whatever the
 * bytes say.
 */
export function readPartitionTable(image: ByteReader, around: Surroundings): PartitionTable | undefined {
  const reader = bounded(image)
  const record = parseBootRecord(reader.read(0, BOOT_RECORD_BYTES))
  const protects = record?.entries.some(({type}) => type === PROTECTIVE_TYPE) ?? false
  // With partitions of its own and no protective entry, an MBR is what Linux and every partition tool go by.
  const claims = record !== undefined && record.sane && record.entries.length > 0 && !protects
  const pair = findGpt(reader, record)
  if (pair && !claims) return gptTable(reader, pair, record)
  return record && (claims || protects || isEmptyTable(record)) ? dosTable(reader, record, pair, around) : undefined
}

/** Without entries, only the id that every partition tool writes tells a table from a boot sector. */
function isEmptyTable({entries, sane, diskId}: BootRecord): boolean {
  return entries.length === 0 && sane && diskId !== 0
}

/** Both copies of a GPT, where they were looked for. */
export interface GptPair {
  readonly sectorBytes: number
  readonly primary: GptCopy
  readonly backup: GptCopy
  /** The last logical block, where the backup belongs. */
  readonly lastLba: number
}

function findGpt(reader: ByteReader, record: BootRecord | undefined): GptPair | undefined {
  const pairs = SECTOR_SIZES.map((sectorBytes) => gptPair(reader, sectorBytes, record))
  const valid = ({faults}: GptCopy): boolean => faults.length === 0
  return (
    pairs.find(({primary}) => valid(primary)) ??
    pairs.find(({backup}) => valid(backup)) ??
    pairs.find(({primary, backup}) => primary.header ?? backup.header)
  )
}

function gptPair(reader: ByteReader, sectorBytes: number, record: BootRecord | undefined): GptPair {
  const lastLba = Math.floor(reader.sizeBytes / sectorBytes) - 1
  const primary = readGptCopy(reader, 1, sectorBytes)
  const atEnd = readGptCopy(reader, Math.max(lastLba, 1), sectorBytes)
  if (atEnd.header && lastLba > 1) return {sectorBytes, primary, backup: atEnd, lastLba}
  // A disk that has grown keeps its backup where its end was: the primary tells, or else the protective entry does.
  const protective = record?.entries.find(({type}) => type === PROTECTIVE_TYPE)
  const elsewhere = [primary.headerHolds ? primary.header?.otherLba : undefined, protectiveEnd(protective)]
    .filter((lba) => lba !== undefined && lba > 1 && lba < lastLba)
    .map((lba) => readGptCopy(reader, lba ?? 0, sectorBytes))
    .find(({header}) => header !== undefined)
  return {sectorBytes, primary, backup: elsewhere ?? missingCopy(lastLba), lastLba}
}

function protectiveEnd(entry: BootRecordEntry | undefined): number | undefined {
  return entry && entry.firstLba + entry.sectors - 1
}

function gptTable(reader: ByteReader, pair: GptPair, record: BootRecord | undefined): PartitionTable {
  const {primary, backup, sectorBytes} = pair
  const used = [primary, backup].find(({faults}) => faults.length === 0)
  // Better a list with a warning than none: a header that holds still tells where its entries are.
  const shown = used ?? [primary, backup].find(({headerHolds}) => headerHolds)
  const partitions = shown ? gptPartitions(shown, sectorBytes) : []
  const mbr = record?.entries.some(({type}) => type === PROTECTIVE_TYPE) ? record : undefined
  const hybrid = (mbr?.entries ?? [])
    .filter(({type}) => type !== PROTECTIVE_TYPE)
    .map((entry) => hybridEntry(entry, sectorBytes))
  const gpt = {
    primary: copyFacts(primary),
    backup: copyFacts(backup),
    used: used && (used === primary ? ('primary' as const) : ('backup' as const)),
    firstUsableLba: shown?.header?.firstUsableLba ?? 0,
    lastUsableLba: shown?.header?.lastUsableLba ?? 0,
    entryCount: shown?.header?.entryCount ?? 0,
    mbr: mbr === undefined ? ('missing' as const) : hybrid.length > 0 ? ('hybrid' as const) : ('protective' as const),
    hybrid,
  }
  return {
    label: 'gpt',
    id: shown?.header?.diskGuid ?? '',
    sectorBytes,
    sectorEvidence: `the GPT header lies at byte ${(primary.header ? 1 : backup.lba) * sectorBytes}`,
    partitions,
    gpt,
    problems: judgeGpt({...pair, gpt, partitions, sizeBytes: reader.sizeBytes, mbr}),
  }
}

function hybridEntry({type, boot, firstLba, sectors}: BootRecordEntry, sectorBytes: number): HybridEntry {
  return {
    type: type.toString(16),
    typeName: mbrTypeName(type),
    bootable: boot === 0x80,
    ...sectorRange(firstLba, sectors, sectorBytes),
  }
}

function dosTable(
  reader: ByteReader,
  record: BootRecord,
  stale: GptPair | undefined,
  around: Surroundings,
): PartitionTable {
  const {sectorBytes, evidence} = sectorSizeOf(reader, record, around)
  const extended = record.entries.find(({type}) => isExtended(type))
  const chain: LogicalChain = extended ? readLogicalChain(reader, extended, sectorBytes) : {entries: [], problems: []}
  const partitions = [
    ...record.entries.map((entry) => dosPartition(entry, entry.slot + 1, sectorBytes)),
    ...chain.entries.map((entry, i) => ({...dosPartition(entry, i + 5, sectorBytes), kind: 'logical' as const})),
  ]
  return {
    label: 'dos',
    id: `0x${record.diskId.toString(16).padStart(8, '0')}`,
    sectorBytes,
    sectorEvidence: evidence,
    partitions,
    gpt: undefined,
    problems: judgeDos({record, chain, partitions, sectorBytes, sizeBytes: reader.sizeBytes, stale}),
  }
}

function dosPartition(entry: BootRecordEntry, number: number, sectorBytes: number): Partition {
  const {type, boot, firstLba, sectors} = entry
  return {
    number,
    kind: isExtended(type) ? 'extended' : 'primary',
    firstLba,
    sectors,
    ...sectorRange(firstLba, sectors, sectorBytes),
    type: type.toString(16),
    typeName: mbrTypeName(type),
    bootable: boot === 0x80,
    uuid: undefined,
    name: undefined,
    attributes: [],
  }
}

/** An MBR does not say what its sectors are: what begins where its entries point tells. */
function sectorSizeOf(
  reader: ByteReader,
  record: BootRecord,
  {beginsAt}: Surroundings,
): {sectorBytes: number; evidence: string} {
  const isBootRecord = (offsetBytes: number): boolean =>
    parseBootRecord(reader.read(offsetBytes, BOOT_RECORD_BYTES)) !== undefined
  for (const sectorBytes of [512, 4096]) {
    const seen = record.entries.find(({type, firstLba}) =>
      isExtended(type) ? isBootRecord(firstLba * sectorBytes) : beginsAt(firstLba * sectorBytes),
    )
    if (seen) {
      const what = isExtended(seen.type)
        ? 'the chain of logical partitions'
        : `the content of partition ${seen.slot + 1}`
      return {sectorBytes, evidence: `${what} begins where sectors of ${sectorBytes} bytes put it`}
    }
  }
  return {sectorBytes: 512, evidence: 'an MBR does not say, and nothing speaks against 512 bytes'}
}
