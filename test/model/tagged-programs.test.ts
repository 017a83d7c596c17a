import {describe, expect, it} from 'vitest'
import {CACHE_MODES, cacheModeOf, type CacheMode} from '../../src/cache-mode/index.js'
import {ORDERING_MODES, orderingModeOf, type OrderingMode} from '../../src/ordering/index.js'
import type {TraceEvent} from '../../src/trace/index.js'
import {start} from '../durability/history.js'
import {byLedger, type Judge} from './crash-model.js'
import {BARRIER0, BARRIER1, FLUSH, W0, W1, type Bounds} from './program.js'
import {faultsOf, firstFault, LAYOUTS, SmallWorld, type Layout} from './small-world.js'

// Every small program with ordered tags, on a device that executes them in order: what it can be made to keep is what the ledger
// allows, and what the definition allows.

const LONG = {timeout: 240_000}
const TWO: Bounds = {alphabet: [W0, W1, BARRIER0, BARRIER1], requests: 2, lateStarts: 2}
const THREE: Bounds = {alphabet: [W0, BARRIER1, FLUSH], requests: 3, lateStarts: 0}
/** With tags, more than one request is in flight. */
const DEPTH = 4
const [LAYOUT, , , TWO_HOLES] = LAYOUTS

describe(
  'what a crash may leave after any small program with tags: the disk, the ledger and the definition agree',
  LONG,
  () => {
    for (const ordering of ORDERING_MODES.filter(({tags}) => tags)) {
      for (const mode of CACHE_MODES) {
        it(`with barriers as ${ordering.name}, under ${mode.name}`, () => {
          expect(fewestMoments(mode, ordering, LAYOUT)).toBeGreaterThan(100)
        })
      }
      // A flush that comes with each barrier leaves little to the order of the drive.
      for (const layout of ordering.preFlush ? [TWO_HOLES] : LAYOUTS.filter(({holes}) => holes)) {
        it(`with barriers as ${ordering.name}, under none, on ${layout.name}`, () => {
          expect(fewestMoments(cacheModeOf('none'), ordering, layout)).toBeGreaterThan(100)
        })
      }
    }
  },
)

/** Fails at any disagreement. @returns the moments looked at, of the smaller exploration */
function fewestMoments(mode: CacheMode, ordering: OrderingMode, layout: Layout): number {
  const world = new SmallWorld({mode, ordering}, layout, undefined, undefined, {depth: DEPTH})
  const counts = [TWO, THREE].map((bounds) => {
    const {moments, faults} = faultsOf(world, bounds)
    expect(faults).toEqual([])
    return moments
  })
  return Math.min(...counts)
}

describe('a mistake about tags is caught, and told with the smallest program that shows it', LONG, () => {
  const tag = orderingModeOf('tag')
  const worldOf = (mode: string, layout: Layout = LAYOUT): SmallWorld =>
    new SmallWorld({mode: cacheModeOf(mode), ordering: tag}, layout, undefined, undefined, {depth: DEPTH})

  it('of a ledger that believes tags to order what is on the medium below a volatile cache', () => {
    const believing: Judge = (events, rules, kind) =>
      byLedger(events, {...rules, mode: cacheModeOf('directsync')}, kind)
    expect(firstFault(worldOf('writeback'), THREE, believing)).toBe(
      'writeback, tag, two sectors in one block, osCrash: #1 W(s0) submitted; #1 W(s0) started; ' +
        '#2 BARRIER W(s1) submitted; #2 BARRIER W(s1) started: allowed 0 0, 1 0, 1 2; found 0 0, 0 2, 1 0, 1 2',
    )
  })

  it('of a ledger in which a FLUSH behind a tagged barrier covers what ended after it was sent', () => {
    // As if it had been submitted when the barrier ended.
    const late: Judge = (events, rules, kind) => byLedger(behindTheTag(events), rules, kind)
    expect(firstFault(worldOf('writeback'), {alphabet: [BARRIER0, FLUSH], requests: 2, lateStarts: 0}, late)).toBe(
      'writeback, tag, two sectors in one block, osCrash: #1 BARRIER W(s0) submitted; #1 BARRIER W(s0) started; ' +
        '#2 FLUSH submitted; #2 FLUSH started; #1 BARRIER W(s0) completed; #2 FLUSH completed: ' +
        'allowed 1 0; found 0 0, 1 0',
    )
  })

  it('of a ledger that believes under none that an OS crash spares the order of writes into fresh blocks', () => {
    // As long as nothing has ended, only what tags keep in order depends on it.
    const forgetful: Judge = (events, rules, kind) => {
      const anyEnded = events.some((event) => event.kind === 'complete')
      return byLedger(
        events.map((event) => (event.kind === 'start' && !anyEnded ? {...event, fresh: []} : event)),
        rules,
        kind,
      )
    }
    const bounds = {alphabet: [W0, BARRIER1], requests: 2, lateStarts: 0}
    expect(firstFault(worldOf('none', TWO_HOLES), bounds, forgetful)).toBe(
      'none, tag, two holes of a sector, osCrash: #1 W(s0) submitted; #1 W(s0) started; #2 BARRIER W(s1) submitted; ' +
        '#2 BARRIER W(s1) started: allowed 0 0, 1 0, 1 2; found 0 0, 0 2, 1 0, 1 2',
    )
  })

  it('of a device that ignores ordered tags', () => {
    const {rules} = worldOf('directsync')
    const ignoring = new SmallWorld(rules, LAYOUT, undefined, undefined, {ignoresTags: true, depth: DEPTH})
    expect(firstFault(ignoring, THREE)).toBe(
      'directsync, tag, two sectors in one block, processKill: #1 W(s0) submitted; #1 W(s0) started; ' +
        '#2 BARRIER W(s1) submitted; #2 BARRIER W(s1) started: allowed 0 0, 1 0, 1 2; found 0 0, 0 2, 1 0, 1 2',
    )
  })

  it('and nothing is caught where there is no mistake', () => {
    expect(firstFault(worldOf('writeback'), THREE)).toBe('nothing')
    expect(firstFault(worldOf('directsync'), THREE)).toBe('nothing')
  })
})

/** The same events, with each FLUSH behind a barrier submitted and started only right before it completes. */
function behindTheTag(events: readonly TraceEvent[]): TraceEvent[] {
  const flushes = new Map(events.flatMap((e) => (e.kind === 'submit' && e.type === 4 ? [[e.id, e] as const] : [])))
  return events.flatMap((event) => {
    const own = 'id' in event ? flushes.get(event.id) : undefined
    if (own === undefined) return [event]
    return event.kind === 'complete' ? [own, start(own.id), event] : []
  })
}
