import {Prng} from '../base/index.js'
import {FieldError} from './fields.js'

/** Data as text in a line of a trace. */
export const DATA_RULE =
  '"zeroes", "0xNN" (that byte), "hex:...", "text:..." (both repeated when shorter), "seed:N" (reproducible) or "base64:..." (exact)'

/** The bytes that a text stands for in a range of this length. @throws FieldError when it stands for none */
export function dataOf(text: string, lengthBytes: number): Uint8Array {
  const colon = text.indexOf(':')
  const rest = text.slice(colon + 1)
  if (text === 'zeroes') return new Uint8Array(lengthBytes)
  if (/^0x[0-9a-f]{1,2}$/i.test(text)) return new Uint8Array(lengthBytes).fill(Number(text))
  switch (text.slice(0, colon + 1)) {
    case 'hex:':
      if (!/^([0-9a-f]{2})+$/i.test(rest)) throw new FieldError('hex: takes two digits for each byte')
      return repeated(Buffer.from(rest, 'hex'), lengthBytes)
    case 'text:':
      if (rest === '') throw new FieldError('text: is empty: there is nothing to repeat')
      return repeated(new TextEncoder().encode(rest), lengthBytes)
    case 'seed:': {
      if (!/^\d+$/.test(rest) || !Number.isSafeInteger(Number(rest))) throw new FieldError(`seed:${rest} is no number`)
      const bytes = new Uint8Array(lengthBytes)
      new Prng(Number(rest)).fill(bytes)
      return bytes
    }
    case 'base64:':
      return exact(rest, lengthBytes)
    default:
      throw new FieldError(`${JSON.stringify(text.slice(0, 40))} is no data`)
  }
}

function repeated(pattern: Uint8Array, lengthBytes: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes)
  Buffer.from(bytes.buffer).fill(pattern)
  return bytes
}

function exact(base64: string, lengthBytes: number): Uint8Array {
  const bytes = Buffer.from(base64, 'base64')
  // Buffer skips what is no base64; what comes back then is not what was given.
  if (bytes.toString('base64') !== base64) throw new FieldError('base64: holds something else than base64')
  if (bytes.length !== lengthBytes) {
    throw new FieldError(`base64: holds ${bytes.length} bytes for a range of ${lengthBytes}`)
  }
  return Uint8Array.from(bytes)
}

/** A text that stands for these bytes. */
export function dataText(bytes: Uint8Array): string {
  const [first] = bytes
  if (first === undefined || bytes.every((byte) => byte === first)) {
    return first === undefined || first === 0 ? 'zeroes' : `0x${first.toString(16).padStart(2, '0')}`
  }
  return `base64:${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')}`
}
