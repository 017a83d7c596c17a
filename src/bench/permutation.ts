import {Prng} from '../base/index.js'

const ROUNDS = 4

/**
 * A shuffled order of 0 .. count-1 that needs no memory: place i holds permuted(i), each number once. A Feistel network over
 * the next even number of bits, walked on where it leaves the range (cycle walking, Black and Rogaway 2002). Not for secrets.
 */
export class Permutation {
  readonly #count: number
  readonly #halfBits: number
  readonly #mask: number
  readonly #keys = new Int32Array(ROUNDS)

  /** @param count 1 to 2^52 */
  constructor(count: number, seed: number) {
    this.#count = count
    this.#halfBits = Math.max(1, Math.ceil(Math.log2(Math.max(2, count)) / 2))
    this.#mask = 2 ** this.#halfBits - 1
    this.reseed(seed)
  }

  /** Another order of the same numbers. */
  reseed(seed: number): void {
    const prng = new Prng(seed)
    for (let i = 0; i < ROUNDS; i++) this.#keys[i] = prng.next()
  }

  /** The number at a place. */
  at(place: number): number {
    let value = place
    do value = this.#scramble(value)
    while (value >= this.#count)
    return value
  }

  #scramble(value: number): number {
    const mask = this.#mask
    const split = mask + 1
    let left = Math.floor(value / split)
    let right = value - left * split
    for (let i = 0; i < ROUNDS; i++) {
      let mixed = Math.imul(right ^ (this.#keys[i] as number), 0x9e3779b1)
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca77)
      const next = left ^ ((mixed ^ (mixed >>> 13)) & mask)
      left = right
      right = next
    }
    return left * split + right
  }
}
