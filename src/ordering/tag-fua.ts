import type {OrderingMode} from './mode.js'

export const tagFua: OrderingMode = {
  name: 'tag-fua',
  drains: false,
  tags: true,
  preFlush: true,
  postFlush: 'fua',
  summary: 'flushing, by the device: sync, data with FUA as ordered tags',
  source: 'barrier.txt, QUEUE_ORDERED_TAG_FUA',
}
