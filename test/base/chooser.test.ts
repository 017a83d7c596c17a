import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {Chooser, forEveryChoice, Prng, type Random} from '../../src/base/index.js'

/** What each run of a function came to, in order. */
function outcomes<T>(run: (random: Random) => T, after?: readonly number[]): T[] {
  const found: T[] = []
  const runs = forEveryChoice((chooser) => found.push(run(chooser)), {limit: 10_000, ...(after && {after})})
  expect(runs).toBe(found.length)
  return found
}

describe('every choice in turn', () => {
  it('is 2 x 3 x 2 = 12 runs for independent questions, the last varied fastest', () => {
    const found = outcomes((random) => [random.chance(0.3), random.below(3), random.pick(['a', 'b'])].join(' '))
    expect(found).toEqual(
      ['false', 'true'].flatMap((coin) =>
        ['0', '1', '2'].flatMap((die) => ['a', 'b'].map((letter) => `${coin} ${die} ${letter}`)),
      ),
    )
  })

  it('follows questions that depend on earlier answers: 1 + 3 + 2 x 2 = 8 runs', () => {
    const found = outcomes((random) => {
      const what = random.pick(['nothing', 'die', 'coins'])
      if (what === 'nothing') return what
      return what === 'die' ? `die ${random.below(3)}` : `coins ${random.chance(0.5)} ${random.chance(0.5)}`
    })
    expect(found).toHaveLength(8)
    expect(new Set(found).size).toBe(8)
  })

  it('is one run where there is no choice', () => {
    const found = outcomes((random) => [random.chance(0), random.chance(1), random.pick(['only']), random.below(1)])
    expect(found).toEqual([[false, true, 'only', 0]])
  })

  it('gives every order of a shuffle, each once', () => {
    const found = outcomes((random) => {
      const cards = ['a', 'b', 'c', 'd']
      for (let i = cards.length - 1; i > 0; i--) cards.push(...cards.splice(random.below(i + 1), 1))
      return cards.join('')
    })
    expect(found).toHaveLength(24)
  })

  it('never repeats a combination and never leaves one out, whatever tree the questions make', () => {
    const widths = fc.array(fc.integer({min: 1, max: 4}), {minLength: 1, maxLength: 5})
    fc.assert(
      fc.property(widths, fc.nat(), (tree, seed) => {
        // Where the tree goes on depends on what was answered so far, in a way that is different for every seed.
        const isLeaf = (path: readonly number[]): boolean =>
          path.length > 0 && new Prng(seed + path.reduce((sum, answer) => sum * 5 + answer + 1, 0)).chance(0.3)
        const count = (path: readonly number[]): number => {
          const width = tree[path.length]
          if (width === undefined || isLeaf(path)) return 1
          return Array.from({length: width}, (_, answer) => count([...path, answer])).reduce((a, b) => a + b)
        }
        const found = outcomes((random) => {
          const path: number[] = []
          for (const width of tree) {
            if (isLeaf(path)) break
            path.push(random.below(width))
          }
          return path.join()
        })
        expect(new Set(found).size).toBe(found.length)
        expect(found).toHaveLength(count([]))
      }),
      {seed: 8_2},
    )
  })

  it('can go on from answers that are settled', () => {
    const ask = (random: Random): string => [random.below(3), random.below(3), random.below(2)].join('')
    expect(outcomes(ask, [1])).toEqual(['100', '101', '110', '111', '120', '121'])
    expect(outcomes(ask, [2, 0])).toEqual(['200', '201'])
    expect(outcomes(ask, [2, 0, 1])).toEqual(['201'])
  })

  it('tells the answers of a run, with which another comes to the same point', () => {
    const ask = (random: Random): number => random.below(1) + random.below(4) * 10 + random.below(5)
    forEveryChoice(
      (chooser) => {
        const first = ask(chooser)
        expect(chooser.answers).toHaveLength(2)
        expect(ask(new Chooser(chooser.answers))).toBe(first)
      },
      {limit: 20},
    )
  })

  it('ends with an error at the first run beyond the limit', () => {
    let runs = 0
    const five = (limit: number): number => forEveryChoice((chooser) => (runs += 1 + 0 * chooser.below(5)), {limit})
    expect(five(5)).toBe(5)
    runs = 0
    expect(() => five(4)).toThrow('more than 4 combinations')
    expect(runs).toBe(4)
    expect(() => forEveryChoice((chooser) => chooser.next(), {limit: 100})).toThrow('more than 100')
  })

  it('notices a run that asks otherwise although it was answered the same', () => {
    let width = 4
    expect(() => forEveryChoice((chooser) => chooser.below(width--), {limit: 10})).toThrow('not deterministic')
    let asks = true
    const forgetful = (chooser: Chooser): void => {
      if (asks) chooser.below(2)
      asks = false
    }
    expect(() => forEveryChoice(forgetful, {limit: 10})).toThrow('not deterministic')
  })

  it('calls itself exhaustive, and a seeded generator does not', () => {
    expect(new Chooser().exhaustive).toBe(true)
    expect(new Prng(1).exhaustive).toBe(false)
  })
})
