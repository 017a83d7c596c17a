import {STEP_READ, type RequestKind} from './kind.js'

export const IN: RequestKind = {
  name: 'IN',
  type: 0,
  operands: 'data',
  writes: false,
  flushes: false,
  step: STEP_READ,
  unmapStep: undefined,
  source: 'virtio 1.3, 5.2.6 VIRTIO_BLK_T_IN',
}
