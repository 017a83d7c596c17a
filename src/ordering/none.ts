import type {OrderingMode} from './mode.js'

export const none: OrderingMode = {
  name: 'none',
  drains: false,
  tags: false,
  preFlush: false,
  postFlush: 'none',
  summary: 'there are no barriers: a request that is one is refused (EOPNOTSUPP)',
  source: 'barrier.txt, QUEUE_ORDERED_NONE',
}
