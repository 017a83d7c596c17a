/**
 * The text of hexdump -C and of xxd, made from tables of bytes into one big buffer: a string per byte, or even per line, would be
 * slower than the disk.
 */

export type HexStyle = 'hexdump' | 'xxd'

export const ROW_BYTES = 16

/** Which of five sorts a byte is of, for its colour: zero, printable, white space, other ASCII, above ASCII. */
export type ByteClass = 0 | 1 | 2 | 3 | 4

export function byteClassOf(byte: number): ByteClass {
  if (byte === 0) return 0
  if (byte > 0x20 && byte < 0x7f) return 1
  if (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)) return 2
  return byte < 0x80 ? 3 : 4
}

const DIGITS = Buffer.from('0123456789abcdef')
const SPACE = 0x20
const COLON = 0x3a
const BAR = 0x7c
const DOT = 0x2e
const NEWLINE = 0x0a

const HIGH = Uint8Array.from({length: 256}, (_, byte) => DIGITS[byte >> 4] ?? 0)
const LOW = Uint8Array.from({length: 256}, (_, byte) => DIGITS[byte & 15] ?? 0)
/** What stands for a byte on the right: itself where it is printable ASCII, else a dot. */
const SHOWN = Uint8Array.from({length: 256}, (_, byte) => (byte >= 0x20 && byte < 0x7f ? byte : DOT))

/** The offset in hex, at least 8 digits. @returns where it ends */
export function putOffset(out: Uint8Array, at: number, offsetBytes: number): number {
  const high = Math.floor(offsetBytes / 2 ** 32)
  let end = at
  if (high > 0) for (const digit of high.toString(16)) out[end++] = digit.charCodeAt(0)
  let low = offsetBytes % 2 ** 32
  for (let digit = 7; digit >= 0; digit--) {
    out[end + digit] = DIGITS[low & 15] as number
    low >>>= 4
  }
  return end + 8
}

/** The longest row without colours: 14 digits of an offset, 16 bytes in hex with their gaps, and the text. */
export const ROW_TEXT_MAX = 96

/** The longest row with colours: each byte may change the colour on both sides. */
export const COLOR_ROW_TEXT_MAX = ROW_TEXT_MAX + 2 * 17 * 6

/** Puts the row of up to 16 bytes behind its offset. @returns where it ends, behind the line break */
export type PutRow = (out: Uint8Array, at: number, bytes: Uint8Array, from: number, to: number) => number

/** A row as hexdump -C prints it. */
export const putHexdumpRow: PutRow = (out, at, bytes, from, to) => {
  let end = at
  out[end++] = SPACE
  for (let i = 0; i < ROW_BYTES; i++) {
    out[end++] = SPACE
    if (i === 8) out[end++] = SPACE
    end = putDigits(out, end, bytes, from + i, to)
  }
  out[end++] = SPACE
  out[end++] = SPACE
  out[end++] = BAR
  for (let i = from; i < to; i++) out[end++] = SHOWN[bytes[i] as number] as number
  out[end++] = BAR
  out[end++] = NEWLINE
  return end
}

/** A row as xxd prints it. */
export const putXxdRow: PutRow = (out, at, bytes, from, to) => {
  let end = at
  out[end++] = COLON
  for (let i = 0; i < ROW_BYTES; i++) {
    if ((i & 1) === 0) out[end++] = SPACE
    end = putDigits(out, end, bytes, from + i, to)
  }
  out[end++] = SPACE
  out[end++] = SPACE
  for (let i = from; i < to; i++) out[end++] = SHOWN[bytes[i] as number] as number
  out[end++] = NEWLINE
  return end
}

/** Two hex digits, or two spaces behind the last byte. */
function putDigits(out: Uint8Array, at: number, bytes: Uint8Array, index: number, to: number): number {
  if (index < to) {
    const byte = bytes[index] as number
    out[at] = HIGH[byte] as number
    out[at + 1] = LOW[byte] as number
  } else {
    out[at] = SPACE
    out[at + 1] = SPACE
  }
  return at + 2
}

/** A colour for each class of bytes: bright black, cyan, green, magenta, yellow; all as long as each other. */
const COLORS = ['90', '36', '32', '35', '33'].map((code) => Buffer.from(`\u001b[${code}m`))
const RESET = Buffer.from('\u001b[39m')
const CLASSES = Uint8Array.from({length: 256}, (_, byte) => byteClassOf(byte))

/** The same row with each byte in the colour of its class, twice. */
export function colored(style: HexStyle): PutRow {
  const hexdump = style === 'hexdump'
  return (out, at, bytes, from, to) => {
    let end = at
    out[end++] = hexdump ? SPACE : COLON
    let now = -1
    const paint = (index: number): void => {
      const next = index < to ? (CLASSES[bytes[index] as number] as number) : -1
      if (next === now) return
      end = putBytes(out, end, COLORS[next] ?? RESET)
      now = next
    }
    for (let i = 0; i < ROW_BYTES; i++) {
      if (hexdump || (i & 1) === 0) out[end++] = SPACE
      if (hexdump && i === 8) out[end++] = SPACE
      paint(from + i)
      end = putDigits(out, end, bytes, from + i, to)
    }
    paint(to)
    out[end++] = SPACE
    out[end++] = SPACE
    if (hexdump) out[end++] = BAR
    for (let i = from; i < to; i++) {
      paint(i)
      out[end++] = SHOWN[bytes[i] as number] as number
    }
    paint(to)
    if (hexdump) out[end++] = BAR
    out[end++] = NEWLINE
    return end
  }
}

/** @returns where the text ends */
export function putBytes(out: Uint8Array, at: number, text: Uint8Array): number {
  out.set(text, at)
  return at + text.length
}
