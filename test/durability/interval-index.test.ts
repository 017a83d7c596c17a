import fc from 'fast-check'
import {expect, it} from 'vitest'
import {indexIntervals} from '../../src/durability/interval-index.js'
import {SEED} from './history.js'

const span = fc.tuple(fc.nat(50), fc.integer({min: 1, max: 20}))

it('a visit sees exactly the intervals that share a point with the range, later ones first', () => {
  fc.assert(
    fc.property(fc.array(span), span, (spans, [from, length]) => {
      const froms = spans.map(([start]) => start)
      const tos = spans.map(([start, size]) => start + size)
      const seen: number[] = []
      indexIntervals(spans.length, froms, tos).visit(from, from + length, (interval) => seen.push(interval) > 0)
      const expected = froms.flatMap((start, i) => (start < from + length && (tos[i] ?? 0) > from ? [i] : []))
      expect(seen).toEqual(expected.toSorted((a, b) => (froms[b] ?? 0) - (froms[a] ?? 0) || b - a))
    }),
    {seed: SEED},
  )
})

it('a visit ends when the visitor has seen enough', () => {
  const seen: number[] = []
  indexIntervals(3, [0, 0, 0], [9, 9, 9]).visit(0, 1, (interval) => {
    seen.push(interval)
    return false
  })
  expect(seen).toEqual([2])
})
