import {crc32c} from '../base/index.js'
import {FieldWriter} from './fields.js'
import {CHECKSUM_BYTES, HEAD_BYTES, recordHead, u32Bytes} from './frame.js'

/** Small records are handed on together. */
const BUFFER_BYTES = 2 ** 16

/** Puts the records of frame.ts together, and hands them on in order and in larger pieces. The sink copies what it wants to keep. */
export class RecordWriter {
  readonly #sink: (bytes: Uint8Array) => void
  readonly #buffer = new Uint8Array(BUFFER_BYTES)
  readonly #view = new DataView(this.#buffer.buffer)
  /** Writes fields where records are put together. */
  readonly #fields = new FieldWriter(this.#buffer)
  #buffered = 0
  #offset = 0

  constructor(sink: (bytes: Uint8Array) => void) {
    this.#sink = sink
  }

  /** Bytes put out so far: the offset of the next record. */
  get offset(): number {
    return this.#offset
  }

  /** Writes a record with this payload. */
  record(type: number, payload: Uint8Array): void {
    const length = HEAD_BYTES + payload.length
    if (length + CHECKSUM_BYTES > BUFFER_BYTES) {
      const body = Buffer.concat([recordHead(type, payload.length), payload])
      this.put(body)
      this.put(u32Bytes(crc32c(body)))
      return
    }
    if (this.#buffered + length + CHECKSUM_BYTES > BUFFER_BYTES) this.flush()
    this.#buffer.set(payload, this.#buffered + HEAD_BYTES)
    this.#seal(type, this.#buffered + length)
  }

  /** Writes a record whose payload `encode` writes, of at most so many bytes. */
  encoded(type: number, payloadMaxBytes: number, encode: (fields: FieldWriter) => void): void {
    const most = HEAD_BYTES + payloadMaxBytes + CHECKSUM_BYTES
    if (most > BUFFER_BYTES) {
      const fields = new FieldWriter()
      encode(fields)
      this.record(type, fields.take())
      return
    }
    // There are millions of them: they are put together where they will be written from.
    if (this.#buffered + most > BUFFER_BYTES) this.flush()
    this.#fields.moveTo(this.#buffered + HEAD_BYTES)
    encode(this.#fields)
    this.#seal(type, this.#fields.end)
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

  /** Writes bytes as they are. */
  put(bytes: Uint8Array): void {
    this.#offset += bytes.length
    if (this.#buffered + bytes.length > BUFFER_BYTES) this.flush()
    if (bytes.length > BUFFER_BYTES) {
      this.#sink(bytes)
      return
    }
    this.#buffer.set(bytes, this.#buffered)
    this.#buffered += bytes.length
  }

  /** Hands on what is left. */
  flush(): void {
    if (this.#buffered > 0) this.#sink(this.#buffer.subarray(0, this.#buffered))
    this.#buffered = 0
  }
}
