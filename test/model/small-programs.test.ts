import {describe, expect, it} from 'vitest'
import {CACHE_MODES, cacheModeOf, type CacheMode} from '../../src/cache-mode/index.js'
import {CRASH_KINDS} from '../../src/durability/index.js'
import {ORDERING_MODES, orderingModeOf} from '../../src/ordering/index.js'
import type {TraceEvent} from '../../src/trace/index.js'
import {flush, start} from '../durability/history.js'
import {byLedger, type Judge} from './crash-model.js'
import {BARRIER0, BARRIER1, FLUSH, FUA0, FUA1, W0, W01, W1, type Bounds} from './program.js'
import type {StateGraph} from './state-graph.js'
import {disagreement, faultsOf, firstFault, LAYOUTS, SmallWorld, type Layout} from './small-world.js'

// Every small program, at every moment, on every disk: what the simulated disk can be made to keep (all of its choices made in
// turn) is what the ledger allows, and that is what the definition of crash images allows. Not one image more, not one fewer.

/** Most take a few seconds; a busy machine takes its time. */
const LONG = {timeout: 240_000}

const ANY_TWO: Bounds = {alphabet: [W0, W1, W01, FUA0, FUA1, FLUSH], requests: 2, lateStarts: 1}
const THREE: Bounds = {alphabet: [W0, W1, FLUSH], requests: 3, lateStarts: 0}
const BARRIERS: Bounds = {alphabet: [W0, W1, BARRIER0, BARRIER1], requests: 2, lateStarts: 2}

const clean = (world: SmallWorld, bounds: Bounds): number => {
  const {moments, faults} = faultsOf(world, bounds)
  expect(faults).toEqual([])
  return moments
}

/** What is known of a disk so far. Two modes that open the image alike have the same one. */
const graphs = new Map<string, StateGraph>()

function worldOf(mode: CacheMode, layout: Layout, lies?: 'flush' | 'fua'): SmallWorld {
  const key = [mode.direct, mode.dsync, layout.blockBytes, layout.holes, lies].join()
  const world = new SmallWorld({mode, ordering: orderingModeOf('none')}, layout, lies, graphs.get(key))
  graphs.set(key, world.graph)
  return world
}

/** Made stable as the engine does it through the page cache with more than one request in flight. */
function syncingBehind(name: string): SmallWorld {
  const rules = {mode: cacheModeOf(name), ordering: orderingModeOf('none')}
  return new SmallWorld(rules, LAYOUTS[0], undefined, undefined, {depth: 4})
}

const layoutsOf = (mode: CacheMode): readonly Layout[] =>
  // Where blocks lie matters only to the page cache, and holes only where data passes it by and its allocation does not.
  LAYOUTS.filter(({holes}) => !holes || (mode.direct && !mode.dsync))

describe('what a crash may leave after any small program: the disk, the ledger and the definition agree', LONG, () => {
  for (const mode of CACHE_MODES) {
    for (const layout of layoutsOf(mode)) {
      it(`under ${mode.name}, on ${layout.name}`, () => {
        const world = worldOf(mode, layout)
        const bounds = layout.blockBytes === 512 ? [ANY_TWO, THREE] : [ANY_TWO]
        for (const bound of bounds) expect(clean(world, bound)).toBeGreaterThan(300)
      })
    }
  }

  for (const ordering of ORDERING_MODES.filter(({drains}) => drains)) {
    it(`with barriers as ${ordering.name}, under every mode`, () => {
      const [layout] = LAYOUTS
      for (const mode of CACHE_MODES) {
        expect(clean(new SmallWorld({mode, ordering}, layout), BARRIERS)).toBeGreaterThan(100)
      }
    })
  }

  it('under writethrough, with a sync behind each write in the place of O_DSYNC', () => {
    expect(clean(syncingBehind('writethrough'), ANY_TWO)).toBeGreaterThan(300)
  })

  it('a sync behind a FUA write takes earlier writes along, and FUA does not promise it', () => {
    const world = syncingBehind('writeback')
    expect(faultsOf(world, ANY_TWO, {demandsAll: []}).faults).toEqual([])
    expect(faultsOf(world, {...ANY_TWO, lateStarts: 0}).faults[0]).toBe(
      'writeback, none, two sectors in one block, osCrash: #1 W(s0) submitted; #1 W(s0) started; #1 W(s0) completed; ' +
        '#2 FUA W(s1) submitted; #2 FUA W(s1) started; #2 FUA W(s1) completed: allowed 0 2, 1 2; found 1 2',
    )
  })

  it('where a FUA write commits the block of an earlier one, no host can lose what the ledger still lets go', () => {
    const world = worldOf(cacheModeOf('none'), layoutOf('two sectors in one hole'))
    const found: string[] = []
    world.explore({...ANY_TWO, lateStarts: 0}, (moment) => {
      const fault = disagreement(world, moment, {demandsAll: CRASH_KINDS})
      if (fault !== undefined) found.push(fault)
      return found.length === 0
    })
    expect(found).toEqual([
      'none, none, two sectors in one hole, osCrash: #1 W(s0) submitted; #1 W(s0) started; #1 W(s0) completed; ' +
        '#2 FUA W(s1) submitted; #2 FUA W(s1) started; #2 FUA W(s1) completed: allowed 0 2, 1 2; found 1 2',
    ])
  })
})

