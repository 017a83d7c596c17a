import {describe, expect, it} from 'vitest'
import {Fences, UnsyncedRanges, type PendingWrite} from '../../src/engine/range-order.js'

const BOTH = {before: true, after: true}
const BEFORE = {before: true, after: false}
const AFTER = {before: false, after: true}
const A = {start: 0, end: 4096}
const B = {start: 8192, end: 12288}
const FREE = {behind: [], syncs: false}

function writing(id: number, at: {start: number; end: number}, stable = false): PendingWrite {
  return {id, ...at, stable}
}

describe('an order between ranges', () => {
  it('with both sides is about its own range only', () => {
    const fences = new Fences()
    fences.add(A, BOTH, [writing(1, A), writing(2, B)], 0)
    expect(fences.holds(A, 0)).toEqual({behind: [1], syncs: true})
    expect(fences.holds(B, 0)).toEqual(FREE)
  })

  it('with the side before is about everything before, and its range from now on', () => {
    const fences = new Fences()
    fences.add(A, BEFORE, [writing(1, A), writing(2, B)], 0)
    expect(fences.holds(A, 0)).toEqual({behind: [1, 2], syncs: true})
    expect(fences.holds(B, 0)).toEqual(FREE)
  })

  it('with the side after is about its range before, and everything from now on', () => {
    const fences = new Fences()
    fences.add(A, AFTER, [writing(1, A), writing(2, B)], 0)
    expect(fences.holds(B, 0)).toEqual({behind: [1], syncs: true})
  })

  it('counts bytes that touch, not those that only meet', () => {
    const fences = new Fences()
    fences.add(A, BOTH, [writing(1, A)], 0)
    expect(fences.holds({start: 4096, end: 8192}, 0)).toEqual(FREE)
    expect(fences.holds({start: 4095, end: 8192}, 0).behind).toEqual([1])
  })

  it('names a write once that several orders are about', () => {
    const fences = new Fences()
    fences.add(A, BOTH, [writing(1, A)], 0)
    fences.add(A, AFTER, [writing(1, A)], 0)
    expect(fences.holds(A, 0).behind).toEqual([1])
  })

  it('asks for a sync until one has covered the last of its writes, and is forgotten then', () => {
    const fences = new Fences()
    fences.add(A, BOTH, [writing(1, A)], 5)
    fences.ended(1, 7)
    expect(fences.holds(A, 6)).toEqual({behind: [], syncs: true})
    expect(fences.holds(A, 7)).toEqual(FREE)
    expect(fences.size).toBe(0)
  })

  it('is not moved by the end of a write that it is not about', () => {
    const fences = new Fences()
    fences.add(A, BOTH, [writing(2, B)], 5)
    fences.ended(2, 9)
    expect(fences.holds(A, 5)).toEqual(FREE)
  })

  it('asks for no sync while all it waits for will be stable, and none is left over', () => {
    const fences = new Fences()
    fences.add(A, BOTH, [writing(1, A, true)], 3)
    expect(fences.holds(A, 3)).toEqual({behind: [1], syncs: false})
    expect(fences.holds(A, 2)).toEqual({behind: [1], syncs: true})
  })
})

describe('the ranges that are not synced', () => {
  it('know the newest write to a range by its number', () => {
    const ranges = new UnsyncedRanges()
    ranges.add(0, 4096, 1)
    ranges.add(2048, 8192, 2)
    ranges.add(0, 512, 3)
    expect([ranges.newest(0, 512), ranges.newest(512, 1024), ranges.newest(4096, 8192)]).toEqual([3, 1, 2])
    expect(ranges.newest(8192, 9216)).toBe(0)
  })

  it('forget what a sync has covered, and nothing that came later', () => {
    const ranges = new UnsyncedRanges()
    ranges.add(0, 512, 1)
    ranges.add(0, 512, 2)
    ranges.synced(1)
    expect(ranges.newest(0, 512)).toBe(2)
    ranges.synced(2)
    expect(ranges.newest(0, 512)).toBe(0)
  })

  it('take no notice of what wrote nothing', () => {
    const ranges = new UnsyncedRanges()
    ranges.add(512, 512, 1)
    expect(ranges.newest(0, 4096)).toBe(0)
  })
})
