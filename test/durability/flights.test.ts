import {describe, expect, it} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {Flights, outcomeOf} from '../../src/durability/flights.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {FLAG_BARRIER, STATUS_CANCELED, STATUS_UNSUPP} from '../../src/request/index.js'
import {done, failed, start, submit} from './history.js'

function flights(): Flights<string> {
  return new Flights<string>(cacheModeOf('writeback'), orderingModeOf('drain-flush'))
}

it('remembers writes, flushes and barriers, and no plain reads or unknown types', () => {
  const table = flights()
  table.submit(submit(1, 'IN'), () => 'read')
  table.submit(submit(2, 'GET_ID'), () => 'id')
  table.submit({...submit(3, 'OUT'), type: 2 ** 31 - 1}, () => 'unknown')
  table.submit(submit(4, 'OUT'), () => 'write')
  table.submit(submit(5, 'FLUSH'), () => 'flush')
  table.submit(submit(6, 'IN', 0, 1, FLAG_BARRIER), () => 'barrier')
  expect([...table.values()].map(({id, note}) => [id, note])).toEqual([
    [4, 'write'],
    [5, 'flush'],
    [6, 'barrier'],
  ])
  expect(table.start(start(1))).toBeUndefined()
  expect(table.complete(done(1))).toBeUndefined()
  expect(table.now).toBe(3)
})

it('a request begins at its submission, or at its start when it was held back', () => {
  const table = flights()
  table.submit(submit(1, 'OUT'), () => '')
  table.submit(submit(2, 'OUT'), () => '')
  expect(table.start(start(1))?.begin).toBe(1)
  expect(table.start(start(2, true))?.begin).toBe(4)
  expect(table.complete(done(2))?.end).toBe(5)
  expect([...table.values()].map(({id}) => id)).toEqual([1])
})

describe('outcome', () => {
  it.each([
    ['OK is done', done(1), true, 'done'],
    ['OK without a start is done', done(1), false, 'done'],
    ['IOERR after the start is failed', failed(1), true, 'failed'],
    ['IOERR before the start is void', failed(1), false, 'void'],
    ['OK with an errno is not believed', done(1, {errno: 5}), true, 'failed'],
    ['UNSUPP is void, started or not', done(1, {status: STATUS_UNSUPP}), true, 'void'],
    ['CANCELED before the start is void', done(1, {status: STATUS_CANCELED}), false, 'void'],
    ['CANCELED after the start may have done anything', done(1, {status: STATUS_CANCELED}), true, 'failed'],
  ] as const)('%s', (_what, event, started, outcome) => {
    expect(outcomeOf({started}, event)).toBe(outcome)
  })
})
