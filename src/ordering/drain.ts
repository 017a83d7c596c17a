import type {OrderingMode} from './mode.js'

export const drain: OrderingMode = {
  name: 'drain',
  drains: true,
  tags: false,
  preFlush: false,
  postFlush: 'none',
  summary: 'ordering only: drain, data, hold until done; nothing becomes stable',
  source: 'barrier.txt, QUEUE_ORDERED_DRAIN; virtio legacy BARRIER bit',
}
