import {IHAVEOPT} from './protocol.js'

const HEAD_BYTES = 16
/** The longest option data that is read; what is longer is skipped and refused. A META_CONTEXT request of all sizes a client needs. */
export const OPTION_MAX_BYTES = 32 * 1024

/** One option of a client. */
export interface Option {
  readonly kind: 'option'
  readonly option: number
  readonly data: Uint8Array
  /** Bytes it took. */
  readonly usedBytes: number
}

/** An option whose data is too long to be read: `skipBytes` of it follow the bytes used. */
interface OversizeOption {
  readonly kind: 'oversize'
  readonly option: number
  readonly usedBytes: number
  readonly skipBytes: number
}

export type OptionReading = Option | OversizeOption | {readonly kind: 'incomplete'} | {readonly kind: 'bad-magic'}

/**
 * Reads the option at the start of `bytes`, as far as they have come. Data are a view, good until the bytes change. Never throws;
 * asks for at most HEAD_BYTES + OPTION_MAX_BYTES before it has an answer.
 */
export function readOption(bytes: Uint8Array): OptionReading {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length >= 4 && view.getUint32(0) !== IHAVEOPT[0]) return {kind: 'bad-magic'}
  if (bytes.length >= 8 && view.getUint32(4) !== IHAVEOPT[1]) return {kind: 'bad-magic'}
  if (bytes.length < HEAD_BYTES) return {kind: 'incomplete'}
  const option = view.getUint32(8)
  const lengthBytes = view.getUint32(12)
  if (lengthBytes > OPTION_MAX_BYTES) {
    return {kind: 'oversize', option, usedBytes: HEAD_BYTES, skipBytes: lengthBytes}
  }
  const usedBytes = HEAD_BYTES + lengthBytes
  if (bytes.length < usedBytes) return {kind: 'incomplete'}
  return {kind: 'option', option, data: bytes.subarray(HEAD_BYTES, usedBytes), usedBytes}
}

/** The data of INFO and GO: which export, and what the client asks about it. */
export interface InfoRequest {
  readonly name: string
  readonly infos: readonly number[]
}

/** @returns undefined where the data is not what INFO or GO have */
export function readInfoRequest(data: Uint8Array): InfoRequest | undefined {
  const cursor = new Cursor(data)
  const name = cursor.text()
  const count = cursor.u16()
  if (name === undefined || count === undefined || cursor.leftBytes !== count * 2) return undefined
  return {name, infos: Array.from({length: count}, () => cursor.u16() ?? 0)}
}

/** The data of LIST_META_CONTEXT and SET_META_CONTEXT. */
export interface MetaContextRequest {
  readonly name: string
  readonly queries: readonly string[]
}

/** @returns undefined where the data is not what these options have */
export function readMetaContextRequest(data: Uint8Array): MetaContextRequest | undefined {
  const cursor = new Cursor(data)
  const name = cursor.text()
  const count = cursor.u32()
  // Each query takes four bytes at least: no count makes us do more than the data is long.
  if (name === undefined || count === undefined || count * 4 > cursor.leftBytes) return undefined
  const queries: string[] = []
  for (let i = 0; i < count; i++) {
    const query = cursor.text()
    if (query === undefined) return undefined
    queries.push(query)
  }
  return cursor.leftBytes === 0 ? {name, queries} : undefined
}

/** Fields one after the other; each is undefined when the bytes end before it does. */
class Cursor {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get leftBytes(): number {
    return this.#bytes.length - this.#at
  }

  u16(): number | undefined {
    if (this.leftBytes < 2) return undefined
    this.#at += 2
    return this.#view.getUint16(this.#at - 2)
  }

  u32(): number | undefined {
    if (this.leftBytes < 4) return undefined
    this.#at += 4
    return this.#view.getUint32(this.#at - 4)
  }

  /** A length in 32 bits, then that many bytes of UTF-8. */
  text(): string | undefined {
    const lengthBytes = this.u32()
    if (lengthBytes === undefined || lengthBytes > this.leftBytes) return undefined
    this.#at += lengthBytes
    return Buffer.from(this.#bytes.subarray(this.#at - lengthBytes, this.#at)).toString('utf8')
  }
}
