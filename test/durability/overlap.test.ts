import {expect, it} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {Flights} from '../../src/durability/flights.js'
import {notePartners, type OverlapNote, settlePartners} from '../../src/durability/overlap.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import type {TraceEvent} from '../../src/trace/index.js'
import {done, start, submit} from './history.js'

/** The pairs found, each as "later-ended with earlier-ended". */
function pairs(events: readonly TraceEvent[]): string[] {
  const flights = new Flights<OverlapNote>(cacheModeOf('writeback'), orderingModeOf('drain'))
  return events.flatMap((event) => {
    if (event.kind === 'submit') {
      const flight = flights.submit(event, () => ({partners: []}))
      if (flight) notePartners(flight, flights.values())
    }
    if (event.kind === 'start') flights.start(event)
    if (event.kind !== 'complete') return []
    const flight = flights.complete(event)
    return flight ? settlePartners(flight).map((other) => `${flight.id} with ${other}`) : []
  })
}

const both = [submit(1, 'OUT', 0, 2), submit(2, 'OUT', 1, 2)]

it.each([
  ['in flight together', [...both, start(1), start(2), done(1), done(2)], ['2 with 1']],
  ['in flight together, the later ended first', [...both, start(1), start(2), done(2), done(1)], ['2 with 1']],
  ['the later held until the earlier ended', [...both, start(1), done(1), start(2, true), done(2)], []],
  ['the earlier held until the later ended', [...both, start(2), done(2), start(1, true), done(1)], []],
  ['the later started late without being held', [...both, start(1), done(1), start(2), done(2)], ['2 with 1']],
  ['both held, then run together', [...both, start(1, true), start(2, true), done(2), done(1)], ['2 with 1']],
  ['one after the other', [submit(1, 'OUT'), start(1), done(1), submit(2, 'OUT'), start(2), done(2)], []],
  ['side by side', [submit(1, 'OUT'), submit(2, 'OUT', 1), start(1), start(2), done(1), done(2)], []],
  ['with a FLUSH', [submit(1, 'OUT'), submit(2, 'FLUSH'), start(1), start(2), done(1), done(2)], []],
])('two writes %s', (_what, events, found) => {
  expect(pairs(events)).toEqual(found)
})
