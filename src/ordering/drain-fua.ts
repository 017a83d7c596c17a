import type {OrderingMode} from './mode.js'

export const drainFua: OrderingMode = {
  name: 'drain-fua',
  drains: true,
  tags: false,
  preFlush: true,
  postFlush: 'fua',
  summary: 'flushing: drain, sync, data with FUA; as drain-flush with one sync less',
  source: 'barrier.txt, QUEUE_ORDERED_DRAIN_FUA',
}
