import {expect, it} from 'vitest'
import {Bell} from '../../src/serve/bell.js'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Whether a promise has resolved a turn later. */
async function isThere(promise: Promise<void>): Promise<boolean> {
  let there = false
  void promise.then(() => (there = true))
  await turn()
  await turn()
  return there
}

it('wakes who waits, and who comes too late to wait', async () => {
  const bell = new Bell()
  const waiting = bell.rung()
  expect(await isThere(waiting)).toBe(false)
  bell.ring()
  expect(await isThere(waiting)).toBe(true)
  expect(await isThere(bell.rung())).toBe(true)
  bell.clear()
  expect(await isThere(bell.rung())).toBe(false)
})

it('a ring that comes while an earlier wait has been given up still wakes the next one', async () => {
  const bell = new Bell()
  void bell.rung()
  bell.ring()
  bell.clear()
  const next = bell.rung()
  bell.ring()
  expect(bell.hasRung).toBe(true)
  expect(await isThere(next)).toBe(true)
  expect(await isThere(bell.rung())).toBe(true)
})
