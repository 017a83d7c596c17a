import {describe, expect, it} from 'vitest'
import {ContentIndex} from '../../src/trace/content-index.js'

/** Digests that differ in one word only; the first decides where they go in the table. */
function digest(first: number, last = 0): Uint8Array {
  return new Uint8Array(Uint32Array.of(first, 1, 2, last).buffer)
}

describe('the index of contents', () => {
  it('finds where each of many contents is, also at offset 0', () => {
    const index = new ContentIndex()
    expect(index.find(digest(7))).toBeUndefined()
    for (let i = 0; i < 10_000; i++) index.add(digest(i), i)
    for (let i = 0; i < 10_000; i++) expect(index.find(digest(i))).toBe(i)
    expect(index.find(digest(10_000))).toBeUndefined()
  })

  it('tells contents apart that want the same slot', () => {
    const index = new ContentIndex()
    for (let i = 0; i < 1000; i++) index.add(digest(5, i), 2 ** 40 + i)
    for (let i = 0; i < 1000; i++) expect(index.find(digest(5, i))).toBe(2 ** 40 + i)
    expect(index.find(digest(5, 1000))).toBeUndefined()
  })
})
