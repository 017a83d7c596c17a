import {cacheModeOf} from '../../src/cache-mode/index.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {
  decodeRequest,
  FLAG_BARRIER_BIT,
  FLAG_UNMAP,
  lower,
  SEGMENT_UNMAP,
  STATUS_OK,
  statusName,
  STEP_PUNCH,
  STEP_READ,
  STEP_WRITE,
  STEP_ZERO,
  validateWire,
  type DeviceFacts,
  type WireEndian,
  type WireRequest,
} from '../../src/request/index.js'

export const PLAIN: DeviceFacts = {capacitySectors: 0x8000, readOnly: false, logicalBlockBytes: 512}
export const READ_ONLY: DeviceFacts = {...PLAIN, readOnly: true}

/** Bytes from hex (blanks allowed), with payload behind them. */
export function chain(hex: string, payload: Uint8Array = new Uint8Array()): Uint8Array {
  return Uint8Array.from([...Buffer.from(hex.replaceAll(' ', ''), 'hex'), ...payload])
}

export function header(type: number, sector = 0n): Uint8Array {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt32LE(type, 0)
  bytes.writeBigUInt64LE(sector, 8)
  return Uint8Array.from(bytes)
}

export function segment(sector: bigint, sectors: number, flags = 0): Uint8Array {
  const bytes = Buffer.alloc(16)
  bytes.writeBigUInt64LE(sector, 0)
  bytes.writeUInt32LE(sectors, 8)
  bytes.writeUInt32LE(flags, 12)
  return Uint8Array.from(bytes)
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts))
}

export function decode(readable: Uint8Array, writableBytes = 1, endian: WireEndian = 'modern'): WireRequest {
  const request = decodeRequest({readable, writableBytes, endian})
  if (request.protocolError !== undefined) throw new Error(request.protocolError)
  return request
}

export function status(readable: Uint8Array, writableBytes = 1, device = PLAIN, endian: WireEndian = 'modern'): string {
  return statusName(validateWire(device, decode(readable, writableBytes, endian)))
}

/** Runs one request on an image in memory: what a device of any cache mode makes visible. */
export function serve(
  image: Uint8Array,
  device: DeviceFacts,
  request: WireRequest,
): {status: string; answer: Uint8Array} {
  const answer = new Uint8Array(request.kind?.step === STEP_READ ? request.lengthBytes : 0).fill(0xee)
  const verdict = validateWire(device, request)
  if (verdict !== STATUS_OK || !request.kind) return {status: statusName(verdict), answer}
  const flags = (request.barrier ? FLAG_BARRIER_BIT : 0) | (request.segmentFlags & SEGMENT_UNMAP ? FLAG_UNMAP : 0)
  const {step} = lower(request.kind, flags, cacheModeOf('writeback'), orderingModeOf('none'))
  const from = request.offsetBytes
  if (step === STEP_READ) answer.set(image.subarray(from, from + request.lengthBytes))
  if (step === STEP_WRITE) image.set(request.data, from)
  if (step === STEP_ZERO || step === STEP_PUNCH) image.fill(0, from, from + request.lengthBytes)
  return {status: 'OK', answer}
}

export function imageOf(sectors: number): {image: Uint8Array; device: DeviceFacts} {
  return {image: new Uint8Array(sectors * 512).fill(0x55), device: {...PLAIN, capacitySectors: sectors}}
}

/** The stretch of bytes that differ, as [first, end); undefined where none does. */
export function changed(before: Uint8Array, after: Uint8Array): readonly [number, number] | undefined {
  const differing = [...after.keys()].filter((i) => before[i] !== after[i])
  const first = differing[0]
  return first === undefined ? undefined : [first, (differing.at(-1) ?? first) + 1]
}
