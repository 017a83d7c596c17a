import {describe, expect, it} from 'vitest'
import {drawShare, streamOf, type Purpose} from '../../../src/aio/sim/stream.js'
import {Chooser, Prng} from '../../../src/base/index.js'

const PURPOSES: readonly Purpose[] = ['disk', 'steps', 'faults', 'crash']

describe('the random numbers of a simulation', () => {
  it('are the same for the same seed and purpose', () => {
    for (const purpose of PURPOSES) expect(streamOf(7, purpose).next()).toBe(streamOf(7, purpose).next())
  })

  it('are of each purpose its own, so that one seed may serve them all', () => {
    for (const [i, one] of PURPOSES.entries()) {
      for (const other of PURPOSES.slice(i + 1)) {
        // Of 1000 seeds, two unrelated streams agree on the first bit for about 500.
        const agreeing = Array.from({length: 1000}, (_, seed) => seed).filter(
          (seed) => streamOf(seed, one).next() >>> 31 === streamOf(seed, other).next() >>> 31,
        )
        expect(agreeing.length, `${one} and ${other}`).toBeGreaterThan(400)
        expect(agreeing.length, `${one} and ${other}`).toBeLessThan(600)
      }
    }
  })
})

describe('a share of many', () => {
  it('is none, some or all of them by the seed', () => {
    const prng = new Prng(1)
    const drawn = new Set(Array.from({length: 200}, () => drawShare(prng)))
    expect([...drawn].toSorted((a, b) => a - b)).toEqual([0, 0.25, 0.5, 0.75, 1])
  })

  it('leaves each of them open, without a question, where every answer is given in turn', () => {
    const chooser = new Chooser()
    expect(drawShare(chooser)).toBe(0.5)
    expect(chooser.answers).toEqual([])
  })
})
