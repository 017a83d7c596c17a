import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {Prng} from '../../src/base/index.js'
import {fillPattern, firstDifference, type Pattern} from '../../src/batch/index.js'

function filled(pattern: Pattern, length: number, fileBytes?: Uint8Array): number[] {
  const target = new Uint8Array(length).fill(0xee)
  fillPattern(pattern, target, fileBytes)
  return [...target]
}

const FILE: Pattern = {kind: 'file', path: 'x', offsetBytes: 0}

describe('filling a range with a pattern', () => {
  it('writes a byte everywhere', () => {
    expect(filled({kind: 'byte', value: 0xaa}, 4)).toEqual([0xaa, 0xaa, 0xaa, 0xaa])
  })

  it('writes text as UTF-8', () => {
    expect(filled({kind: 'text', text: 'é'}, 2)).toEqual([0xc3, 0xa9])
  })

  it('repeats what is shorter than the range and cuts what is longer', () => {
    const bytes = Uint8Array.of(1, 2, 3)
    expect(filled({kind: 'hex', bytes}, 8)).toEqual([1, 2, 3, 1, 2, 3, 1, 2])
    expect(filled({kind: 'hex', bytes}, 2)).toEqual([1, 2])
    expect(filled(FILE, 7, bytes)).toEqual([1, 2, 3, 1, 2, 3, 1])
    expect(filled({kind: 'text', text: 'ab'}, 5)).toEqual([97, 98, 97, 98, 97])
    expect(filled({kind: 'hex', bytes}, 0)).toEqual([])
  })

  it('keeps the phase of a repetition at every length', () => {
    fc.assert(
      fc.property(fc.uint8Array({minLength: 1, maxLength: 40}), fc.nat({max: 500}), (bytes, length) => {
        expect(filled({kind: 'hex', bytes}, length)).toEqual(Array.from({length}, (_, i) => bytes[i % bytes.length]))
      }),
      {seed: 20110412, numRuns: 300},
    )
  })

  it('gives the same random bytes for the same seed, others for another', () => {
    const expected = new Uint8Array(515)
    new Prng(42).fill(expected)
    expect(filled({kind: 'seed', seed: 42}, 515)).toEqual([...expected])
    expect(filled({kind: 'seed', seed: 42}, 100)).toEqual([...expected.subarray(0, 100)])
    expect(filled({kind: 'seed', seed: 43}, 515)).not.toEqual([...expected])
  })

  it('treats a file that was not loaded, or is empty, as an error of the caller', () => {
    expect(() => filled(FILE, 4)).toThrow(/file:x was not loaded/)
    expect(() => filled(FILE, 4, new Uint8Array())).toThrow(/no bytes/)
  })
})

describe('comparing what was read', () => {
  it('finds the first byte that differs', () => {
    expect(firstDifference(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 3))).toBe(-1)
    expect(firstDifference(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 9, 9))).toBe(1)
    expect(firstDifference(new Uint8Array(), new Uint8Array())).toBe(-1)
  })

  it('takes the end of the shorter one as a difference', () => {
    expect(firstDifference(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2))).toBe(2)
    expect(firstDifference(Uint8Array.of(), Uint8Array.of(1))).toBe(0)
  })
})
