import type {OrderingMode} from './mode.js'

export const tag: OrderingMode = {
  name: 'tag',
  drains: false,
  tags: true,
  preFlush: false,
  postFlush: 'none',
  summary: 'ordering only, by the device: data as an ordered tag; without data nothing is sent at all',
  source: 'barrier.txt, QUEUE_ORDERED_TAG; seed 001',
}
