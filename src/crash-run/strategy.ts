import {Prng} from '../base/index.js'
import {countStates, listStates, type CrashPoint, type CrashState} from '../crash/index.js'
import {pairRows} from './strategy-pairs.js'
import {Assembly} from './strategy-assembly.js'

/**
 * How images were picked. `all`: every one of the point. Else: what is there if writes reach the medium in their order
 * (`prefixes`), all but one write or unit (`single-drops`), nothing but one (`single-keeps`), whole writes there or not
 * (`write-subsets`), every two contents of two units that go together (`pairs`), and `random`. Source: semantics 8.10.
 */
export type StrategyName = 'all' | 'prefixes' | 'single-drops' | 'single-keeps' | 'write-subsets' | 'pairs' | 'random'

/** An image to look at, and what it was picked for. */
export interface Proposal {
  readonly strategy: StrategyName
  readonly state: CrashState
  readonly key: string
}

/** What a strategy has given at one point. */
export interface StrategyCoverage {
  readonly strategy: StrategyName
  /** Images that no strategy before had given. */
  readonly images: number
  /** It was carried out to its end; `random` has none. */
  readonly isWhole: boolean
}

/** How the images of a point are covered. */
export interface PointPlan {
  /** Every image is among the proposals. */
  readonly isExhaustive: boolean
  /** How many images there are, told apart as far as that is cheap. */
  readonly atLeast: bigint
  readonly atMost: bigint
  /** Different images; the one that lost nothing first. The same for the same point, budget and seed. */
  readonly proposals: Generator<Proposal, void>
  /** What the proposals taken so far amount to. */
  readonly coverage: () => readonly StrategyCoverage[]
}

export interface PlanOptions {
  /** Images of the point after which to stop. */
  readonly budget: number
  readonly seed: number
  /** A text that two states share when their images are the same. */
  readonly keyOf: (state: CrashState) => string
}

/** Random images in a row that bring nothing new before the rest is given up. */
const TRIES_MAX = 256

/**
 * Picks images of a point: all of them if the budget has room for them, else those that tend to show a fault. Each strategy
 * may take half of what is left of the budget, so that a long one does not keep the others out.
 */
export function planStates(point: CrashPoint, {budget, seed, keyOf}: PlanOptions): PointPlan {
  const assembly = new Assembly(point)
  const {atLeast, atMost} = point.isTied ? countStates(point) : exactly(assembly.count())
  const isExhaustive = atMost <= BigInt(budget)
  const seen = new Set<string>()
  const done: {strategy: StrategyName; images: number; isWhole: boolean}[] = []
  function* take(strategy: StrategyName, states: Iterable<CrashState>, limit: number): Generator<Proposal, void> {
    const row = {strategy, images: 0, isWhole: false}
    done.push(row)
    let repeats = 0
    for (const state of states) {
      const key = keyOf(state)
      if (seen.has(key)) {
        if (strategy === 'random' && ++repeats >= TRIES_MAX) return
        continue
      }
      if (row.images >= limit) return
      repeats = 0
      seen.add(key)
      row.images++
      yield {strategy, state, key}
    }
    row.isWhole = true
  }
  function* proposals(): Generator<Proposal, void> {
    if (isExhaustive) {
      yield* take('all', point.isTied ? listStates(point) : assembly.all(), budget)
      return
    }
    const half = (): number => Math.ceil((budget - seen.size) / 2)
    yield* take('prefixes', assembly.prefixes(), half())
    yield* take('single-drops', assembly.singleDrops(), half())
    yield* take('single-keeps', assembly.singleKeeps(), half())
    yield* take('write-subsets', assembly.writeSubsets(), half())
    yield* take('pairs', pairStates(point, assembly), half())
    yield* take('random', randomStates(assembly, new Prng(seed + point.event * 65_537)), budget - seen.size)
  }
  return {isExhaustive, atLeast, atMost, proposals: proposals(), coverage: () => done.map((row) => ({...row}))}
}

function exactly(count: bigint): {atLeast: bigint; atMost: bigint} {
  return {atLeast: count, atMost: count}
}

/** Where nothing binds units, few images hold all pairs; else each pair gets one of its own. */
function* pairStates(point: CrashPoint, assembly: Assembly): Generator<CrashState> {
  if (point.isTied) yield* assembly.pairs()
  else for (const row of pairRows(assembly.widths)) yield assembly.assemble(row)
}

function* randomStates(assembly: Assembly, prng: Prng): Generator<CrashState> {
  const {writers, widths} = assembly
  for (;;) {
    const rate = prng.pick([1 / 8, 1 / 2, 7 / 8])
    if (prng.chance(1 / 2)) {
      const kept = new Set(writers.filter(() => prng.chance(rate)))
      yield assembly.ofWrites(kept)
    } else {
      yield assembly.assemble(widths.map((width) => (prng.chance(rate) ? 0 : prng.below(width))))
    }
  }
}
