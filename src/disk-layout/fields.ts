/**
 * One structure on disk, read by the offsets of its specification. A field that lies behind the end of what was read is 0 or
 * empty: a parser need not ask for every length, and a truncated image cannot make it fail.
 */
export class Fields {
  readonly bytes: Uint8Array
  readonly #view: DataView

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  #has(at: number, length: number): boolean {
    return at >= 0 && at + length <= this.bytes.length
  }

  u8(at: number): number {
    return this.bytes[at] ?? 0
  }

  u16(at: number, littleEndian = true): number {
    return this.#has(at, 2) ? this.#view.getUint16(at, littleEndian) : 0
  }

  u32(at: number, littleEndian = true): number {
    return this.#has(at, 4) ? this.#view.getUint32(at, littleEndian) : 0
  }

  big64(at: number, littleEndian = true): bigint {
    return this.#has(at, 8) ? this.#view.getBigUint64(at, littleEndian) : 0n
  }

  /** A 64-bit count; what a number cannot hold exactly becomes 2^53-1, which lies outside of every image. */
  u64(at: number, littleEndian = true): number {
    const value = this.big64(at, littleEndian)
    return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value)
  }

  /** Whether these characters, each a byte, stand here. */
  has(at: number, text: string): boolean {
    return this.#has(at, text.length) && this.latin1(at, text.length) === text
  }

  /** Characters of a byte each. */
  latin1(at: number, length: number): string {
    return Buffer.from(this.bytes.subarray(at, at + length)).toString('latin1')
  }

  /** UTF-8 up to the first zero byte, without the spaces behind it; undefined when nothing is left. */
  text(at: number, length: number): string | undefined {
    return trimmed(Buffer.from(this.bytes.subarray(at, at + length)).toString('utf8'))
  }

  /** UTF-16 up to the first zero, without the spaces behind it; undefined when nothing is left. */
  utf16(at: number, lengthBytes: number, littleEndian = true): string | undefined {
    const copy = Buffer.from(this.bytes.subarray(at, at + lengthBytes - (lengthBytes % 2)))
    const even = copy.subarray(0, copy.length - (copy.length % 2))
    return trimmed((littleEndian ? even : even.swap16()).toString('utf16le'))
  }

  hex(at: number, length: number): string {
    return Buffer.from(this.bytes.subarray(at, at + length)).toString('hex')
  }

  /** A UUID whose bytes are in the order of its digits (RFC 9562); undefined when all are zero. */
  uuid(at: number): string | undefined {
    const digits = this.hex(at, 16)
    return digits.length < 32 || /^0+$/.test(digits) ? undefined : dashed(digits)
  }

  /** A GUID as UEFI and Windows store it: its first three parts little-endian (UEFI 2.10, appendix A). Upper case. */
  guid(at: number): string {
    const part = (offset: number, length: number): string =>
      Buffer.from(this.bytes.subarray(at + offset, at + offset + length).toReversed()).toString('hex')
    return dashed(part(0, 4) + part(4, 2) + part(6, 2) + this.hex(at + 8, 8)).toUpperCase()
  }
}

function trimmed(text: string): string | undefined {
  const end = text.indexOf('\0')
  const value = (end < 0 ? text : text.slice(0, end)).trimEnd()
  return value === '' ? undefined : value
}

function dashed(digits: string): string {
  return [8, 12, 16, 20, 32].map((end, i) => digits.slice([0, 8, 12, 16, 20][i], end)).join('-')
}
