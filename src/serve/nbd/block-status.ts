import type {Call} from './call.js'
import {BASE_ALLOCATION_ID} from './handshake.js'
import {NBD_CMD_FLAG_PAYLOAD_LEN, NBD_CMD_FLAG_REQ_ONE} from './protocol.js'
import {blockStatusReply, type ReplyStyle, type StatusExtent} from './reply.js'

/** NBD_STATE_HOLE | NBD_STATE_ZERO of base:allocation. */
const HOLE = 3
const DATA = 0
/** Extents in one answer; a client asks again where it ends. */
const EXTENTS_MAX = 128
const LENGTH_MAX_BYTES = 2 ** 32 - 2 ** 16

/** Where an image holds data now, for BLOCK_STATUS: a hint, not a promise. */
export interface StatusSource {
  /** @returns at least one extent, the first at the offset, none beyond the length */
  extents(offsetBytes: number, lengthBytes: number, one: boolean): StatusExtent[]
}

/** Asks for the next data or hole at or behind an offset: lseek(2) with SEEK_DATA or SEEK_HOLE, or a negative errno. */
export type SeekCall = (offsetBytes: number, to: 'data' | 'hole') => number

/** Everything is data where nobody can tell. ENXIO (no data up to the end of the file) is a hole. */
export function statusBySeeking(seek: SeekCall | undefined, enxio: number): StatusSource {
  return {
    extents(offsetBytes, lengthBytes, one) {
      const found: StatusExtent[] = []
      const endBytes = offsetBytes + Math.min(lengthBytes, LENGTH_MAX_BYTES)
      let at = offsetBytes
      while (at < endBytes && found.length < (one ? 1 : EXTENTS_MAX)) {
        const {flags, untilBytes} = stateAt(seek, enxio, at, endBytes)
        found.push({lengthBytes: untilBytes - at, flags})
        at = untilBytes
      }
      return found
    },
  }
}

function stateAt(
  seek: SeekCall | undefined,
  enxio: number,
  at: number,
  endBytes: number,
): {readonly flags: number; readonly untilBytes: number} {
  const data = seek?.(at, 'data') ?? at
  if (data === -enxio) return {flags: HOLE, untilBytes: endBytes}
  if (data > at) return {flags: HOLE, untilBytes: Math.min(data, endBytes)}
  const hole = data < 0 || !seek ? endBytes : seek(at, 'hole')
  return {flags: DATA, untilBytes: hole > at ? Math.min(hole, endBytes) : endBytes}
}

/**
 * The reply to a BLOCK_STATUS request; undefined where it asks for what is not there (EINVAL).
 *
 * @param call with the payload in its memory, if it has one: the length asked about, and the ids of contexts
 */
export function statusReply(
  {header, memory, dataAt}: Call,
  style: ReplyStyle,
  sizeBytes: number,
  source: StatusSource,
): Uint8Array | undefined {
  if (style === 'simple') return undefined
  let {length} = header
  if ((header.flags & NBD_CMD_FLAG_PAYLOAD_LEN) !== 0 && memory) {
    const view = new DataView(memory.bytes.buffer, memory.bytes.byteOffset + dataAt, header.length)
    length = Number(view.getBigUint64(0))
    const ids = (header.length - 8) / 4
    if (ids !== 1 || view.getUint32(8) !== BASE_ALLOCATION_ID || length === 0) return undefined
  }
  if (header.offset + length > sizeBytes) return undefined
  const isOne = (header.flags & NBD_CMD_FLAG_REQ_ONE) !== 0
  return blockStatusReply(style, header, BASE_ALLOCATION_ID, source.extents(header.offset, length, isOne))
}
