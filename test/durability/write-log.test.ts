import {expect, it} from 'vitest'
import {WRITE_IN_FLIGHT, WRITE_STABLE_FLUSH, WRITE_STABLE_OWN, WriteLog} from '../../src/durability/write-log.js'

it('finds each of many writes by its id, and nothing else', () => {
  const log = new WriteLog()
  for (let i = 0; i < 1000; i++) expect(log.add(10 + i * 2, i * 512, 1024, i + 1)).toBe(i)
  expect(log.count).toBe(1000)
  expect([log.find(10), log.find(12), log.find(2008)]).toEqual([0, 1, 999])
  expect([log.find(9), log.find(11), log.find(2010), new WriteLog().find(0)]).toEqual([-1, -1, -1, -1])
  expect([log.froms[999], log.tos[999], log.begins[999], log.ends[999]]).toEqual([
    999 * 512,
    1001 * 512,
    1000,
    Infinity,
  ])
  expect(log.states[999]).toBe(WRITE_IN_FLIGHT)
})

it('calls a write stable by its own sync or by a flush, and by nothing else', () => {
  const log = new WriteLog()
  log.add(1, 0, 512, 1)
  const stable = [0, 1, 2, 3, 4, 5, 6].filter((state) => {
    log.states[0] = state
    return log.isStable(0)
  })
  expect(stable).toEqual([WRITE_STABLE_OWN, WRITE_STABLE_FLUSH])
})

it('refuses ids that do not ascend', () => {
  const log = new WriteLog()
  log.add(5, 0, 512, 1)
  expect(() => log.add(5, 0, 512, 2)).toThrow('write #5 was submitted after a higher id')
})
