import {crc32c, invariant} from '../base/index.js'
import {digestOf} from './checksum.js'
import {ContentIndex} from './content-index.js'
import type {TraceEvent} from './event.js'
import {encodeEvent, eventMaxBytes} from './event-code.js'
import {FieldWriter} from './fields.js'
import {
  CHECKSUM_BYTES,
  HEAD_BYTES,
  MAGIC,
  RECORD_BEFORE,
  RECORD_CONTENT,
  RECORD_END,
  RECORD_EVENT,
  RECORD_HEADER,
  recordHead,
  u32Bytes,
  VERSION,
} from './frame.js'
import type {TraceHeader} from './traced.js'

/** Small records are handed on together. */
const BUFFER_BYTES = 2 ** 16
/** Before-images are stored in pieces, so that equal stretches of an image (zeroes, above all) are stored once. */
const BEFORE_PIECE_BYTES = 2 ** 16

/**
 * Writes a trace as it happens, in the binary format of frame.ts. Content that comes again is stored once. Memory does not grow
 * with the events, and by 24 to 48 bytes with each different content.
 *
 * The sink is given the bytes of the file in order; it must be done with them, or have copied them, when it returns. A trace is
 * whole only after close(): without it, readers say that it was cut off.
 */
export class TraceRecorder {
  readonly #sink: (bytes: Uint8Array) => void
  readonly #index = new ContentIndex()
  readonly #buffer = new Uint8Array(BUFFER_BYTES)
  readonly #view = new DataView(this.#buffer.buffer)
  /** Writes fields where records are put together. */
  readonly #fields = new FieldWriter(this.#buffer)
  #buffered = 0
  /** Bytes put out so far: the offset of the next record. */
  #offset = 0
  #contents = 0
  #befores = 0
  #events = 0
  readonly #comesLate: boolean
  #isClosed = false

  constructor(sink: (bytes: Uint8Array) => void, header: TraceHeader) {
    this.#sink = sink
    const preamble = Buffer.concat([MAGIC, u32Bytes(VERSION)])
    this.#put(preamble)
    this.#put(u32Bytes(crc32c(preamble)))
    const {sizeBytes, mode, ordering, source, knownBefore} = header
    this.#comesLate = knownBefore === 'touched'
    const fields = {sizeBytes, mode, ordering, source, knownBefore}
    this.#record(RECORD_HEADER, new TextEncoder().encode(JSON.stringify(fields)))
  }

  /**
   * What a range held before the first event. Comes ahead of all events, or, in a trace that has what requests touched, ahead of the first
   * that may change the range.
   */
  before(offsetBytes: number, bytes: Uint8Array): void {
    const isInTime = this.#events === 0 || this.#comesLate
    invariant(isInTime && !this.#isClosed, 'content from before the trace comes ahead of its events')
    for (let at = 0; at < bytes.length; at += BEFORE_PIECE_BYTES) {
      const piece = bytes.subarray(at, at + BEFORE_PIECE_BYTES)
      const content = this.#content(piece)
      const fields = new FieldWriter()
      fields.number(offsetBytes + at)
      fields.number(content)
      fields.number(piece.length)
      this.#record(RECORD_BEFORE, fields.take())
      this.#befores++
    }
  }

  /** The next event. @param data with the submit event of a write that carries data: all of its bytes */
  event(event: TraceEvent, data?: Uint8Array): void {
    invariant(!this.#isClosed, 'the trace is closed')
    invariant(
      data === undefined || (event.kind === 'submit' && data.length === event.lengthBytes),
      'data comes with the submission of a write, as long as the write',
    )
    // Nothing is stored for no bytes at all.
    const content = data === undefined || data.length === 0 ? undefined : this.#content(data)
    this.#events++
    const most = HEAD_BYTES + eventMaxBytes(event) + CHECKSUM_BYTES
    if (most > BUFFER_BYTES) {
      const fields = new FieldWriter()
      encodeEvent(event, content, fields)
      this.#record(RECORD_EVENT, fields.take())
      return
    }
    // There are millions of them: they are put together where they will be written from.
    if (this.#buffered + most > BUFFER_BYTES) this.#flush()
    this.#fields.moveTo(this.#buffered + HEAD_BYTES)
    encodeEvent(event, content, this.#fields)
    this.#seal(RECORD_EVENT, this.#fields.end)
  }

  /** Writes the end record. Nothing may follow. */
  close(): void {
    invariant(!this.#isClosed, 'the trace is closed')
    this.#isClosed = true
    const fields = new FieldWriter()
    for (const total of [this.#contents, this.#befores, this.#events, this.#offset]) fields.number(total)
    this.#record(RECORD_END, fields.take())
    this.#flush()
  }

  /** Where the content is stored; stores it when it is new. */
  #content(bytes: Uint8Array): number {
    const digest = digestOf([bytes])
    const known = this.#index.find(digest)
    if (known !== undefined) return known
    const offset = this.#offset
    const head = Buffer.concat([recordHead(RECORD_CONTENT, digest.length + bytes.length), digest])
    this.#put(head)
    this.#put(bytes)
    this.#put(u32Bytes(crc32c(head)))
    this.#index.add(digest, offset)
    this.#contents++
    return offset
  }

  #record(type: number, payload: Uint8Array): void {
    const length = HEAD_BYTES + payload.length
    if (length + CHECKSUM_BYTES > BUFFER_BYTES) {
      const body = Buffer.concat([recordHead(type, payload.length), payload])
      this.#put(body)
      this.#put(u32Bytes(crc32c(body)))
      return
    }
    if (this.#buffered + length + CHECKSUM_BYTES > BUFFER_BYTES) this.#flush()
    this.#buffer.set(payload, this.#buffered + HEAD_BYTES)
    this.#seal(type, this.#buffered + length)
  }

  /** Makes a record of the payload that lies in the buffer, behind room for its head, up to `end`. */
  #seal(type: number, end: number): void {
    const start = this.#buffered
    this.#view.setUint32(start, type, true)
    this.#view.setUint32(start + 4, end - start - HEAD_BYTES, true)
    this.#view.setUint32(end, crc32c(this.#buffer, start, end), true)
    this.#buffered = end + CHECKSUM_BYTES
    this.#offset += this.#buffered - start
  }

  #put(bytes: Uint8Array): void {
    this.#offset += bytes.length
    if (this.#buffered + bytes.length > BUFFER_BYTES) this.#flush()
    if (bytes.length > BUFFER_BYTES) {
      this.#sink(bytes)
      return
    }
    this.#buffer.set(bytes, this.#buffered)
    this.#buffered += bytes.length
  }

  #flush(): void {
    if (this.#buffered > 0) this.#sink(this.#buffer.subarray(0, this.#buffered))
    this.#buffered = 0
  }
}
