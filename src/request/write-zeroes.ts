import {STEP_PUNCH, STEP_ZERO, type RequestKind} from './kind.js'

export const WRITE_ZEROES: RequestKind = {
  name: 'WRITE_ZEROES',
  type: 13,
  operands: 'segment',
  writes: true,
  flushes: false,
  step: STEP_ZERO,
  unmapStep: STEP_PUNCH,
  source: 'virtio 1.3, 5.2.6 VIRTIO_BLK_T_WRITE_ZEROES',
}
