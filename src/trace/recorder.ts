import {crc32c, invariant} from '../base/index.js'
import {digestOf} from './checksum.js'
import {ContentIndex} from './content-index.js'
import type {TraceEvent} from './event.js'
import {encodeEvent, eventMaxBytes} from './event-code.js'
import {FieldWriter} from './fields.js'
import {
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
import {RecordWriter} from './record-writer.js'
import type {TraceHeader} from './traced.js'

/** Before-images are stored in pieces, so that equal stretches of an image (zeroes, above all) are stored once. */
const BEFORE_PIECE_BYTES = 2 ** 16

/** Where the records of events wait. */
export interface EventStore {
  readonly write: (bytes: Uint8Array) => void
  /** All that was written, in order. */
  readonly chunks: () => Iterable<Uint8Array>
}

/**
 * Writes a trace as it happens, in the binary format of frame.ts. Content that comes again is stored once. Memory does not grow
 * with the events, and by 24 to 48 bytes with each different content.
 *
 * The sink is given the bytes of the file in order; it must be done with them, or have copied them, when it returns. A trace is
 * whole only after close(): without it, readers say that it was cut off.
 */
export class TraceRecorder {
  readonly #file: RecordWriter
  readonly #store: EventStore | undefined
  /** Takes the records of events: the file, or what waits for the end. */
  readonly #eventRecords: RecordWriter
  readonly #index = new ContentIndex()
  #contents = 0
  #befores = 0
  #events = 0
  #isClosed = false

  /**
   * @param store where the records of events wait until close(), without their data. In the file they stand behind all content from
   *   before; with a place to wait in, such content may come at any time.
   */
  constructor(sink: (bytes: Uint8Array) => void, header: TraceHeader, store?: EventStore) {
    this.#file = new RecordWriter(sink)
    this.#store = store
    this.#eventRecords = store ? new RecordWriter(store.write) : this.#file
    const preamble = Buffer.concat([MAGIC, u32Bytes(VERSION)])
    this.#file.put(preamble)
    this.#file.put(u32Bytes(crc32c(preamble)))
    const {sizeBytes, mode, ordering, source} = header
    this.#file.record(RECORD_HEADER, new TextEncoder().encode(JSON.stringify({sizeBytes, mode, ordering, source})))
  }

  /** What a range holds before the first event. Without a store all of these come before the first event. */
  before(offsetBytes: number, bytes: Uint8Array): void {
    const isInTime = this.#events === 0 || this.#store !== undefined
    invariant(isInTime && !this.#isClosed, 'content from before the trace comes ahead of its events')
    for (let at = 0; at < bytes.length; at += BEFORE_PIECE_BYTES) {
      const piece = bytes.subarray(at, at + BEFORE_PIECE_BYTES)
      const content = this.#content(piece)
      const fields = new FieldWriter()
      fields.number(offsetBytes + at)
      fields.number(content)
      fields.number(piece.length)
      this.#file.record(RECORD_BEFORE, fields.take())
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
    this.#eventRecords.encoded(RECORD_EVENT, eventMaxBytes(event), (fields) => encodeEvent(event, content, fields))
  }

  /** Writes the events that wait, and the end record. Nothing may follow. */
  close(): void {
    invariant(!this.#isClosed, 'the trace is closed')
    this.#isClosed = true
    if (this.#store) {
      this.#eventRecords.flush()
      for (const chunk of this.#store.chunks()) this.#file.put(chunk)
    }
    const fields = new FieldWriter()
    for (const total of [this.#contents, this.#befores, this.#events, this.#file.offset]) fields.number(total)
    this.#file.record(RECORD_END, fields.take())
    this.#file.flush()
  }

  /** Where the content is stored; stores it when it is new. */
  #content(bytes: Uint8Array): number {
    const digest = digestOf([bytes])
    const known = this.#index.find(digest)
    if (known !== undefined) return known
    const {offset} = this.#file
    const head = Buffer.concat([recordHead(RECORD_CONTENT, digest.length + bytes.length), digest])
    this.#file.put(head)
    this.#file.put(bytes)
    this.#file.put(u32Bytes(crc32c(head)))
    this.#index.add(digest, offset)
    this.#contents++
    return offset
  }
}
