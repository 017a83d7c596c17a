import type {Random} from './random.js'

/**
 * A small seeded generator (xoshiro128** by Blackman and Vigna, state filled by splitmix32). Same seed, same numbers, on
 * every machine and version: patterns on disk, simulated disks and property tests depend on it. Not for secrets.
 */
export class Prng implements Random {
  readonly exhaustive = false
  #a: number
  #b: number
  #c: number
  #d: number

  /** @param seed a whole number, 0 to 2^53-1; folded to 32 bits, so only seeds below 2^32 never share a stream */
  constructor(seed: number) {
    let state = (seed ^ Math.floor(seed / 2 ** 32)) >>> 0
    const mix = (): number => {
      state = (state + 0x9e3779b9) >>> 0
      let z = state
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
      return (z ^ (z >>> 16)) >>> 0
    }
    this.#a = mix()
    this.#b = mix()
    this.#c = mix()
    this.#d = mix()
  }

  /** The next 32 random bits, as a whole number 0 .. 2^32-1. */
  next(): number {
    const mixed = Math.imul(this.#b, 5)
    const result = Math.imul((mixed << 7) | (mixed >>> 25), 9) >>> 0
    const t = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= t
    this.#d = (this.#d << 11) | (this.#d >>> 21)
    return result
  }

  /** A whole number 0 .. limit-1; limit at most 2^32. */
  below(limit: number): number {
    return Math.floor((this.next() / 2 ** 32) * limit)
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.next() / 2 ** 32 < probability
  }

  /** One of the given values. */
  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T
  }

  /** Fills bytes with the little-endian stream of next(); what is left of the last number is dropped. */
  fill(target: Uint8Array): void {
    let i = 0
    for (; i + 4 <= target.length; i += 4) {
      const word = this.next()
      target[i] = word
      target[i + 1] = word >>> 8
      target[i + 2] = word >>> 16
      target[i + 3] = word >>> 24
    }
    if (i === target.length) return
    for (let word = this.next(); i < target.length; i++, word >>>= 8) target[i] = word
  }
}
