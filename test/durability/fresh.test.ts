import {expect, it} from 'vitest'
import {FreshRanges} from '../../src/durability/fresh.js'
import {WRITE_STABLE_OWN, WRITE_VOID, WriteLog} from '../../src/durability/write-log.js'

function logOf(writes: number): WriteLog {
  const log = new WriteLog()
  for (let i = 0; i < writes; i++) log.add(i + 1, i * 4096, 4096, i + 1)
  return log
}

it('a range is fresh from the write that met the hole until that write is stable', () => {
  const log = logOf(2)
  const fresh = new FreshRanges(log)
  fresh.add({from: 0, to: 8192, owner: 0, since: 3})
  fresh.add({from: 4096, to: 12288, owner: 1, since: 2})
  expect([fresh.since(0, 512), fresh.since(4096, 4608), fresh.since(8192, 8704)]).toEqual([3, 2, 2])
  expect(fresh.since(12288, 12800)).toBe(Infinity)
  log.states[1] = WRITE_STABLE_OWN
  expect([fresh.since(4096, 4608), fresh.since(8192, 8704)]).toEqual([3, Infinity])
  expect(fresh.live()).toEqual([{from: 0, to: 8192, owner: 0, since: 3}])
})

it('a write that touched nothing makes nothing fresh, nor does an empty range', () => {
  const log = logOf(1)
  const fresh = new FreshRanges(log)
  fresh.add({from: 0, to: 4096, owner: 0, since: 1})
  fresh.add({from: 4096, to: 4096, owner: 0, since: 1})
  log.states[0] = WRITE_VOID
  expect(fresh.live()).toEqual([])
})

it('forgets settled ranges of a long run and keeps those still fresh', () => {
  const log = logOf(5000)
  const fresh = new FreshRanges(log)
  for (let i = 0; i < 5000; i++) {
    fresh.add({from: i * 4096, to: (i + 1) * 4096, owner: i, since: i + 1})
    if (i !== 7) log.states[i] = WRITE_STABLE_OWN
  }
  expect(fresh.live()).toEqual([{from: 7 * 4096, to: 8 * 4096, owner: 7, since: 8}])
  expect(fresh.since(0, 5000 * 4096)).toBe(8)
})
