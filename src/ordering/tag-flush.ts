import type {OrderingMode} from './mode.js'

export const tagFlush: OrderingMode = {
  name: 'tag-flush',
  drains: false,
  tags: true,
  preFlush: true,
  postFlush: 'flush',
  summary: 'flushing, by the device: sync, data, sync as ordered tags; the queue is never idle',
  source: 'barrier.txt, QUEUE_ORDERED_TAG_FLUSH',
}
