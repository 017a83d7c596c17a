import fc from 'fast-check'
import {describe, expect, it} from 'vitest'

import {Prng} from '../../src/base/index.js'

const SEED = 20260201
const MASK = 0xffffffffn

/** xoshiro128** from its published description, on bigints, so that it shares no arithmetic with the code under test. */
function* xoshiro(state: readonly bigint[]): Generator<number, never> {
  let [a, b, c, d] = state as [bigint, bigint, bigint, bigint]
  const rotate = (word: bigint, by: bigint): bigint => ((word << by) | (word >> (32n - by))) & MASK
  for (;;) {
    yield Number((rotate((b * 5n) & MASK, 7n) * 9n) & MASK)
    const t = (b << 9n) & MASK
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = rotate(d, 11n)
  }
}

/** The finaliser of MurmurHash3, 32 bits. */
function murmur(word: bigint): bigint {
  let z = word
  z = ((z ^ (z >> 16n)) * 0x85ebca6bn) & MASK
  z = ((z ^ (z >> 13n)) * 0xc2b2ae35n) & MASK
  return z ^ (z >> 16n)
}

/** The stream of a seed: its two halves folded, four steps of the golden ratio mixed to a state. */
function streamOf(seed: bigint): Generator<number, never> {
  const start = (seed & MASK) ^ (seed >> 32n)
  return xoshiro([1n, 2n, 3n, 4n].map((step) => murmur((start + step * 0x9e3779b9n) & MASK)))
}

function take(count: number, from: {next(): number} | Generator<number, never>): number[] {
  return Array.from({length: count}, () => {
    const drawn = from.next()
    return typeof drawn === 'number' ? drawn : drawn.value
  })
}

function bytesOf(seed: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  new Prng(seed).fill(bytes)
  return bytes
}

describe('the reference this file compares with', () => {
  it('gives the published numbers of xoshiro128** for the state 1, 2, 3, 4', () => {
    expect(take(8, xoshiro([1n, 2n, 3n, 4n]))).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849,
    ])
  })

  it('gives the published finaliser of MurmurHash3', () => {
    expect(murmur(0n)).toBe(0n)
    expect(murmur(1n)).toBe(0x514e28b7n)
  })
})

describe('a seed', () => {
  it.each([0, 1, 42, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 7, Number.MAX_SAFE_INTEGER])(
    '%i gives the stream of xoshiro128**',
    (seed) => {
      expect(take(100, new Prng(seed))).toEqual(take(100, streamOf(BigInt(seed))))
    },
  )

  it('gives the same bytes every time', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat(300), (seed, length) => {
        expect(bytesOf(seed, length)).toEqual(bytesOf(seed, length))
      }),
      {seed: SEED},
    )
  })

  it('below 2^32 shares its bytes with no other', () => {
    const seed = fc.nat({max: 2 ** 32 - 1})
    fc.assert(
      fc.property(seed, seed, (one, other) => {
        fc.pre(one !== other)
        expect(bytesOf(one, 16)).not.toEqual(bytesOf(other, 16))
      }),
      {seed: SEED},
    )
    expect(new Set(Array.from({length: 10_000}, (_, i) => bytesOf(i, 16).join())).size).toBe(10_000)
  })
})

describe('filling bytes', () => {
  it('writes the numbers of the stream little-endian', () => {
    const [first = 0, second = 0] = take(2, new Prng(7))
    const expected = Buffer.alloc(8)
    expected.writeUInt32LE(first, 0)
    expected.writeUInt32LE(second, 4)
    expect(bytesOf(7, 8)).toEqual(new Uint8Array(expected))
    expect(bytesOf(7, 6)).toEqual(new Uint8Array(expected.subarray(0, 6)))
  })

  it('a longer fill begins with a shorter one', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(64), fc.nat(64), (seed, short, more) => {
        expect(bytesOf(seed, short + more).subarray(0, short)).toEqual(bytesOf(seed, short))
      }),
      {seed: SEED},
    )
  })

  it('in pieces of whole words gives the same bytes as in one go', () => {
    const prng = new Prng(9)
    const pieces = [4, 0, 12, 8].flatMap((length) => {
      const piece = new Uint8Array(length)
      prng.fill(piece)
      return [...piece]
    })
    expect(pieces).toEqual([...bytesOf(9, 24)])
  })
})

describe('drawing', () => {
  it('below a limit gives whole numbers from 0 up to the limit, without it', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({min: 1, max: 2 ** 32 - 1}), (seed, limit) => {
        const drawn = new Prng(seed).below(limit)
        expect(Number.isInteger(drawn) && drawn >= 0 && drawn < limit).toBe(true)
      }),
      {seed: SEED},
    )
    expect(new Prng(3).below(1)).toBe(0)
  })

  it('is even: no face of a die is off by more than a twentieth in 60000 throws', () => {
    const prng = new Prng(1)
    const faces = [0, 0, 0, 0, 0, 0]
    for (let i = 0; i < 60_000; i++) {
      const face = prng.below(6)
      faces[face] = (faces[face] ?? 0) + 1
    }
    for (const count of faces) expect(Math.abs(count - 10_000)).toBeLessThan(500)
  })

  it('sets each of the 32 bits half of the time', () => {
    const prng = new Prng(2)
    const words = Array.from({length: 10_000}, () => prng.next())
    for (let bit = 0; bit < 32; bit++) {
      const set = words.filter((word) => ((word >>> bit) & 1) === 1).length
      expect(Math.abs(set - 5_000), `bit ${bit}`).toBeLessThan(250)
    }
  })

  it('by chance never happens at 0, always at 1, and a quarter of the time at 0.25', () => {
    const prng = new Prng(5)
    const hits = (probability: number): number =>
      Array.from({length: 10_000}, () => prng.chance(probability)).filter(Boolean).length
    expect(hits(0)).toBe(0)
    expect(hits(1)).toBe(10_000)
    expect(Math.abs(hits(0.25) - 2_500)).toBeLessThan(200)
  })

  it('picks every one of the given values, and no other', () => {
    const prng = new Prng(6)
    expect(new Set(Array.from({length: 200}, () => prng.pick(['a', 'b', 'c'])))).toEqual(new Set(['a', 'b', 'c']))
  })
})