describe('a mistake is caught, and told with the smallest program that shows it', LONG, () => {
  const first = (world: SmallWorld, wrong?: (events: readonly TraceEvent[]) => readonly TraceEvent[]): string => {
    const judge: Judge = (events, rules, kind) => byLedger(wrong?.(events) ?? events, rules, kind)
    return firstFault(world, {...ANY_TWO, lateStarts: 0}, judge)
  }
  const worldNamed = (mode: string, layout: string, lies?: 'flush' | 'fua'): SmallWorld =>
    worldOf(cacheModeOf(mode), layoutOf(layout), lies)
  const ALLOCATED = 'two sectors in one block'

  it('of a ledger in which FUA makes earlier writes stable too', () => {
    const flushedByFua = (events: readonly TraceEvent[]): TraceEvent[] =>
      events.flatMap((event) =>
        event.kind === 'complete' && event.stable ? [event, ...flush(event.id + 0.5)] : [event],
      )
    expect(first(worldNamed('writeback', ALLOCATED), flushedByFua)).toBe(
      'writeback, none, two sectors in one block, osCrash: #1 W(s0) submitted; #1 W(s0) started; #1 W(s0) completed; ' +
        '#2 FUA W(s1) submitted; #2 FUA W(s1) started; #2 FUA W(s1) completed: allowed 1 2; found 0 2, 1 2',
    )
  })

  it('of a ledger in which a FLUSH covers writes in flight when it was submitted', () => {
    const submittedLate = (events: readonly TraceEvent[]): TraceEvent[] => {
      const flushes = new Map(events.flatMap((e) => (e.kind === 'submit' && e.type === 4 ? [[e.id, e] as const] : [])))
      return events.flatMap((event) => {
        const own = 'id' in event ? flushes.get(event.id) : undefined
        if (own === undefined) return [event]
        return event.kind === 'complete' ? [own, start(event.id), event] : []
      })
    }
    expect(first(worldNamed('writeback', ALLOCATED), submittedLate)).toBe(
      'writeback, none, two sectors in one block, osCrash: #1 W(s0) submitted; #1 W(s0) started; #2 FLUSH submitted; ' +
        '#2 FLUSH started; #1 W(s0) completed; #2 FLUSH completed: allowed 1 0; found 0 0, 1 0',
    )
  })

  it('of a ledger that forgets under none that an allocation is fresh', () => {
    const forgetful = (events: readonly TraceEvent[]): TraceEvent[] =>
      events.map((event) => (event.kind === 'start' ? {...event, fresh: []} : event))
    expect(first(worldNamed('none', 'two sectors in one hole'), forgetful)).toBe(
      'none, none, two sectors in one hole, osCrash: #1 W(s0) submitted; #1 W(s0) started; #1 W(s0) completed: ' +
        'allowed 1 0; found 0 0, 1 0',
    )
  })

  it('of a disk that answers a flush without doing it', () => {
    expect(first(worldNamed('writeback', ALLOCATED, 'flush'))).toBe(
      'writeback, none, two sectors in one block, osCrash: #1 W(s0) submitted; #1 W(s0) started; #1 W(s0) completed; ' +
        '#2 FLUSH submitted; #2 FLUSH started; #2 FLUSH completed: allowed 1 0; found 0 0, 1 0',
    )
  })

  it('of a disk that answers a FUA write as if it were any write', () => {
    expect(first(worldNamed('writeback', ALLOCATED, 'fua'))).toBe(
      'writeback, none, two sectors in one block, osCrash: #1 FUA W(s0) submitted; #1 FUA W(s0) started; ' +
        '#1 FUA W(s0) completed: allowed 1 0; found 0 0, 1 0',
    )
  })

  it('and nothing is caught where there is no mistake', () => {
    expect(first(worldNamed('writeback', ALLOCATED))).toBe('nothing')
  })
})

function layoutOf(name: string): Layout {
  const layout = LAYOUTS.find((candidate) => candidate.name === name)
  if (layout === undefined) throw new Error(`no layout ${name}`)
  return layout
}
