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

it('lets go of any of them, and keeps the order of the rest', () => {
  const queue = new VolatileQueue()
  for (const write of [1, 2, 3, 4, 5]) queue.push(write)
  queue.shift()
  queue.remove((write) => write === 2 || write === 4)
  expect([...queue]).toEqual([3, 5])
  expect([queue.first, queue.size]).toEqual([3, 2])
})
