import type {ByteReader} from '../byte-reader.js'
import {BOOT_RECORD_BYTES, parseBootRecord, type BootRecord, type BootRecordEntry} from './mbr.js'
import {isExtended} from './mbr-types.js'
import type {Problem} from './table.js'

/** More than this in one chain is taken for damage; Linux stops at 256 partitions of a disk. */
const CHAIN_MAX = 256

/** A logical partition, with its place counted from the start of the disk. */
export interface LogicalEntry extends BootRecordEntry {
  /** Where the boot record that names it lies. */
  readonly recordLba: number
}

export interface LogicalChain {
  readonly entries: readonly LogicalEntry[]
  readonly problems: readonly Problem[]
}

/**
 * The logical partitions of an extended one: a chain of boot records, each with one partition counted from itself and a link to
 * the next counted from the start of the extended partition. Ends where the chain does, at a loop, at damage, after CHAIN_MAX.
 */
export function readLogicalChain(reader: ByteReader, extended: BootRecordEntry, sectorBytes: number): LogicalChain {
  const entries: LogicalEntry[] = []
  const problems: Problem[] = []
  const seen = new Set<number>()
  let recordLba: number | undefined = extended.firstLba
  while (recordLba !== undefined) {
    const fault = faultOfLink(recordLba, seen, extended)
    const record: BootRecord | undefined =
      fault === undefined ? parseBootRecord(readRecord(reader, recordLba * sectorBytes)) : undefined
    if (record === undefined) {
      problems.push(chainProblem(fault ?? `has no boot record at sector ${recordLba} (0x55 0xAA is missing)`))
      break
    }
    seen.add(recordLba)
    const own = record.sized.find(({type}) => !isExtended(type))
    if (own) entries.push({...own, firstLba: recordLba + own.firstLba, recordLba})
    const link: BootRecordEntry | undefined = record.sized.find(({type}) => isExtended(type))
    recordLba = link && extended.firstLba + link.firstLba
  }
  return {entries, problems}
}

function faultOfLink(lba: number, seen: ReadonlySet<number>, {firstLba, sectors}: BootRecordEntry): string | undefined {
  if (seen.has(lba)) return `leads back to sector ${lba}: it is a loop`
  if (seen.size >= CHAIN_MAX) return `does not end after ${CHAIN_MAX} boot records`
  if (lba < firstLba || lba >= firstLba + sectors) return `leads to sector ${lba}, outside of the extended partition`
  return undefined
}

function chainProblem(what: string): Problem {
  return {
    severity: 'error',
    code: 'EBR_CHAIN',
    text: `the chain of logical partitions ${what}`,
    hint: 'Partitions behind that place cannot be found; do not write a table from this one.',
  }
}

function readRecord(reader: ByteReader, offsetBytes: number): Uint8Array {
  return reader.read(offsetBytes, BOOT_RECORD_BYTES)
}
