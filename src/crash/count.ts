import type {CrashPoint} from './point.js'
import type {CrashState} from './states.js'

/** How many images a crash may leave, told apart by what each unit shows, not by its bytes. */
export interface StateCount {
  /** Exact, or a lower bound. */
  readonly atLeast: bigint
  /** The same number when it is exact. */
  readonly atMost: bigint
  readonly isExact: boolean
}

/** Images that are counted one by one, of units that are bound together, before the count becomes a bound. */
const COUNTED_MAX = 1 << 14
/** Pairs of contents that are compared to find out what is bound together. */
const COMPARED_MAX = 1 << 22

/**
 * Counts the images of a point. Where the order of persistence is free that is the product of what the units may hold; units bound
 * together are counted one image at a time, and when those are too many only bounds are given.
 *
 * Source: semantics 8.2, per-sector form.
 */
export function countStates(point: CrashPoint): StateCount {
  const open = openUnits(point)
  if (!point.isTied) return exact(product(point, open))
  const widths = open.reduce((sum, unit) => sum + point.contents(unit).length, 0)
  if (widths * widths > COMPARED_MAX) return {atLeast: 1n, atMost: product(point, open), isExact: false}
  let [atLeast, atMost, budget] = [1n, 1n, COUNTED_MAX]
  for (const group of boundGroups(point, open)) {
    if (group.length === 1) {
      atLeast *= product(point, group)
      atMost *= product(point, group)
      continue
    }
    const counted = countGroup(point, group, budget)
    budget -= Number(counted.count)
    atLeast *= counted.count
    atMost *= counted.isAll ? counted.count : product(point, group)
  }
  return {atLeast, atMost, isExact: atLeast === atMost}
}

/** The images of a point, one by one in a fixed order, the one that lost nothing first. Stop when there were enough. */
export function* listStates(point: CrashPoint): Generator<CrashState> {
  const open = openUnits(point)
  for (const indices of choicesOf(point, open)) {
    yield {point, choices: new Map(open.flatMap((unit, i) => (indices[i] ? [[unit, indices[i]]] : [])))}
  }
}

function exact(count: bigint): StateCount {
  return {atLeast: count, atMost: count, isExact: true}
}

/** Units that may hold more than one content, ascending. */
function openUnits(point: CrashPoint): number[] {
  return Array.from({length: point.model.units.count}, (_, unit) => unit).filter(
    (unit) => point.contents(unit).length > 1,
  )
}

function product(point: CrashPoint, units: readonly number[]): bigint {
  return units.reduce((count, unit) => count * BigInt(point.contents(unit).length), 1n)
}

/** Units that are in conflict with each other for some of their contents, directly or through others, put together. */
function boundGroups(point: CrashPoint, open: readonly number[]): number[][] {
  const parents = open.map((_, i) => i)
  const rootOf = (i: number): number => {
    let root = i
    while (parents[root] !== root) root = parents[root] ?? root
    return root
  }
  open.forEach((unit, i) => {
    for (let j = 0; j < i; j++) {
      const [a, b] = [rootOf(i), rootOf(j)]
      if (a !== b && areBound(point, unit, open[j] ?? 0)) parents[Math.max(a, b)] = Math.min(a, b)
    }
  })
  const groups = new Map<number, number[]>()
  open.forEach((unit, i) => groups.set(rootOf(i), [...(groups.get(rootOf(i)) ?? []), unit]))
  return [...groups.values()]
}

function areBound(point: CrashPoint, one: number, other: number): boolean {
  const others = point.contents(other)
  return point.contents(one).some((a) => others.some((b) => point.conflicts(one, a, other, b)))
}

function countGroup(point: CrashPoint, units: readonly number[], limit: number): {count: bigint; isAll: boolean} {
  let count = 0n
  for (const _ of choicesOf(point, units)) {
    if (count >= limit) return {count: count > 0n ? count : 1n, isAll: false}
    count++
  }
  return {count, isAll: true}
}

/** Every choice of indices into the contents of the units without a conflict, in order, the last unit varied fastest. */
function* choicesOf(point: CrashPoint, units: readonly number[]): Generator<readonly number[]> {
  const indices: number[] = []
  const isFree = (depth: number, index: number): boolean => {
    if (!point.isTied) return true
    const unit = units[depth] ?? 0
    const number = point.contents(unit)[index] ?? 0
    return indices.slice(0, depth).every((chosen, i) => {
      const other = units[i] ?? 0
      return !point.conflicts(unit, number, other, point.contents(other)[chosen] ?? 0)
    })
  }
  let depth = 0
  let next = 0
  for (;;) {
    if (depth === units.length) {
      yield indices.slice()
      depth--
    } else {
      const width = point.contents(units[depth] ?? 0).length
      while (next < width && !isFree(depth, next)) next++
      if (next < width) {
        indices[depth++] = next
        next = 0
        continue
      }
      depth--
    }
    if (depth < 0) return
    next = (indices[depth] ?? 0) + 1
  }
}
