import {STEP_NONE, type RequestKind} from './kind.js'

/** Bytes of the device id: ASCII, padded with NUL; 20 characters leave no terminator. */
export const ID_BYTES = 20

export const GET_ID: RequestKind = {
  name: 'GET_ID',
  type: 8,
  operands: 'id',
  writes: false,
  flushes: false,
  step: STEP_NONE,
  unmapStep: undefined,
  source: 'virtio 1.3, 5.2.6 VIRTIO_BLK_T_GET_ID',
}

/** The 20 bytes GET_ID answers. Longer ids are cut. */
export function idBytes(id: string): Uint8Array {
  const bytes = new Uint8Array(ID_BYTES)
  bytes.set(Buffer.from(id, 'latin1').subarray(0, ID_BYTES))
  return bytes
}
