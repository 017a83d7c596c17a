import {describe, expect, it} from 'vitest'
import {CACHE_MODES, cacheModeOf} from '../../src/cache-mode/index.js'
import {assumptions, DISK, guarantees, HazardWatch, Ledger, type Medium} from '../../src/durability/index.js'
import {effectiveMode} from '../../src/durability/medium.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {FLAG_FUA} from '../../src/request/index.js'
import type {TraceEvent} from '../../src/trace/index.js'
import {done, flush, out, start, submit} from './history.js'

const MEMORY: Medium = {kind: 'volatile', why: 'it lies in memory (tmpfs)'}
const drain = orderingModeOf('drain')

/** A flushed write, a FUA write, and one more. */
const EVENTS: readonly TraceEvent[] = [
  ...out(1),
  ...flush(2),
  submit(3, 'OUT', 1, 1, FLAG_FUA),
  start(3),
  done(3, {stable: true}),
  ...out(4, 2),
]

describe('an image on something that outlives nothing', () => {
  it.each(CACHE_MODES.map(({name}) => name))(
    'keeps nothing when the host stops, and everything until then, under %s',
    (name) => {
      const ledger = new Ledger(cacheModeOf(name), drain, MEMORY)
      for (const event of EVENTS) ledger.observe(event)
      expect(ledger.atRisk('processKill').bytes).toBe(0)
      expect([ledger.atRisk('osCrash').bytes, ledger.atRisk('powerLoss').bytes]).toEqual([3 * 512, 3 * 512])
      for (const id of [1, 3, 4]) {
        expect(ledger.stability(id)).toEqual({
          by: 'none',
          request: null,
          why: `nothing is sure to keep #${id} when the host stops: it lies in memory (tmpfs)`,
        })
      }
    },
  )

  it.each(CACHE_MODES.map(({name}) => name))('has one hazard instead of advice about flushes, under %s', (name) => {
    const watch = new HazardWatch(cacheModeOf(name), drain, undefined, MEMORY)
    for (const event of EVENTS) watch.observe(event)
    expect(watch.hazards().map(({code, requests}) => [code, requests])).toEqual([['NOTHING_LASTS', [1, 3, 4]]])
  })

  it('makes no promise that needs something outliving the host', () => {
    for (const mode of CACHE_MODES) {
      const holding = guarantees(mode, drain, MEMORY).filter(({holds}) => holds === true)
      const expected = mode.noFlush ? ['G-READ', 'G-PROC'] : ['G-READ', 'G-PROC', 'G-ERR']
      expect(holding.map(({id}) => id)).toEqual(expected)
    }
  })

  it('rests on no assumption about drives', () => {
    for (const mode of CACHE_MODES) expect(assumptions(mode, MEMORY).join()).not.toMatch(/drive/i)
  })
})

it('on a disk a mode is what it says', () => {
  for (const mode of CACHE_MODES) expect(effectiveMode(mode, DISK)).toBe(mode)
})

it('a failed sync leaves doubt also where nothing lasts, and is told', () => {
  const watch = new HazardWatch(cacheModeOf('writeback'), drain, undefined, MEMORY)
  const events: TraceEvent[] = [
    ...out(1),
    submit(2, 'FLUSH'),
    start(2),
    {kind: 'sync-start', sync: 1, atNs: 0},
    {kind: 'sync-end', sync: 1, errno: 5, atNs: 0},
    done(2, {status: 1, errno: 5}),
    submit(3, 'FLUSH'),
    start(3),
    done(3, {status: 1, errno: 5}),
  ]
  for (const event of events) watch.observe(event)
  const found = watch.hazards().map(({code, requests}) => [code, requests])
  expect(found).toEqual([
    ['NOTHING_LASTS', [1]],
    ['FLUSH_FAILED', [1, 2]],
    ['FLUSH_REFUSED', [3]],
  ])
})
