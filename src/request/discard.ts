import {STEP_PUNCH, type RequestKind} from './kind.js'

export const DISCARD: RequestKind = {
  name: 'DISCARD',
  type: 11,
  operands: 'segment',
  writes: true,
  flushes: false,
  step: STEP_PUNCH,
  unmapStep: undefined, // a driver must not set unmap here: UNSUPP
  source: 'virtio 1.3, 5.2.6 VIRTIO_BLK_T_DISCARD',
}
