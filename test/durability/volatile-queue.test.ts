import {expect, it} from 'vitest'
import {VolatileQueue} from '../../src/durability/volatile-queue.js'

it('keeps the order of completion while writes leave at the front', () => {
  const queue = new VolatileQueue()
  for (let write = 0; write < 100; write++) queue.push(write)
  for (let write = 0; write < 70; write++) {
    expect(queue.first).toBe(write)
    queue.shift()
  }
  queue.push(100)
  expect([...queue]).toEqual(Array.from({length: 31}, (_, i) => 70 + i))
  expect(queue.size).toBe(31)
})

it('is empty after clear, and stays so when shifted', () => {
  const queue = new VolatileQueue()
  queue.push(1)
  queue.clear()
  queue.shift()
  expect([queue.size, queue.first, [...queue]]).toEqual([0, undefined, []])
})
