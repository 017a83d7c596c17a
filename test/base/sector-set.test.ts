import {describe, expect, it} from 'vitest'

import {Prng, SectorSet, type Range} from '../../src/base/index.js'

/** A few pieces of the set, which has 8192 sectors in each. */
const SECTORS = 3 * 8192

describe('a set of sectors', () => {
  it.each([1, 2, 3, 4])('counts what was added, and tells what of a range is new (seed %i)', (seed) => {
    const prng = new Prng(seed)
    const set = new SectorSet()
    const known = new Set<number>()
    for (let i = 0; i < 200; i++) {
      const sector = prng.below(SECTORS)
      const count = 1 + prng.below(prng.chance(0.9) ? 100 : SECTORS - sector)
      const expected: Range[] = []
      for (let at = sector; at < sector + count; at++) {
        if (known.has(at)) continue
        known.add(at)
        const last = expected.at(-1)
        if (last && last.offsetBytes + last.lengthBytes === at * 512) {
          expected.splice(-1, 1, {...last, lengthBytes: last.lengthBytes + 512})
        } else expected.push({offsetBytes: at * 512, lengthBytes: 512})
      }
      const isTold = prng.chance(0.7)
      const added = isTold ? set.addNew(sector * 512, count * 512) : undefined
      if (!isTold) set.add(sector * 512, count * 512)
      expect(added).toEqual(isTold ? expected : undefined)
      expect(set.size).toBe(known.size)
    }
  })

  it.each([1, 2, 3, 4])('has what either of two had that were joined (seed %i)', (seed) => {
    const prng = new Prng(seed)
    const [one, other] = [new SectorSet(), new SectorSet()]
    const known = new Set<number>()
    for (let i = 0; i < 40; i++) {
      const sector = prng.below(SECTORS)
      const count = 1 + prng.below(prng.chance(0.7) ? 100 : SECTORS - sector)
      const set = prng.chance(0.5) ? one : other
      set.add(sector * 512, count * 512)
      for (let at = sector; at < sector + count; at++) known.add(at)
    }
    one.addAll(other)
    expect(one.size).toBe(known.size)
    expect(one.addNew(0, SECTORS * 512).reduce((sum, {lengthBytes}) => sum + lengthBytes, 0)).toBe(
      (SECTORS - known.size) * 512,
    )
  })

  it('takes as little for the whole of a huge image as for its ends', () => {
    const TIB = 2 ** 40
    const set = new SectorSet()
    for (let i = 0; i < 1000; i++) set.add(i * 512, 4000 * TIB + 512 * (i % 7)) // each sector by itself would take days
    expect(set.size).toBe((4000 * TIB) / 512 + 1004)
    const twice = new SectorSet()
    twice.add(512, TIB)
    twice.addAll(set)
    expect(twice.size).toBe(set.size)
  })

  it('has all sectors that a range of bytes touches', () => {
    const set = new SectorSet()
    expect(set.addNew(511, 2)).toEqual([{offsetBytes: 0, lengthBytes: 1024}])
    expect(set.addNew(1023, 2)).toEqual([{offsetBytes: 1024, lengthBytes: 512}])
    expect(set.addNew(0, 0)).toEqual([])
  })
})
