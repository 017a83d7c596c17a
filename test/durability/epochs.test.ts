import {expect, it} from 'vitest'
import {Epochs} from '../../src/durability/epochs.js'

const plain = {drains: false, tags: false}
const barrier = {drains: true, tags: false}
const tag = {drains: false, tags: true}

it('a barrier is behind all writes before it and ahead of all behind it', () => {
  const epochs = new Epochs(true)
  epochs.started(plain, 0)
  epochs.started(plain, 1)
  epochs.started(barrier, 2)
  epochs.started(plain, 3)
  epochs.started(tag, 4)
  const [one, other, own, behind, tagged] = [0, 1, 2, 3, 4].map((write) => epochs.of(write)) as [
    number,
    number,
    number,
    number,
    number,
  ]
  expect(one).toBe(other)
  expect([one < own, own < behind, behind < tagged]).toEqual([true, true, true])
})

it('a barrier without data keeps apart what is around it', () => {
  const epochs = new Epochs(true)
  epochs.started(plain, 0)
  epochs.started(barrier, -1)
  epochs.started(plain, 1)
  expect(epochs.of(0)).toBeLessThan(epochs.of(1))
})

it('without a medium that keeps them all writes are of one epoch', () => {
  const epochs = new Epochs(false)
  epochs.started(plain, 0)
  epochs.started(barrier, 1)
  epochs.started(plain, 2)
  expect([0, 1, 2].map((write) => epochs.of(write))).toEqual([0, 0, 0])
})
