import {SECTOR_BYTES} from '../base/index.js'
import {ID_BYTES, idBytes} from './get-id.js'
import type {RequestKind} from './kind.js'
import {STATUS_IOERR, STATUS_UNSUPP} from './status.js'
import {kindOfType, TYPE_BARRIER_BIT} from './table.js'
import {validate, type DeviceFacts} from './validate.js'

/** u32 type, u32 reserved (legacy: ioprio), u64 sector. */
export const HEADER_BYTES = 16
/** le64 sector, le32 number of sectors, le32 flags. */
export const SEGMENT_BYTES = 16
/** The device takes one segment a request; its configuration says so (max_discard_seg, max_write_zeroes_seg). */
const SEGMENTS_MAX = 1

/** `modern`: little-endian, whoever the guest is. The legacy interface uses the byte order of the guest. */
export type WireEndian = 'modern' | 'legacy-be' | 'legacy-le'

/** One descriptor chain, its device-readable buffers joined, and the total of its device-writable ones. */
export interface WireBuffers {
  readonly readable: Uint8Array
  readonly writableBytes: number
  readonly endian: WireEndian
}

/** The chain is no request: no status can or may be written, the queue is at fault. */
export interface ProtocolError {
  readonly protocolError: string
}

/** A request as the guest sent it. Not yet judged: see validateWire. */
export interface WireRequest {
  readonly protocolError?: undefined
  /** BARRIER bit masked off. */
  readonly type: number
  /** Undefined for a type this device does not know. */
  readonly kind: RequestKind | undefined
  /** The BARRIER bit was set. A device that does not offer BARRIER ignores it, and should warn. */
  readonly barrier: boolean
  /** The header's, in 512-byte units. */
  readonly sector: bigint
  /** Start of the header's range, or of the first segment's. Exact up to 2^53, rounded beyond: outside every image. */
  readonly offsetBytes: number
  /** Bytes to move or to change; for GET_ID the room for the answer; 0 for kinds without operands and unknown types. */
  readonly lengthBytes: number
  /** All 32 bits of the first segment's flags; 0 where there is none. */
  readonly segmentFlags: number
  /** Everything readable behind the header. A view, not a copy. */
  readonly data: Uint8Array
  /** 0 for kinds without segments, and for a malformed payload. Only the first segment is read. */
  readonly segmentCount: number
  /** The payload is not a whole number of segments, or none: IOERR before anything else is looked at. */
  readonly malformed: boolean
  /** A FLUSH that names a sector or carries data. It is executed and these are ignored; the driver deserves a warning. */
  readonly surplus: boolean
}

/**
 * Reads a virtio-blk request from the buffers of a guest. Promises: nothing in the chain makes it throw, whatever the guest
 * sent; only too little of it (no whole header, no room for the status byte) is a protocol error.
 *
 * Source: virtio 1.3, 5.2.6 and 5.2.6.4 (legacy byte order; segments stay little-endian, as drivers write them).
 */
export function decodeRequest({readable, writableBytes, endian}: WireBuffers): WireRequest | ProtocolError {
  if (readable.length === 0) return {protocolError: 'the request has no device-readable byte'}
  if (readable.length < HEADER_BYTES) {
    return {protocolError: `the request header is ${readable.length} bytes long, not ${HEADER_BYTES}`}
  }
  if (!(writableBytes >= 1)) return {protocolError: 'the request has no device-writable byte for its status'}
  const header = new DataView(readable.buffer, readable.byteOffset, HEADER_BYTES)
  const little = endian !== 'legacy-be'
  const number = header.getUint32(0, little)
  const type = number % TYPE_BARRIER_BIT
  const kind = kindOfType(type)
  const sector = header.getBigUint64(8, little)
  const data = readable.subarray(HEADER_BYTES)
  const takesSegments = kind?.operands === 'segment'
  const malformed = takesSegments && (data.length === 0 || data.length % SEGMENT_BYTES !== 0)
  const segment = takesSegments && !malformed ? readSegment(data) : undefined
  return {
    type,
    kind,
    barrier: number >= TYPE_BARRIER_BIT,
    sector,
    offsetBytes: offsetOf(segment?.sector ?? sector),
    lengthBytes: segment?.lengthBytes ?? lengthOf(kind, data.length, writableBytes - 1),
    segmentFlags: segment?.flags ?? 0,
    data,
    segmentCount: segment ? data.length / SEGMENT_BYTES : 0,
    malformed,
    surplus: kind?.flushes === true && (sector !== 0n || data.length > 0),
  }
}

/**
 * The status of a decoded request before any I/O, in the fixed order: framing, read-only, type support, flags, range.
 *
 * @returns STATUS_OK to go on, STATUS_IOERR or STATUS_UNSUPP to answer at once
 */
export function validateWire(device: DeviceFacts, request: WireRequest): number {
  const {kind} = request
  if (request.malformed) return STATUS_IOERR
  if (kind?.writes && device.readOnly) return STATUS_IOERR
  if (request.segmentCount > SEGMENTS_MAX) return STATUS_UNSUPP
  return validate(device, request.type, request.offsetBytes, request.lengthBytes, request.segmentFlags)
}

/** What GET_ID writes into a buffer of `roomBytes`: the 20 bytes of the id, or as many of them as fit. */
export function idAnswer(id: string, roomBytes: number): Uint8Array {
  return idBytes(id).subarray(0, Math.min(ID_BYTES, roomBytes))
}

function readSegment(payload: Uint8Array): {sector: bigint; lengthBytes: number; flags: number} {
  const view = new DataView(payload.buffer, payload.byteOffset, SEGMENT_BYTES)
  return {
    sector: view.getBigUint64(0, true),
    lengthBytes: view.getUint32(8, true) * SECTOR_BYTES,
    flags: view.getUint32(12, true),
  }
}

function offsetOf(sector: bigint): number {
  return Number(sector * BigInt(SECTOR_BYTES))
}

function lengthOf(kind: RequestKind | undefined, readableBytes: number, writableBytes: number): number {
  switch (kind?.operands) {
    case 'data':
      return kind.writes ? readableBytes : writableBytes
    case 'id':
      return writableBytes
    case 'segment':
    case 'cdb':
    case 'range':
    case 'switch':
    case 'none':
    case undefined:
      return 0
  }
}
