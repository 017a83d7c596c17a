/** Answers which of a fixed set of half-open intervals meet a range. */
export interface IntervalIndex {
  /**
   * Calls `see` with the number of each interval that shares a point with [from, to), from the highest start downwards and
   * among equal starts from the highest number downwards. `see` answers false to stop.
   */
  visit(from: number, to: number, see: (interval: number) => boolean): void
}

/**
 * Builds an index over intervals [froms[i], tos[i]), i below count, in O(n log n). A visit costs O(log n) and a step per
 * interval seen. The arrays are copied.
 */
export function indexIntervals(count: number, froms: ArrayLike<number>, tos: ArrayLike<number>): IntervalIndex {
  const fromOf = (interval: number): number => froms[interval] ?? 0
  const order = Uint32Array.from({length: count}, (_, i) => i).sort((a, b) => fromOf(a) - fromOf(b) || a - b)
  const starts = Float64Array.from(order, fromOf)
  const ends = Float64Array.from(order, (interval) => tos[interval] ?? 0)
  // A balanced tree laid over the sorted order: the root of [low, high) is its middle. Each root knows the highest end below it.
  const highest = new Float64Array(count)
  const build = (low: number, high: number): number => {
    if (low >= high) return -Infinity
    const root = (low + high) >>> 1
    return (highest[root] = Math.max(ends[root] ?? 0, build(low, root), build(root + 1, high)))
  }
  build(0, count)

  const visit = (from: number, to: number, see: (interval: number) => boolean): void => {
    const walk = (low: number, high: number): boolean => {
      if (low >= high) return true
      const root = (low + high) >>> 1
      if ((highest[root] ?? 0) <= from) return true
      if ((starts[root] ?? 0) < to) {
        if (!walk(root + 1, high)) return false
        if ((ends[root] ?? 0) > from && !see(order[root] ?? 0)) return false
      }
      return walk(low, root)
    }
    walk(0, count)
  }
  return {visit}
}
