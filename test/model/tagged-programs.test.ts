import {describe, expect, it} from 'vitest'
import {CACHE_MODES, cacheModeOf, type CacheMode} from '../../src/cache-mode/index.js'
import {CRASH_KINDS, type CrashKind} from '../../src/durability/index.js'
import {ORDERING_MODES, orderingModeOf, type OrderingMode} from '../../src/ordering/index.js'
import type {TraceEvent} from '../../src/trace/index.js'
import {start} from '../durability/history.js'
import {byLedger, type Judge} from './crash-model.js'
import {BARRIER0, BARRIER1, FLUSH, W0, W1, type Bounds} from './program.js'
import {faultsOf, firstFault, LAYOUTS, SmallWorld} from './small-world.js'

// Every small program with ordered tags, on a device that executes them in order: what it can be made to keep is what the ledger
// allows, and what the definition allows.

const LONG = {timeout: 240_000}
const TWO: Bounds = {alphabet: [W0, W1, BARRIER0, BARRIER1], requests: 2, lateStarts: 2}
const THREE: Bounds = {alphabet: [W0, BARRIER1, FLUSH], requests: 3, lateStarts: 0}
const [LAYOUT] = LAYOUTS

/**
 * The crashes in which some disk keeps each image that is allowed. A plain tag ties nothing beyond what the device itself keeps. The
 * disk of writethrough makes each write stable within its step, and is in order like its page cache; but with several requests in
 * flight the engine syncs behind the write instead, outside of the order of tags, and a trace does not say which. Under none the
 * drive is in order, as far as blocks are allocated. The ledger makes use of neither.
 */
function demandsOf(mode: CacheMode, ordering: OrderingMode): readonly CrashKind[] {
  if (ordering.preFlush || mode.noFlush || mode.direct === mode.dsync) return CRASH_KINDS
  return mode.dsync ? ['processKill'] : ['processKill', 'powerLoss']
}

describe(
  'what a crash may leave after any small program with tags: the disk, the ledger and the definition agree',
  LONG,
  () => {
    for (const ordering of ORDERING_MODES.filter(({tags}) => tags)) {
      for (const mode of CACHE_MODES) {
        it(`with barriers as ${ordering.name}, under ${mode.name}`, () => {
          const world = new SmallWorld({mode, ordering}, LAYOUT)
          for (const bounds of [TWO, THREE]) {
            const {moments, faults} = faultsOf(world, bounds, {demandsAll: demandsOf(mode, ordering)})
            expect(faults).toEqual([])
            expect(moments).toBeGreaterThan(100)
          }
        })
      }
    }
  },
)

describe('a mistake about tags is caught, and told with the smallest program that shows it', LONG, () => {
  const tag = orderingModeOf('tag')
  const worldOf = (mode: string, ordering = tag): SmallWorld =>
    new SmallWorld({mode: cacheModeOf(mode), ordering}, LAYOUT)

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

  it('of a device that ignores ordered tags', () => {
    const {rules} = worldOf('directsync')
    const ignoring = new SmallWorld(rules, LAYOUT, undefined, undefined, {ignoresTags: true})
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
