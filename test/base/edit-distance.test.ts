import fc from 'fast-check'
import {expect, it} from 'vitest'

import {editDistance} from '../../src/base/edit-distance.js'

it.each([
  ['run', 'run', 0],
  ['run', 'runn', 1],
  ['run', 'ru', 1],
  ['run', 'ran', 1],
  ['run', 'rnu', 1],
  ['kitten', 'sitting', 3],
  ['', 'abc', 3],
])('between %j and %j lie this many slips: %i', (a, b, slips) => {
  expect(editDistance(a, b)).toBe(slips)
})

it('is the same both ways, 0 only for equal words, and never more than the longer word', () => {
  const word = fc.string({unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6})
  fc.assert(
    fc.property(word, word, (a, b) => {
      const slips = editDistance(a, b)
      expect(editDistance(b, a)).toBe(slips)
      expect(slips === 0).toBe(a === b)
      expect(slips).toBeLessThanOrEqual(Math.max(a.length, b.length))
      expect(slips).toBeGreaterThanOrEqual(Math.abs(a.length - b.length))
    }),
    {seed: 20260106},
  )
})
