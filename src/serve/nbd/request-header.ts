import {NBD_EXTENDED_REQUEST_MAGIC, NBD_REQUEST_MAGIC} from './protocol.js'

const TWO_32 = 2 ** 32
export const REQUEST_BYTES = 28
export const EXTENDED_REQUEST_BYTES = 32

/** A request's header. One object is filled again and again: there are hundreds of thousands a second. */
export interface RequestHeader {
  flags: number
  type: number
  cookieHigh: number
  cookieLow: number
  /** Beyond 2^53 it is not exact, and beyond every export. */
  offset: number
  /** As it was sent, for the reply. */
  offsetHigh: number
  offsetLow: number
  /** Of the payload, or of what the request is about. As the offset. */
  length: number
}

export function newRequestHeader(): RequestHeader {
  return {flags: 0, type: 0, cookieHigh: 0, cookieLow: 0, offset: 0, offsetHigh: 0, offsetLow: 0, length: 0}
}

export function copyRequestHeader(from: RequestHeader, to: RequestHeader): void {
  to.flags = from.flags
  to.type = from.type
  to.cookieHigh = from.cookieHigh
  to.cookieLow = from.cookieLow
  to.offset = from.offset
  to.offsetHigh = from.offsetHigh
  to.offsetLow = from.offsetLow
  to.length = from.length
}

/**
 * Reads the header that begins at `at` and is there as a whole, compact or extended.
 *
 * @returns false when it does not begin as a request does: the stream has lost its step
 */
export function readRequestHeader(view: DataView, at: number, isExtended: boolean, header: RequestHeader): boolean {
  if (view.getUint32(at) !== (isExtended ? NBD_EXTENDED_REQUEST_MAGIC : NBD_REQUEST_MAGIC)) return false
  header.flags = view.getUint16(at + 4)
  header.type = view.getUint16(at + 6)
  header.cookieHigh = view.getUint32(at + 8)
  header.cookieLow = view.getUint32(at + 12)
  header.offsetHigh = view.getUint32(at + 16)
  header.offsetLow = view.getUint32(at + 20)
  header.offset = header.offsetHigh * TWO_32 + header.offsetLow
  const first = view.getUint32(at + 24)
  header.length = isExtended ? first * TWO_32 + view.getUint32(at + 28) : first
  return true
}
