import fc from 'fast-check'
import {expect, it} from 'vitest'
import {MinHeap} from '../../src/durability/heap.js'
import {SEED} from './history.js'

it('gives items back by ascending key', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (keys) => {
      const heap = new MinHeap()
      keys.forEach((key, item) => heap.push(key, item))
      const popped: number[] = []
      for (let top = heap.top; top !== undefined; top = heap.top) {
        expect(heap.topKey).toBe(keys[top])
        popped.push(keys[top] ?? 0)
        heap.pop()
      }
      expect(popped).toEqual(keys.toSorted((a, b) => a - b))
    }),
    {seed: SEED},
  )
})

it('has no top when empty, and may be popped then', () => {
  const heap = new MinHeap()
  heap.pop()
  expect([heap.top, heap.topKey]).toEqual([undefined, undefined])
})
