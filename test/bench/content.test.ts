import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {CheckedContent, UnitMap} from '../../src/bench/content.js'

describe('content that can be checked', () => {
  it('is told from any other bytes, at the byte where they differ first', () => {
    const content = new CheckedContent(512, 5)
    const block = new Uint8Array(512)
    content.fill(block, 4096)
    expect(content.firstDifference(block, 4096)).toBe(-1)
    fc.assert(
      fc.property(fc.integer({min: 0, max: 511}), fc.integer({min: 0, max: 7}), (at, bit) => {
        const flipped = block.slice()
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit)
        expect(content.firstDifference(flipped, 4096)).toBe(at)
      }),
    )
  })

  it('is another one at every place and under every seed: a misplaced block is found', () => {
    const [one, other] = [new CheckedContent(512, 5), new CheckedContent(512, 6)]
    const block = new Uint8Array(512)
    one.fill(block, 4096)
    expect(one.firstDifference(block, 4608)).toBeGreaterThanOrEqual(0)
    expect(other.firstDifference(block, 4096)).toBeGreaterThanOrEqual(0)
  })

  it('does not depend on how long the write was that put it there', () => {
    const content = new CheckedContent(512, 5)
    const [whole, part] = [new Uint8Array(2048), new Uint8Array(512)]
    content.fill(whole, 8192)
    content.fill(part, 8192 + 1024)
    expect(whole.subarray(1024, 1536)).toEqual(part)
  })

  it('is told from blocks that no such workload wrote', () => {
    const content = new CheckedContent(512, 5)
    const block = new Uint8Array(512)
    expect(content.isForeign(block)).toBe(true)
    content.fill(block, 0)
    expect(content.isForeign(block)).toBe(false)
  })
})

describe('the map of units', () => {
  it('has what was added to it or to a map merged into it', () => {
    const [one, other] = [new UnitMap(100), new UnitMap(100)]
    one.add(30, 5)
    other.add(99, 1)
    one.merge(other.bits)
    expect(Array.from({length: 100}, (_, i) => i).filter((unit) => one.has(unit))).toEqual([30, 31, 32, 33, 34, 99])
  })
})
