import {invariant} from '../base/index.js'

const FIRST_BYTES = 256

/** Puts fields one after the other into a buffer: its own, which grows, or one that somebody gave it, with room for all of them. */
export class FieldWriter {
  #bytes: Uint8Array
  #view: DataView
  #end = 0

  readonly #isOwn: boolean

  constructor(given?: Uint8Array) {
    const bytes = given ?? new Uint8Array(FIRST_BYTES)
    this.#isOwn = given === undefined
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  /** Where the next field goes. */
  get end(): number {
    return this.#end
  }

  /** Goes on from here. */
  moveTo(offset: number): void {
    this.#end = offset
  }

  u8(value: number): void {
    this.#room(1)
    this.#bytes[this.#end] = value
    this.#end += 1
  }

  flag(value: boolean): void {
    this.u8(value ? 1 : 0)
  }

  number(value: number): void {
    this.#room(8)
    this.#view.setFloat64(this.#end, value, true)
    this.#end += 8
  }

  text(value: string): void {
    const bytes = new TextEncoder().encode(value)
    this.number(bytes.length)
    this.bytes(bytes)
  }

  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#end)
    this.#end += bytes.length
  }

  /** What was put in since the last time. */
  take(): Uint8Array {
    const bytes = this.#bytes.slice(0, this.#end)
    this.#end = 0
    return bytes
  }

  #room(bytes: number): void {
    if (this.#end + bytes <= this.#bytes.length) return
    invariant(this.#isOwn, `${bytes} more bytes of fields do not fit into the buffer that was given`)
    const wider = new Uint8Array(Math.max(this.#bytes.length * 2, this.#end + bytes))
    wider.set(this.#bytes)
    this.#bytes = wider
    this.#view = new DataView(wider.buffer)
  }
}

/** A field that cannot be what it says. The reader of the record adds the place. */
export class FieldError extends Error {}

/** Takes fields out of a payload in the order they were put in. @throws FieldError for a value that cannot be */
export class FieldReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  u8(what: string): number {
    this.#need(1, what)
    return this.#view.getUint8(this.#at++)
  }

  flag(what: string): boolean {
    const value = this.u8(what)
    if (value > 1) throw new FieldError(`${what} is ${value}, neither 0 nor 1`)
    return value === 1
  }

  /** A number as it is; times may have fractions. */
  number(what: string): number {
    this.#need(8, what)
    const value = this.#view.getFloat64(this.#at, true)
    this.#at += 8
    if (!Number.isFinite(value)) throw new FieldError(`${what} is ${value}`)
    return value
  }

  /** A whole number, 0 to 2^53-1. */
  count(what: string): number {
    const value = this.number(what)
    if (!Number.isSafeInteger(value) || value < 0) throw new FieldError(`${what} is ${value}, no count`)
    return value
  }

  text(what: string): string {
    const length = this.count(what)
    this.#need(length, what)
    const bytes = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    try {
      return new TextDecoder('utf-8', {fatal: true}).decode(bytes)
    } catch {
      throw new FieldError(`${what} is not UTF-8`)
    }
  }

  /** Nothing may be left. */
  end(): void {
    if (this.left > 0) throw new FieldError(`${this.left} bytes are left over`)
  }

  #need(bytes: number, what: string): void {
    if (this.left < bytes) throw new FieldError(`${what} is missing`)
  }
}
