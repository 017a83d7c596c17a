import {STEP_WRITE, type RequestKind} from './kind.js'

export const OUT: RequestKind = {
  name: 'OUT',
  type: 1,
  operands: 'data',
  writes: true,
  flushes: false,
  step: STEP_WRITE,
  unmapStep: undefined,
  source: 'virtio 1.3, 5.2.6 VIRTIO_BLK_T_OUT',
}
