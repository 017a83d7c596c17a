/**
 * The log of the device-mapper target log-writes, version 1, which QEMU's blklogwrites writes too. Little-endian. Everything is
 * counted in sectors of the size that the superblock names: the superblock takes the first, each entry takes one and is followed
 * by the data of its `nr_sectors`, unless it is a discard. The text of a mark stands behind the 32 bytes of its entry, in
 * the same sector.
 *
 * Source: Linux Documentation/admin-guide/device-mapper/log-writes.rst and the structures it names.
 */
const LOG_MAGIC = 0x6a736677736872n
export const LOG_VERSION = 1n

export const LOG_FLUSH_FLAG = 1
export const LOG_FUA_FLAG = 2
export const LOG_DISCARD_FLAG = 4
export const LOG_MARK_FLAG = 8
const LOG_METADATA_FLAG = 16
export const LOG_FLAGS = LOG_FLUSH_FLAG | LOG_FUA_FLAG | LOG_DISCARD_FLAG | LOG_MARK_FLAG | LOG_METADATA_FLAG

export const LOG_SUPER_BYTES = 28
export const LOG_ENTRY_BYTES = 32

/** What an entry says. Numbers are sectors of the log's own size, but for the last. */
export interface LogEntry {
  readonly sector: bigint
  readonly nr_sectors: bigint
  readonly flags: bigint
  readonly data_len: bigint
}

/** Whether these first bytes are those of such a log. */
export function isLog(start: Uint8Array): boolean {
  return start.length >= 8 && viewOf(start).getBigUint64(0, true) === LOG_MAGIC
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

export function encodeSuper(entries: number, sectorBytes: number): Uint8Array {
  const bytes = new Uint8Array(sectorBytes)
  const view = viewOf(bytes)
  view.setBigUint64(0, LOG_MAGIC, true)
  view.setBigUint64(8, LOG_VERSION, true)
  view.setBigUint64(16, BigInt(entries), true)
  view.setUint32(24, sectorBytes, true)
  return bytes
}

export function encodeEntry({sector, nr_sectors, flags, data_len}: LogEntry, sectorBytes: number): Uint8Array {
  const bytes = new Uint8Array(sectorBytes)
  const view = viewOf(bytes)
  for (const [i, value] of [sector, nr_sectors, flags, data_len].entries()) view.setBigUint64(8 * i, value, true)
  return bytes
}

export function decodeEntry(bytes: Uint8Array): LogEntry {
  const view = viewOf(bytes)
  return {
    sector: view.getBigUint64(0, true),
    nr_sectors: view.getBigUint64(8, true),
    flags: view.getBigUint64(16, true),
    data_len: view.getBigUint64(24, true),
  }
}
