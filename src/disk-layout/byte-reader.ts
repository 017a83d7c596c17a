import type {Range} from '../base/index.js'

/**
 * What parsers read from: an image or a part of one. They ask for a bounded number of bounded pieces, whatever the bytes say,
 * and never get a byte from outside.
 */
export interface ByteReader {
  readonly sizeBytes: number
  /** The bytes from an offset on: fewer than asked for where the reader ends, none behind its end or before its start. */
  read(offsetBytes: number, lengthBytes: number): Uint8Array
}

/** No parser asks for more at once. */
export const READ_BYTES_MAX = 4 << 20

/** How much of the start is kept: most formats sign within it, so that many questions are one read. */
const HEAD_BYTES = 72 << 10

const NOTHING = new Uint8Array(0)

/** Reads in bounds: cuts what is asked for to what is there, and a piece to READ_BYTES_MAX. */
export function bounded(reader: ByteReader): ByteReader {
  const {sizeBytes} = reader
  return {
    sizeBytes,
    read(offsetBytes, lengthBytes) {
      if (!(offsetBytes >= 0 && offsetBytes < sizeBytes && lengthBytes > 0)) return NOTHING
      return reader.read(offsetBytes, Math.min(lengthBytes, sizeBytes - offsetBytes, READ_BYTES_MAX))
    },
  }
}

/** The same bytes, in bounds, with the start read once and kept. */
export function headKeeping(reader: ByteReader): ByteReader {
  const inner = bounded(reader)
  let head: Uint8Array | undefined
  return {
    sizeBytes: inner.sizeBytes,
    read(offsetBytes, lengthBytes) {
      if (!(offsetBytes >= 0 && offsetBytes + lengthBytes <= HEAD_BYTES)) return inner.read(offsetBytes, lengthBytes)
      head ??= inner.read(0, HEAD_BYTES)
      return head.slice(offsetBytes, offsetBytes + lengthBytes)
    },
  }
}

/** The part of a reader that a range covers, cut where the reader ends. */
export function partReader(reader: ByteReader, {offsetBytes, lengthBytes}: Range): ByteReader {
  const startBytes = Math.min(Math.max(0, offsetBytes), reader.sizeBytes)
  const sizeBytes = Math.max(0, Math.min(lengthBytes, reader.sizeBytes - startBytes))
  return bounded({sizeBytes, read: (from, length) => reader.read(startBytes + from, length)})
}
