import {crc32c, type ToolError} from '../base/index.js'
import {DIGEST_BYTES, digestOf} from './checksum.js'
import {traceFault} from './fault.js'
import {
  CHECKSUM_BYTES,
  CONTENT_MAX_BYTES,
  HEAD_BYTES,
  PAYLOAD_MAX_BYTES,
  RECORD_CONTENT,
  RECORD_END,
  RECORD_HEADER,
  u32At,
} from './frame.js'
import {Scanner, type ByteSource} from './source.js'

/** One record whose checksum is right. The payload of content is only its digest: the rest is read when it is asked for. */
export interface TraceRecord {
  readonly offsetBytes: number
  readonly type: number
  readonly payload: Uint8Array
  /** Bytes of content behind the digest; 0 for other records. */
  readonly contentBytes: number
}

/** Content is checked in pieces of this size. */
const PIECE_BYTES = 2 ** 20

const CUT_HINT = 'The recording was cut short, is still going on, or the file was not copied whole: record it again.'
export const DAMAGE_HINT = 'The file was damaged after it was written: take another copy, or record it again.'

/** Walks over the records of a trace from an offset on, and checks each of them. */
export class RecordScanner {
  readonly #source: ByteSource
  readonly #scanner: Scanner

  constructor(source: ByteSource, offsetBytes: number) {
    this.#source = source
    this.#scanner = new Scanner(source, offsetBytes)
  }

  get position(): number {
    return this.#scanner.position
  }

  /** Bytes behind the last record taken. */
  get left(): number {
    return this.#scanner.left
  }

  /** The next record. @throws ToolError of kind format when there is no whole and sound one */
  next(): TraceRecord {
    const offsetBytes = this.#scanner.position
    const head = this.#scanner.peek(HEAD_BYTES)
    if (head.length === 0) throw this.#fault(offsetBytes, 'the trace ends without an end record', CUT_HINT)
    if (head.length < HEAD_BYTES) throw this.#fault(offsetBytes, 'the trace ends inside a record', CUT_HINT)
    const type = head[0] ?? 0
    const length = u32At(head, 4)
    if (type < RECORD_HEADER || type > RECORD_END) {
      throw this.#fault(offsetBytes, `there is no record of type ${type}`, DAMAGE_HINT)
    }
    const limit = type === RECORD_CONTENT ? CONTENT_MAX_BYTES + DIGEST_BYTES : PAYLOAD_MAX_BYTES
    if (length > limit || (type === RECORD_CONTENT && length < DIGEST_BYTES)) {
      throw this.#fault(offsetBytes, `a record of type ${type} cannot have ${length} bytes`, DAMAGE_HINT)
    }
    if (HEAD_BYTES + length + CHECKSUM_BYTES > this.#scanner.left) {
      const what = `a record of ${length} bytes reaches beyond the end of the file`
      throw this.#fault(offsetBytes, what, CUT_HINT)
    }
    return type === RECORD_CONTENT ? this.#content(offsetBytes, length) : this.#plain(offsetBytes, type, length)
  }

  #plain(offsetBytes: number, type: number, length: number): TraceRecord {
    const guarded = HEAD_BYTES + length
    const record = this.#take(guarded + CHECKSUM_BYTES, offsetBytes)
    if (crc32c(record.subarray(0, guarded)) !== u32At(record, guarded)) throw this.#wrongChecksum(offsetBytes)
    return {offsetBytes, type, payload: record.subarray(HEAD_BYTES, guarded), contentBytes: 0}
  }

  #content(offsetBytes: number, length: number): TraceRecord {
    // A copy: the window moves on while the content is read.
    const guarded = new Uint8Array(this.#take(HEAD_BYTES + DIGEST_BYTES, offsetBytes))
    const digest = guarded.subarray(HEAD_BYTES)
    const found = digestOf(this.#pieces(length - DIGEST_BYTES, offsetBytes))
    const checksum = u32At(this.#take(CHECKSUM_BYTES, offsetBytes), 0)
    if (crc32c(guarded) !== checksum || Buffer.compare(found, digest) !== 0) throw this.#wrongChecksum(offsetBytes)
    return {offsetBytes, type: RECORD_CONTENT, payload: digest, contentBytes: length - DIGEST_BYTES}
  }

  *#pieces(length: number, offsetBytes: number): Generator<Uint8Array> {
    for (let left = length; left > 0; left -= PIECE_BYTES) yield this.#take(Math.min(left, PIECE_BYTES), offsetBytes)
  }

  #take(length: number, offsetBytes: number): Uint8Array {
    const bytes = this.#scanner.take(length)
    if (bytes.length < length) throw this.#fault(offsetBytes, 'the trace ends inside a record', CUT_HINT)
    return bytes
  }

  #wrongChecksum(offsetBytes: number): ToolError {
    return this.#fault(offsetBytes, 'the record has a wrong checksum', DAMAGE_HINT)
  }

  #fault(offsetBytes: number, what: string, hint: string): ToolError {
    return traceFault({name: this.#source.name, offsetBytes}, what, hint)
  }
}
