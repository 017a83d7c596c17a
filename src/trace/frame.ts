/**
 * The binary format, version 2. All numbers are little-endian; an offset, a length, an id or a time is a float64 (a double holds
 * every whole number up to 2^53).
 *
 *     file    = magic (8 bytes), version (u32), CRC-32C of these 12 (u32), records
 *     record  = type (u8), three zero bytes, payload length (u32), payload, checksum (u32)
 *
 *     header  1   JSON, once, first: sizeBytes, mode, ordering, source, knownBefore
 *     content 2   digest (16 bytes: the first half of SHA-256), the bytes; before the first record that needs them
 *     before  3   offset in the image, offset of the content record, length; see below for where it stands
 *     event   4   see event-code.ts; a write with data names the offset of its content record
 *     end     5   numbers of content, before and event records, and the offset of this one; last
 *
 * A before record stands ahead of the event that may first change what it holds: where knownBefore is "touched", anywhere there, so that
 * a range can be read when it is first touched; else ahead of all events.
 *
 * Version 1 had no knownBefore, and all before records ahead of all events. It is read; a reader of version 1 refuses version 2, for it
 * would take for zeroes what nobody knows.
 *
 * The checksum is the CRC-32C of head and payload; of a content record, of head and digest: the digest guards the bytes. A file that
 * does not close with an end record was cut off.
 */
export const MAGIC = Uint8Array.of(0x89, 0x46, 0x50, 0x54, 0x0d, 0x0a, 0x1a, 0x0a) // "\x89FPT\r\n\x1a\n": text transfers break it
export const VERSION = 2
/** The oldest that is read. */
export const VERSION_MIN = 1
/** Magic, version and their checksum. */
export const PREAMBLE_BYTES = 16

export const RECORD_HEADER = 1
export const RECORD_CONTENT = 2
export const RECORD_BEFORE = 3
export const RECORD_EVENT = 4
export const RECORD_END = 5

export const HEAD_BYTES = 8
export const CHECKSUM_BYTES = 4

/** No content is longer: that much data one request may carry. */
export const CONTENT_MAX_BYTES = 2 ** 30
/** No other payload is longer. */
export const PAYLOAD_MAX_BYTES = 2 ** 24

/** The head of a record. */
export function recordHead(type: number, payloadBytes: number): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES)
  const view = new DataView(head.buffer)
  view.setUint8(0, type)
  view.setUint32(4, payloadBytes, true)
  return head
}

/** Four bytes of a checksum or a version. */
export function u32Bytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, true)
  return bytes
}

/** The number that u32Bytes wrote, at an offset. */
export function u32At(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset, true)
}
