import {expect, it} from 'vitest'
import {IdleSpin} from '../../src/serve/idle-spin.js'

function after(spin: IdleSpin, waitsMs: readonly number[]): number {
  for (const ms of waitsMs) spin.waited(ms)
  return spin.ms
}

const times = (count: number, ms: number): number[] => Array.from({length: count}, () => ms)

it('a client that answers at once is asked for longer and longer, up to a tenth of a millisecond', () => {
  expect(after(new IdleSpin(2), [])).toBe(0)
  expect(after(new IdleSpin(2), [0.05])).toBe(0.01)
  expect(after(new IdleSpin(2), times(20, 0.099))).toBe(0.1)
})

it('a wait that ended while it asked changes nothing', () => {
  const spin = new IdleSpin(2)
  const learnt = after(spin, times(3, 0.05))
  expect(after(spin, times(100, learnt / 2))).toBe(learnt)
})

it('a client that thinks is soon waited for asleep', () => {
  const spin = new IdleSpin(2)
  after(spin, times(20, 0.09))
  expect(after(spin, times(10, 1))).toBe(0)
})

it('with one processor nobody is kept from it by asking', () => {
  expect(after(new IdleSpin(1), times(20, 0.05))).toBe(0)
})
