import {describe, expect, it} from 'vitest'
import {isInShard, parseShard, shareOf} from '../../src/crash/index.js'

describe('a shard', () => {
  it.each([
    ['1/1', {index: 1, count: 1}],
    ['3/8', {index: 3, count: 8}],
  ])('is written as which of how many: %s', (text, shard) => {
    expect(parseShard(text)).toEqual(shard)
  })

  it.each(['', '1', '0/4', '5/4', '1/0', '-1/4', '1/4/2', '1 / 4', '01/4', '1.5/4', 'a/b'])('is not "%s"', (text) => {
    expect(() => parseShard(text)).toThrow(expect.objectContaining({kind: 'usage', code: 'E_SHARD'}))
  })

  it('shares every item out to exactly one of them, evenly', () => {
    const sizes = [1, 2, 3].map(
      (index) =>
        Array.from({length: 100}, (_, item) => item).filter((item) => isInShard({index, count: 3}, item)).length,
    )
    expect(sizes).toEqual([34, 33, 33])
  })

  it('is shared out further, as the whole is, without a rest and without overlap', () => {
    const part = {index: 2, count: 3}
    const items = Array.from({length: 100}, (_, item) => item)
    const shares = [1, 2, 3, 4].map((index) =>
      items.filter((item) => isInShard(shareOf(part, {index, count: 4}), item)),
    )
    expect(shares.flat().toSorted((a, b) => a - b)).toEqual(items.filter((item) => isInShard(part, item)))
    expect(shareOf(undefined, {index: 3, count: 4})).toEqual({index: 3, count: 4})
  })
})
