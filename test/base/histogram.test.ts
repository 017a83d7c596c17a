import {createHistogram} from 'node:perf_hooks'
import fc from 'fast-check'
import {describe, expect, it} from 'vitest'

import {Histogram, Prng} from '../../src/base/index.js'

const SEED = 20260501
const QUANTILES = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 0.9999, 1]

function histogramOf(samples: readonly number[]): Histogram {
  const histogram = new Histogram()
  for (const sample of samples) histogram.record(sample)
  return histogram
}

/** The sample of rank ceil(q * n), by sorting. */
function exactQuantile(samples: readonly number[], q: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1] as number
}

/** Nanoseconds of every size, from 0 to hours, as many small as large. */
const latency = fc
  .tuple(fc.integer({min: 0, max: 46}), fc.double({min: 0, max: 1, noNaN: true}))
  .map(([doubling, more]) => Math.floor(2 ** doubling * (1 + more)) - 1)
const latencies = fc.array(latency, {minLength: 1, maxLength: 300})

describe('a histogram of latencies', () => {
  it('tells every quantile within 1/256 of the sample at its rank, or 1 ns', () => {
    fc.assert(
      fc.property(latencies, (samples) => {
        const histogram = histogramOf(samples)
        for (const q of QUANTILES) {
          const exact = exactQuantile(samples, q)
          expect(Math.abs(histogram.quantile(q) - exact)).toBeLessThanOrEqual(Math.max(1, exact / 256))
        }
      }),
      {seed: SEED},
    )
  })

  it('is exact up to 255 ns, where each nanosecond has buckets of its own', () => {
    for (let ns = 0; ns < 256; ns++) expect(histogramOf([0, ns, ns, 1000]).quantile(0.5)).toBe(ns)
  })

  it('knows count, least, greatest, sum and mean exactly, and the standard deviation as the textbook does', () => {
    fc.assert(
      fc.property(latencies, (samples) => {
        const histogram = histogramOf(samples)
        const sum = samples.reduce((total, sample) => total + sample, 0)
        const mean = sum / samples.length
        const deviation = Math.sqrt(samples.reduce((total, x) => total + (x - mean) ** 2, 0) / samples.length)
        expect(histogram.count).toBe(samples.length)
        expect(histogram.min).toBe(Math.min(...samples))
        expect(histogram.max).toBe(Math.max(...samples))
        expect(histogram.sum).toBe(sum)
        expect(histogram.mean).toBe(mean)
        expect(Math.abs(histogram.stddev - deviation)).toBeLessThanOrEqual(1e-6 * (1 + histogram.max))
      }),
      {seed: SEED},
    )
  })

  it('sees a spread of a nanosecond around an hour', () => {
    const hour = 3.6e12
    expect(histogramOf([hour, hour + 2]).stddev).toBe(1)
    expect(histogramOf([hour, hour, hour]).stddev).toBe(0)
  })

  it('loses no sample: the counts of its buckets add up, and each sample lies in a bucket', () => {
    const random = new Prng(SEED)
    const samples = Array.from({length: 5000}, () => 2 ** random.below(47) + random.below(1000))
    const buckets = [...histogramOf(samples).buckets()]
    expect(buckets.reduce((total, bucket) => total + bucket.count, 0)).toBe(samples.length)
    for (const {fromNs, toNs, count} of buckets) {
      expect(samples.filter((sample) => sample >= fromNs && sample < toNs)).toHaveLength(count)
    }
  })

  it('agrees with the histogram of Node, which keeps three digits', () => {
    const random = new Prng(SEED)
    const node = createHistogram()
    const ours = new Histogram()
    for (let i = 0; i < 20_000; i++) {
      const ns = 1 + random.below(1000) * random.below(10_000)
      node.record(ns)
      ours.record(ns)
    }
    expect(ours.count).toBe(node.count)
    expect(ours.min).toBe(node.min)
    expect(Math.abs(ours.max - node.max) / node.max).toBeLessThan(0.001)
    for (const percentile of [1, 10, 50, 90, 99, 99.9]) {
      const theirs = node.percentile(percentile)
      expect(Math.abs(ours.quantile(percentile / 100) - theirs) / theirs).toBeLessThan(1 / 256 + 1 / 1000)
    }
  })

  it('says nought of everything when it is empty', () => {
    const empty = new Histogram()
    expect([empty.count, empty.min, empty.max, empty.mean, empty.stddev, empty.quantile(0.5)]).toEqual([
      0, 0, 0, 0, 0, 0,
    ])
    expect([...empty.buckets()]).toEqual([])
  })

  it('counts what is less than zero as zero, and keeps the greatest exactly beyond its last bucket', () => {
    const histogram = histogramOf([-5, 0.25, 2 ** 50, 2 ** 51])
    expect([histogram.count, histogram.min, histogram.max]).toEqual([4, 0, 2 ** 51])
    expect([...histogram.buckets()].map(({count}) => count)).toEqual([2, 2])
  })

  it('refuses a quantile that is none', () => {
    expect(() => histogramOf([1]).quantile(99)).toThrow('the quantile 99 is not between 0 and 1')
  })
})

describe('merging histograms', () => {
  it('equals recording all samples in one', () => {
    fc.assert(
      fc.property(fc.array(latencies, {minLength: 1, maxLength: 5}), (parts) => {
        const merged = new Histogram()
        for (const part of parts) merged.merge(histogramOf(part))
        const together = histogramOf(parts.flat())
        expect(merged.toJSON().buckets).toEqual(together.toJSON().buckets)
        expect(figuresOf(merged)).toEqual(figuresOf(together))
        expect(Math.abs(merged.stddev - together.stddev)).toBeLessThanOrEqual(1e-6 * (1 + together.max))
      }),
      {seed: SEED},
    )
  })

  it('changes nothing when one of the two is empty', () => {
    const some = histogramOf([5, 7, 900])
    const before = some.toJSON()
    some.merge(new Histogram())
    expect(some.toJSON()).toEqual(before)
    const none = new Histogram()
    none.merge(some)
    expect(none.toJSON()).toEqual(before)
  })
})

function figuresOf(histogram: Histogram): number[] {
  return [histogram.count, histogram.min, histogram.max, histogram.sum]
}

describe('a histogram as JSON', () => {
  it('comes back as it was, through text, and takes more samples', () => {
    fc.assert(
      fc.property(latencies, latency, (samples, more) => {
        const back = Histogram.fromJSON(JSON.parse(JSON.stringify(histogramOf(samples))))
        expect(back.toJSON()).toEqual(histogramOf(samples).toJSON())
        back.record(more)
        expect(back.toJSON()).toEqual(histogramOf([...samples, more]).toJSON())
      }),
      {seed: SEED},
    )
  })

  it('comes back empty when it was', () => {
    const back = Histogram.fromJSON(JSON.parse(JSON.stringify(new Histogram())))
    back.record(3)
    expect([back.count, back.min, back.max]).toEqual([1, 3, 3])
  })

  it('names only buckets that hold something', () => {
    expect(histogramOf([0, 1, 1, 2]).toJSON().buckets).toEqual([1, 1, 1, 2, 128, 1])
  })

  it.each([
    ['a bucket that there is not', {figures: [1, 1, 1, 1, 1, 0, 0], buckets: [1e6, 1]}],
    ['counts that do not add up', {figures: [2, 1, 1, 1, 1, 0, 0], buckets: [1, 1]}],
    ['too few figures', {figures: [1], buckets: [1, 1]}],
  ])('is refused with %s', (_what, json) => {
    expect(() => Histogram.fromJSON(json)).toThrow('histogram')
  })
})
