import {STEP_NONE, type RequestKind} from './kind.js'

export const FLUSH: RequestKind = {
  name: 'FLUSH',
  type: 4,
  operands: 'none',
  writes: false,
  flushes: true,
  step: STEP_NONE,
  unmapStep: undefined,
  source: 'virtio 1.3, 5.2.6 VIRTIO_BLK_T_FLUSH',
}

/** The legacy synonym: the device treats it exactly as FLUSH. */
export const FLUSH_OUT: RequestKind = {
  ...FLUSH,
  name: 'FLUSH_OUT',
  type: 5,
  source: 'virtio 1.3, 5.2.6.5 legacy VIRTIO_BLK_T_FLUSH_OUT',
}
