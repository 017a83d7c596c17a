import fc from 'fast-check'
import {describe, expect, it} from 'vitest'

import {Prng} from '../../src/base/index.js'
import {median, overlap, pairedRatio, spreadOf, type Interval} from '../../src/bench/statistics.js'

const SEED = 20260502

const rounds = (...values: number[]) => values.map((value, round) => ({round, value}))
const interval = (low: number, high: number): Interval => ({low, high, method: 'exact'})

/** About normal: the sum of twelve equal chances. */
function bell(random: Prng): number {
  let sum = -6
  for (let i = 0; i < 12; i++) sum += random.next() / 2 ** 32
  return sum
}

describe('a figure over rounds', () => {
  it('has the median in the middle, of an even number halfway between two', () => {
    expect(median([9, 1, 5])).toBe(5)
    expect(median([9, 1, 5, 7])).toBe(6)
    expect(median([])).toBe(0)
  })

  it('varies by the sample deviation over the mean: 2, 4, 4, 4, 5, 5, 7, 9 by the root of 32/7 over 5', () => {
    expect(spreadOf([2, 4, 4, 4, 5, 5, 7, 9]).variation).toBeCloseTo(Math.sqrt(32 / 7) / 5, 12)
  })

  it.each([
    [[10, 12], 11, 12.706 * Math.SQRT2],
    [[10, 12, 14], 12, 4.303 * 2],
    [[1, 2, 3, 4, 5], 3, 2.776 * Math.sqrt(2.5)],
  ])('lies, for two to five rounds, around their mean by Student t: %j', (values, mean, scaled) => {
    const half = scaled / Math.sqrt(values.length)
    const found = spreadOf(values).interval
    expect(found?.method).toBe('Student t')
    expect(found?.low).toBeCloseTo(mean - half, 9)
    expect(found?.high).toBeCloseTo(mean + half, 9)
  })

  // Ranks for a two-sided 95 % interval of the median: Conover, Practical Nonparametric Statistics, table A3 (binomial, p = 1/2).
  it.each([
    [6, 1, 6],
    [8, 1, 8],
    [9, 2, 8],
    [10, 2, 9],
    [15, 4, 12],
    [20, 6, 15],
  ])('lies, of %i rounds, between the sorted ones of rank %i and %i', (count, low, high) => {
    const values = Array.from({length: count}, (_, i) => ((i * 7919) % count) + 1)
    expect(new Set(values).size).toBe(count)
    expect(spreadOf(values).interval).toEqual({low, high, method: 'order statistics'})
  })

  it.each([3, 5, 6, 12])('has its true value inside the interval of %i rounds in at least 94 of 100 cases', (count) => {
    const random = new Prng(SEED)
    let inside = 0
    for (let trial = 0; trial < 4000; trial++) {
      const {interval: found} = spreadOf(Array.from({length: count}, () => 1000 + 50 * bell(random)))
      if (found && found.low <= 1000 && found.high >= 1000) inside++
    }
    expect(inside / 4000).toBeGreaterThan(0.94)
    expect(inside / 4000).toBeLessThan(0.99)
  })

  it('has no interval after one round, and one without width when simulated', () => {
    expect(spreadOf([5])).toEqual({rounds: 1, median: 5, variation: undefined, interval: undefined})
    expect(spreadOf([5], true).interval).toEqual({low: 5, high: 5, method: 'exact'})
    expect(spreadOf([], true).interval).toBeUndefined()
  })

  it('does not vary measurably around zero', () => {
    expect(spreadOf([0, 0, 0]).variation).toBeUndefined()
  })
})

describe('intervals', () => {
  it('overlap when they share a value, be it an end', () => {
    expect(overlap(interval(1, 2), interval(2, 3))).toBe(true)
    expect(overlap(interval(1, 9), interval(4, 5))).toBe(true)
    expect(overlap(interval(4, 5), interval(1, 3.9))).toBe(false)
    expect(overlap(interval(1, 2), interval(2.1, 3))).toBe(false)
  })

  it('are taken to overlap when one is not known', () => {
    expect(overlap(undefined, interval(1, 2))).toBe(true)
    expect(overlap(interval(1, 2), undefined)).toBe(true)
  })
})

describe('a ratio round by round', () => {
  it('does not see a machine that slows both alike', () => {
    fc.assert(
      fc.property(fc.array(fc.double({min: 1, max: 1e6, noNaN: true}), {minLength: 2, maxLength: 12}), (base) => {
        const ratio = pairedRatio(rounds(...base), rounds(...base.map((value) => value * 3)))
        expect(ratio.median).toBeCloseTo(3, 9)
        expect(ratio.interval?.low).toBeCloseTo(3, 6)
        expect(ratio.interval?.high).toBeCloseTo(3, 6)
      }),
      {seed: SEED},
    )
  })

  it('is the other way round when the two change places', () => {
    const [a, b] = [rounds(10, 11, 9, 30), rounds(20, 25, 17, 29)]
    const [there, back] = [pairedRatio(a, b), pairedRatio(b, a)]
    expect(there.median * back.median).toBeCloseTo(1, 12)
    expect((there.interval?.low ?? 0) * (back.interval?.high ?? 0)).toBeCloseTo(1, 12)
  })

  it('pairs rounds by number, and leaves out what has no partner or is zero', () => {
    const base = [
      {round: 0, value: 10},
      {round: 1, value: 0},
      {round: 3, value: 10},
    ]
    const other = [
      {round: 0, value: 20},
      {round: 1, value: 20},
      {round: 2, value: 90},
      {round: 3, value: 0},
    ]
    const ratio = pairedRatio(base, other)
    expect(ratio.rounds).toBe(1)
    expect(ratio.median).toBeCloseTo(2, 12)
    expect(pairedRatio(base, [])).toEqual({rounds: 0, median: 0, variation: undefined, interval: undefined})
  })
})
