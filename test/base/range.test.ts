import fc from 'fast-check'
import {describe, expect, it} from 'vitest'

import {alignOut, isMultipleOf, joinRanges, overlaps, type Range} from '../../src/base/index.js'

const SEED = 20260202
const range: fc.Arbitrary<Range> = fc.record({offsetBytes: fc.nat(40), lengthBytes: fc.nat(12)})

/** Every byte of the ranges, one by one. */
function bytesOf(...ranges: readonly Range[]): Set<number> {
  return new Set(ranges.flatMap((one) => Array.from({length: one.lengthBytes}, (_, i) => one.offsetBytes + i)))
}

function sorted(bytes: Iterable<number>): number[] {
  return [...bytes].toSorted((a, b) => a - b)
}

function endOf({offsetBytes, lengthBytes}: Range): number {
  return offsetBytes + lengthBytes
}

describe('two ranges', () => {
  it('overlap exactly when they share a byte', () => {
    fc.assert(
      fc.property(range, range, (a, b) => {
        const shared = [...bytesOf(a)].some((byte) => bytesOf(b).has(byte))
        expect(overlaps(a, b)).toBe(shared)
        expect(overlaps(b, a)).toBe(shared)
      }),
      {seed: SEED, numRuns: 2000},
    )
  })

  it('that only touch do not overlap', () => {
    expect(overlaps({offsetBytes: 0, lengthBytes: 512}, {offsetBytes: 512, lengthBytes: 512})).toBe(false)
  })

  it('do not overlap when one is empty, not even inside the other', () => {
    expect(overlaps({offsetBytes: 512, lengthBytes: 0}, {offsetBytes: 0, lengthBytes: 4096})).toBe(false)
  })
})

describe('joining ranges', () => {
  it('keeps every byte, adds none, and leaves them sorted and apart', () => {
    fc.assert(
      fc.property(fc.array(range, {maxLength: 8}), (ranges) => {
        const joined = joinRanges(ranges)
        expect(sorted(bytesOf(...joined))).toEqual(sorted(bytesOf(...ranges)))
        expect(joined.filter(({lengthBytes}) => lengthBytes <= 0)).toEqual([])
        const gaps = joined.slice(1).map((one, i) => one.offsetBytes - endOf(joined[i] ?? one))
        expect(gaps.filter((gapBytes) => gapBytes <= 0)).toEqual([])
      }),
      {seed: SEED, numRuns: 1000},
    )
  })

  it('leaves what it was given as it was', () => {
    const given = [
      {offsetBytes: 8, lengthBytes: 8},
      {offsetBytes: 0, lengthBytes: 9},
    ]
    const before = structuredClone(given)
    expect(joinRanges(given)).toEqual([{offsetBytes: 0, lengthBytes: 16}])
    expect(given).toEqual(before)
  })
})

describe('rounding out to blocks', () => {
  it('gives exactly the blocks that hold a byte of the range', () => {
    fc.assert(
      fc.property(range, fc.integer({min: 1, max: 9}), (one, blockBytes) => {
        const blocks = new Set([...bytesOf(one)].map((byte) => Math.floor(byte / blockBytes)))
        const bytes = sorted(blocks).flatMap((block) =>
          Array.from({length: blockBytes}, (_, i) => block * blockBytes + i),
        )
        const whole = alignOut(one, blockBytes)
        expect(sorted(bytesOf(whole))).toEqual(bytes)
        expect(whole.offsetBytes % blockBytes).toBe(0)
      }),
      {seed: SEED, numRuns: 1000},
    )
  })

  it('stays exact beyond 2^32', () => {
    const far = 2 ** 45
    expect(alignOut({offsetBytes: far + 513, lengthBytes: 512}, 4096)).toEqual({offsetBytes: far, lengthBytes: 4096})
  })
})

describe('a multiple of a unit', () => {
  it('is what leaves no remainder, for powers of two and for other units, up to 2^53', () => {
    const bytes = fc.oneof(fc.nat(10_000), fc.integer({min: 0, max: 2 ** 53 - 1}))
    const unit = fc.oneof(
      fc.nat(16).map((bits) => 2 ** bits),
      fc.integer({min: 1, max: 5000}),
    )
    fc.assert(
      fc.property(bytes, unit, (some, of) => {
        expect(isMultipleOf(some, of)).toBe(some % of === 0)
        const multiple = Math.floor(some / of) * of
        expect(isMultipleOf(multiple, of)).toBe(true)
      }),
      {seed: SEED},
    )
  })
})
