import type {OrderingMode} from './mode.js'

export const none: OrderingMode = {
  name: 'none',
  drains: false,
  preFlush: false,
  postFlush: 'none',
  summary: 'the BARRIER feature is not offered: the flag is stripped, nothing is ordered',
  source: 'virtio legacy interface; QEMU strips the bit',
}
