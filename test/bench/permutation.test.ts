import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {Permutation} from '../../src/bench/permutation.js'

describe('a permutation', () => {
  it('has each number once, for any count and seed', () => {
    fc.assert(
      fc.property(fc.integer({min: 1, max: 2000}), fc.integer({min: 0, max: 2 ** 32 - 1}), (count, seed) => {
        const order = new Permutation(count, seed)
        const seen = new Set(Array.from({length: count}, (_, i) => order.at(i)))
        expect(seen.size).toBe(count)
        expect(Math.min(...seen)).toBe(0)
        expect(Math.max(...seen)).toBe(count - 1)
      }),
    )
  })

  it('stays in range where a count needs more than 32 bits', () => {
    const count = 2 ** 40 + 7
    const order = new Permutation(count, 3)
    const places = Array.from({length: 10_000}, (_, i) => order.at(count - 1 - i))
    expect(new Set(places).size).toBe(10_000)
    expect(Math.max(...places)).toBeLessThan(count)
    expect(Math.max(...places)).toBeGreaterThan(count * 0.99)
  })

  it('puts neighbours apart', () => {
    const order = new Permutation(100_000, 1)
    const steps = Array.from({length: 1000}, (_, i) => Math.abs(order.at(i + 1) - order.at(i)))
    const mean = steps.reduce((sum, step) => sum + step, 0) / steps.length
    // Of two numbers drawn from n the distance is n/3 on average.
    expect(mean / 100_000).toBeCloseTo(1 / 3, 1)
  })
})
