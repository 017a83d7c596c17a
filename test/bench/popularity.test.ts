import {describe, expect, it} from 'vitest'
import {Prng} from '../../src/base/index.js'
import {Popularity} from '../../src/bench/popularity.js'
import type {Distribution} from '../../src/bench/workload.js'

const DRAWS = 100_000

function sharesOf(distribution: Distribution, count: number): number[] {
  const popularity = new Popularity(distribution, count, new Prng(11))
  const shares = Array.from({length: count}, () => 0)
  for (let i = 0; i < DRAWS; i++) {
    const rank = popularity.next()
    shares[rank] = (shares[rank] ?? Number.NaN) + 1 / DRAWS
  }
  return shares
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

describe('how often a block comes', () => {
  it('is the same for all without a distribution', () => {
    for (const share of sharesOf({kind: 'random'}, 10)) expect(share).toBeCloseTo(0.1, 1)
  })

  it('falls with the rank as zipf says: the first twice as often as the second for theta near 1', () => {
    const theta = 0.99
    const shares = sharesOf({kind: 'zipf', theta}, 1000)
    const zeta = sum(Array.from({length: 1000}, (_, k) => (k + 1) ** -theta))
    expect(shares[0]).toBeCloseTo(1 / zeta, 2)
    expect((shares[0] ?? 0) / (shares[1] ?? 1)).toBeCloseTo(2 ** theta, 0)
    expect(sum(shares.slice(0, 100))).toBeCloseTo(sum(Array.from({length: 100}, (_, k) => (k + 1) ** -theta)) / zeta, 1)
  })

  it('puts nearly all of a steep zipf on the first few', () => {
    const shares = sharesOf({kind: 'zipf', theta: 2}, 1000)
    expect(shares[0]).toBeCloseTo(6 / Math.PI ** 2, 1)
  })

  it('puts a share 1 - h of the accesses on a share h of the blocks under pareto', () => {
    const shares = sharesOf({kind: 'pareto', h: 0.2}, 1000)
    expect(sum(shares.slice(0, 200))).toBeCloseTo(0.8, 1)
  })

  it('has one answer for one block', () => {
    for (const distribution of [{kind: 'random'}, {kind: 'zipf', theta: 1.2}, {kind: 'pareto', h: 0.9}] as const) {
      expect(sharesOf(distribution, 1)[0]).toBeCloseTo(1)
    }
  })
})
