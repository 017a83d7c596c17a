import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {overlaps} from '../../src/base/index.js'
import {freshOnFileSystem, freshParts} from '../../src/image/freshness.js'

const SEED = 20_091
const BLOCK = 4096
const block = (index: number, count = 1): {offsetBytes: number; lengthBytes: number} => ({
  offsetBytes: index * BLOCK,
  lengthBytes: count * BLOCK,
})

describe('the parts of a range that are not simply overwritten', () => {
  it('a hole is fresh, rounded out to blocks of the file system', () => {
    expect(freshParts({offsetBytes: 512, lengthBytes: 512}, [], BLOCK)).toEqual([block(0)])
    expect(freshParts({offsetBytes: 4000, lengthBytes: 200}, [], BLOCK)).toEqual([block(0, 2)])
  })

  it('allocated and written blocks are not', () => {
    expect(freshParts(block(2, 3), [{...block(0, 8), flags: 1}], BLOCK)).toEqual([])
  })

  // FIEMAP_EXTENT_* of linux/fiemap.h
  it.each([
    ['unknown', 0x2],
    ['delayed', 0x4 | 0x2],
    ['compressed', 0x8],
    ['not aligned', 0x100],
    ['inline', 0x200 | 0x100],
    ['tail-packed', 0x400 | 0x100],
    ['unwritten', 0x800],
    ['shared', 0x2000],
  ])('blocks of an extent that is %s are', (_name, flags) => {
    expect(freshParts(block(0, 2), [{...block(0, 2), flags: flags | 1}], BLOCK)).toEqual([block(0, 2)])
  })

  it('merged and encrypted extents are overwritten in place like any other', () => {
    expect(freshParts(block(0, 2), [{...block(0, 2), flags: 0x1000 | 0x80 | 1}], BLOCK)).toEqual([])
  })

  it('holes before, between and behind extents are found', () => {
    const extents = [
      {...block(1), flags: 0},
      {...block(3), flags: 0x800},
      {...block(4, 2), flags: 1},
    ]
    expect(freshParts(block(0, 8), extents, BLOCK)).toEqual([block(0), block(2, 2), block(6, 2)])
  })

  it(`each block is fresh exactly when no plain extent holds it (seed ${SEED})`, () => {
    const layout = fc.array(fc.constantFrom('hole', 'plain', 'unwritten'), {minLength: 1, maxLength: 24})
    const range = fc.tuple(fc.nat(24 * BLOCK - 1), fc.integer({min: 1, max: 8 * BLOCK}))
    fc.assert(
      fc.property(layout, range, (blocks, [offsetBytes, lengthBytes]) => {
        const extents = blocks.flatMap((kind, i) =>
          kind === 'hole' ? [] : [{...block(i), flags: kind === 'plain' ? 0 : 0x800}],
        )
        const asked = {offsetBytes, lengthBytes}
        const fresh = freshParts(asked, extents, BLOCK)
        for (let i = 0; i < 40; i++) {
          const expected = overlaps(block(i), asked) && blocks[i] !== 'plain'
          expect(fresh.some((part) => overlaps(part, block(i)))).toBe(expected)
        }
      }),
      {seed: SEED},
    )
  })
})

describe('freshness by file system', () => {
  const plain = (): {offsetBytes: number; lengthBytes: number; flags: number}[] => [{...block(0, 64), flags: 1}]

  it('in place: what the extent map says', () => {
    const fileSystem = {overwrites: 'in-place', blockBytes: BLOCK} as const
    expect(freshOnFileSystem(block(1), fileSystem, plain)).toEqual([])
    expect(freshOnFileSystem(block(1), fileSystem, () => [])).toEqual([block(1)])
  })

  it('copy on write: every write is fresh, whatever is mapped now', () => {
    const range = {offsetBytes: 512, lengthBytes: 512}
    expect(freshOnFileSystem(range, {overwrites: 'elsewhere', blockBytes: BLOCK}, plain)).toEqual([block(0)])
  })

  it('nobody can tell on an unknown file system, nor without an extent map', () => {
    expect(freshOnFileSystem(block(1), {overwrites: 'unknown', blockBytes: BLOCK}, plain)).toBeUndefined()
    expect(freshOnFileSystem(block(1), {overwrites: 'in-place', blockBytes: BLOCK}, () => -95)).toBeUndefined()
  })

  it('an empty range has no fresh part', () => {
    const empty = {offsetBytes: 512, lengthBytes: 0}
    expect(freshOnFileSystem(empty, {overwrites: 'elsewhere', blockBytes: BLOCK}, plain)).toEqual([])
  })
})
