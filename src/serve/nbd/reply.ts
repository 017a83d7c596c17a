import {
  NBD_EXTENDED_REPLY_MAGIC,
  NBD_REPLY_FLAG_DONE,
  NBD_REPLY_TYPE_BLOCK_STATUS,
  NBD_REPLY_TYPE_BLOCK_STATUS_EXT,
  NBD_REPLY_TYPE_ERROR,
  NBD_REPLY_TYPE_NONE,
  NBD_REPLY_TYPE_OFFSET_DATA,
  NBD_SIMPLE_REPLY_MAGIC,
  NBD_STRUCTURED_REPLY_MAGIC,
} from './protocol.js'

/** How replies look on a connection, by what was negotiated. */
export type ReplyStyle = 'simple' | 'structured' | 'extended'

/** What a reply has to repeat of its request. */
export interface Replied {
  readonly cookieHigh: number
  readonly cookieLow: number
  readonly offsetHigh: number
  readonly offsetLow: number
}

/** Bytes of the head that readHead() writes. */
export function readHeadBytes(style: ReplyStyle): number {
  switch (style) {
    case 'simple':
      return 16
    case 'structured':
      return 28
    case 'extended':
      return 40
  }
}

/** Writes what stands ahead of the data of a READ that went well, all of it in one chunk. Data must not be empty, but for simple. */
export function readHead(view: DataView, at: number, style: ReplyStyle, to: Replied, lengthBytes: number): void {
  if (style === 'simple') {
    bareReply(view, at, style, to, 0)
    return
  }
  const end = chunkHead(view, at, style, to, NBD_REPLY_TYPE_OFFSET_DATA, 8 + lengthBytes)
  view.setUint32(end, to.offsetHigh)
  view.setUint32(end + 4, to.offsetLow)
}

/** Writes a reply without data: done, or an error. @returns its bytes */
export function bareReply(view: DataView, at: number, style: ReplyStyle, to: Replied, error: number): number {
  if (style === 'simple') {
    view.setUint32(at, NBD_SIMPLE_REPLY_MAGIC)
    view.setUint32(at + 4, error)
    view.setUint32(at + 8, to.cookieHigh)
    view.setUint32(at + 12, to.cookieLow)
    return 16
  }
  if (error === 0) return chunkHead(view, at, style, to, NBD_REPLY_TYPE_NONE, 0) - at
  const end = chunkHead(view, at, style, to, NBD_REPLY_TYPE_ERROR, 6)
  view.setUint32(end, error)
  view.setUint16(end + 4, 0)
  return end + 6 - at
}

/** The only chunk of a structured or extended reply. @returns the position behind its head */
function chunkHead(
  view: DataView,
  at: number,
  style: 'structured' | 'extended',
  to: Replied,
  type: number,
  payloadBytes: number,
): number {
  const isExtended = style === 'extended'
  view.setUint32(at, isExtended ? NBD_EXTENDED_REPLY_MAGIC : NBD_STRUCTURED_REPLY_MAGIC)
  view.setUint16(at + 4, NBD_REPLY_FLAG_DONE)
  view.setUint16(at + 6, type)
  view.setUint32(at + 8, to.cookieHigh)
  view.setUint32(at + 12, to.cookieLow)
  if (!isExtended) {
    view.setUint32(at + 16, payloadBytes)
    return at + 20
  }
  view.setUint32(at + 16, to.offsetHigh)
  view.setUint32(at + 20, to.offsetLow)
  view.setUint32(at + 24, 0)
  view.setUint32(at + 28, payloadBytes)
  return at + 32
}

/** A stretch of an export with the flags of a metadata context. */
export interface StatusExtent {
  readonly lengthBytes: number
  readonly flags: number
}

/** The reply to BLOCK_STATUS for one context. There is at least one extent. */
export function blockStatusReply(
  style: 'structured' | 'extended',
  to: Replied,
  contextId: number,
  extents: readonly StatusExtent[],
): Buffer {
  const isExtended = style === 'extended'
  const payloadBytes = isExtended ? 8 + extents.length * 16 : 4 + extents.length * 8
  const bytes = Buffer.alloc((isExtended ? 32 : 20) + payloadBytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const type = isExtended ? NBD_REPLY_TYPE_BLOCK_STATUS_EXT : NBD_REPLY_TYPE_BLOCK_STATUS
  let at = chunkHead(view, 0, style, to, type, payloadBytes)
  view.setUint32(at, contextId)
  at += 4
  if (isExtended) {
    view.setUint32(at, extents.length)
    at += 4
  }
  for (const {lengthBytes, flags} of extents) {
    if (isExtended) view.setBigUint64(at, BigInt(lengthBytes))
    else view.setUint32(at, lengthBytes)
    at += isExtended ? 8 : 4
    if (isExtended) view.setBigUint64(at, BigInt(flags))
    else view.setUint32(at, flags)
    at += isExtended ? 8 : 4
  }
  return bytes
}
