import type {OrderingMode} from './mode.js'

export const drainFlush: OrderingMode = {
  name: 'drain-flush',
  drains: true,
  tags: false,
  preFlush: true,
  postFlush: 'flush',
  summary: 'flushing: drain, sync, data, sync; earlier writes stable before the data, the data at completion',
  source: 'barrier.txt, QUEUE_ORDERED_DRAIN_FLUSH; seed 003',
}
