import type {ToolError} from '../base/index.js'
import {traceFault} from './fault.js'
import {
  decodeEntry,
  isLog,
  LOG_DISCARD_FLAG,
  LOG_ENTRY_BYTES,
  LOG_FLAGS,
  LOG_FLUSH_FLAG,
  LOG_MARK_FLAG,
  LOG_SUPER_BYTES,
  LOG_VERSION,
  viewOf,
} from './log-format.js'
import type {ByteSource} from './source.js'

/** Both writers of such logs take powers of two; no disk has sectors beyond this. */
const SECTOR_MIN_BYTES = 512
const SECTOR_MAX_BYTES = 2 ** 23

const HINT = 'Check that this is the log (not the image), and that it was copied whole.'

/** What the superblock says. */
export interface LogSuper {
  readonly entries: number
  readonly sectorBytes: number
}

/** An entry in bytes. `dataOffset` is where its data is in the log. */
export interface LogRecord {
  readonly flags: number
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly dataOffset: number
  readonly mark: string
}

/**
 * Reads the superblock.
 *
 * @throws ToolError of kind format when there is none, or one that cannot be
 */
export function readSuper(source: ByteSource): LogSuper {
  const bytes = source.read(0, LOG_SUPER_BYTES)
  if (bytes.length === LOG_SUPER_BYTES && bytes.every((byte) => byte === 0)) {
    throw logFault(
      source,
      0,
      'the log has no superblock: its first bytes are zero',
      'It is written at the first flush: end the recording with one.',
    )
  }
  if (bytes.length < LOG_SUPER_BYTES || !isLog(bytes)) {
    throw logFault(source, 0, 'this is not a log of dm-log-writes: it begins with other bytes', HINT)
  }
  const view = viewOf(bytes)
  const version = view.getBigUint64(8, true)
  if (version !== LOG_VERSION)
    throw logFault(source, 8, `the log is of version ${version}, not 1`, 'Only version 1 is known.')
  const entries = view.getBigUint64(16, true)
  const sectorBytes = view.getUint32(24, true)
  const isPower = sectorBytes > 0 && (sectorBytes & (sectorBytes - 1)) === 0
  if (!isPower || sectorBytes < SECTOR_MIN_BYTES || sectorBytes > SECTOR_MAX_BYTES) {
    throw logFault(source, 24, `a log has no sectors of ${sectorBytes} bytes`, HINT)
  }
  const room = Math.max(0, Math.ceil(source.sizeBytes / sectorBytes) - 1)
  if (entries > BigInt(room)) {
    throw logFault(source, 16, `the log has room for ${room} entries, and counts ${entries}`, HINT)
  }
  return {entries: Number(entries), sectorBytes}
}

/**
 * The entries of a log in order. Data is passed over, so that a walk costs one small read an entry.
 *
 * @throws ToolError of kind format at the first entry that cannot be: it reaches beyond the end of the log, or of what can be
 *   addressed, or has flags nobody knows
 */
export function* logRecords(source: ByteSource, {entries, sectorBytes}: LogSuper): Generator<LogRecord> {
  let at = sectorBytes
  for (let number = 0; number < entries; number++) {
    const record = recordAt(source, at, number, sectorBytes)
    yield record
    at = record.dataOffset + (record.flags & LOG_DISCARD_FLAG ? 0 : record.lengthBytes)
  }
}

function recordAt(source: ByteSource, at: number, number: number, sectorBytes: number): LogRecord {
  const bytes = source.read(at, LOG_ENTRY_BYTES)
  const what = `entry ${number}`
  if (bytes.length < LOG_ENTRY_BYTES) throw logFault(source, at, `the log ends before ${what}`, HINT)
  const {sector, nr_sectors: sectors, flags: bits, data_len: dataBytes} = decodeEntry(bytes)
  if ((bits & ~BigInt(LOG_FLAGS)) !== 0n) {
    throw logFault(source, at, `${what} has flags 0x${bits.toString(16)} that are not known`, HINT)
  }
  const flags = Number(bits)
  if ((sector + sectors) * BigInt(sectorBytes) > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw logFault(source, at, `${what} reaches to sector ${sector + sectors}, beyond any image`, HINT)
  }
  const lengthBytes = Number(sectors) * sectorBytes
  const dataOffset = at + sectorBytes
  if (!(flags & LOG_DISCARD_FLAG) && dataOffset + lengthBytes > source.sizeBytes) {
    throw logFault(source, at, `the data of ${what} (${lengthBytes} bytes) reaches beyond the end of the log`, HINT)
  }
  const isMark = (flags & LOG_MARK_FLAG) !== 0
  if (isMark && dataBytes > BigInt(sectorBytes - LOG_ENTRY_BYTES)) {
    throw logFault(source, at, `the mark of ${what} has ${dataBytes} bytes, more than its sector holds`, HINT)
  }
  if (lengthBytes === 0 && !isMark && !(flags & LOG_FLUSH_FLAG)) {
    throw logFault(source, at, `${what} is of no sectors, and no flush or mark`, HINT)
  }
  return {
    flags,
    offsetBytes: Number(sector) * sectorBytes,
    lengthBytes,
    dataOffset,
    mark: isMark ? markText(source.read(at + LOG_ENTRY_BYTES, Number(dataBytes))) : '',
  }
}

/** Marks are C strings of whoever typed them. */
function markText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).replace(/\0.*$/s, '')
}

function logFault({name}: ByteSource, offsetBytes: number, what: string, hint: string): ToolError {
  return traceFault({name, offsetBytes}, what, hint)
}
