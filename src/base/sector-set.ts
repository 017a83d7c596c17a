import type {Range} from './range.js'
import {SECTOR_BYTES} from './units.js'

/** Numbers that one leaf tells apart, one bit for each: 1 KiB. */
const LEAF_NUMBERS = 8192

interface Leaf {
  readonly words: Uint32Array
  count: number
}

/**
 * A set of numbers from 0 on. Leaves with bits, and the numbers of those that are full in a set of the same kind: a range costs as
 * much at both of its ends, and nothing in between, however long it is.
 */
class NumberSet {
  readonly #leaves = new Map<number, Leaf>()
  #inLeaves = 0
  #full: NumberSet | undefined

  get size(): number {
    return this.#inLeaves + (this.#full?.size ?? 0) * LEAF_NUMBERS
  }

  has(number: number): boolean {
    const leaf = this.#leaves.get(Math.floor(number / LEAF_NUMBERS))
    return leaf === undefined ? this.#isFull(number) : has(leaf.words, number % LEAF_NUMBERS)
  }

  /** Adds the numbers of a range; `end` is not one of them. */
  add(from: number, end: number): void {
    const firstFull = Math.ceil(from / LEAF_NUMBERS)
    const endFull = Math.floor(end / LEAF_NUMBERS)
    if (firstFull > endFull) {
      this.#addPart(from, end)
      return
    }
    this.#addPart(from, firstFull * LEAF_NUMBERS)
    this.#addPart(endFull * LEAF_NUMBERS, end)
    if (firstFull < endFull) this.#fill(firstFull, endFull)
  }

  /** The parts of a range that are not in the set, in order. */
  *missing(from: number, end: number): Generator<readonly [from: number, end: number]> {
    let start = -1
    for (let number = from; number < end;) {
      const leaf = this.#leaves.get(Math.floor(number / LEAF_NUMBERS))
      const isIn = this.has(number)
      if (!isIn && start < 0) start = number
      if (isIn && start >= 0) {
        yield [start, number]
        start = -1
      }
      number += leaf === undefined ? LEAF_NUMBERS - (number % LEAF_NUMBERS) : 1
    }
    if (start >= 0) yield [start, end]
  }

  addAll(other: NumberSet): void {
    if (other.#full) {
      this.#full ??= new NumberSet()
      this.#full.addAll(other.#full)
      for (const number of this.#leaves.keys()) if (this.#full.has(number)) this.#forget(number)
    }
    for (const [number, {words}] of other.#leaves) {
      if (this.#full?.has(number)) continue
      const leaf = this.#leafOf(number)
      for (let i = 0; i < words.length; i++) this.#put(leaf, i, words[i] as number)
      if (leaf.count === LEAF_NUMBERS) this.#fill(number, number + 1)
    }
  }

  #isFull(number: number): boolean {
    return this.#full?.has(Math.floor(number / LEAF_NUMBERS)) ?? false
  }

  /** Adds a range that lies in one leaf. */
  #addPart(from: number, end: number): void {
    if (from >= end || this.#isFull(from)) return
    const number = Math.floor(from / LEAF_NUMBERS)
    const leaf = this.#leafOf(number)
    for (let at = from; at < end;) {
      const bit = at % 32
      const bits = Math.min(32 - bit, end - at)
      this.#put(leaf, (at % LEAF_NUMBERS) >>> 5, bits === 32 ? 0xffffffff : (((1 << bits) - 1) << bit) >>> 0)
      at += bits
    }
    if (leaf.count === LEAF_NUMBERS) this.#fill(number, number + 1)
  }

  #fill(first: number, end: number): void {
    if (this.#leaves.size < end - first) {
      for (const number of this.#leaves.keys()) if (number >= first && number < end) this.#forget(number)
    } else {
      for (let number = first; number < end; number++) this.#forget(number)
    }
    this.#full ??= new NumberSet()
    this.#full.add(first, end)
  }

  #forget(number: number): void {
    this.#inLeaves -= this.#leaves.get(number)?.count ?? 0
    this.#leaves.delete(number)
  }

  #leafOf(number: number): Leaf {
    let leaf = this.#leaves.get(number)
    if (leaf === undefined) {
      leaf = {words: new Uint32Array(LEAF_NUMBERS / 32), count: 0}
      this.#leaves.set(number, leaf)
    }
    return leaf
  }

  #put(leaf: Leaf, word: number, mask: number): void {
    const before = leaf.words[word] as number
    leaf.words[word] = before | mask
    const added = bitCount(mask & ~before)
    leaf.count += added
    this.#inLeaves += added
  }
}

/** Sectors of an image. Takes 1 KiB for 4 MiB of the image that are in it in part, and hardly anything for what is in it as a whole. */
export class SectorSet {
  readonly #numbers = new NumberSet()

  get size(): number {
    return this.#numbers.size
  }

  /** Adds the sectors that a range of bytes touches. */
  add(offsetBytes: number, lengthBytes: number): void {
    const [from, end] = sectorsOf(offsetBytes, lengthBytes)
    this.#numbers.add(from, end)
  }

  /** Adds the sectors that a range of bytes touches. @returns where they had not been, joined and in order */
  addNew(offsetBytes: number, lengthBytes: number): Range[] {
    const [from, end] = sectorsOf(offsetBytes, lengthBytes)
    const missing = [...this.#numbers.missing(from, end)]
    this.#numbers.add(from, end)
    return missing.map(([first, until]) => {
      return {offsetBytes: first * SECTOR_BYTES, lengthBytes: (until - first) * SECTOR_BYTES}
    })
  }

  addAll(other: SectorSet): void {
    this.#numbers.addAll(other.#numbers)
  }
}

function sectorsOf(offsetBytes: number, lengthBytes: number): readonly [from: number, end: number] {
  if (lengthBytes === 0) return [0, 0]
  return [Math.floor(offsetBytes / SECTOR_BYTES), Math.ceil((offsetBytes + lengthBytes) / SECTOR_BYTES)]
}

function bitCount(word: number): number {
  let count = word - ((word >>> 1) & 0x55555555)
  count = (count & 0x33333333) + ((count >>> 2) & 0x33333333)
  return Math.imul((count + (count >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

function has(words: Uint32Array, bit: number): boolean {
  return (((words[bit >>> 5] as number) >>> (bit % 32)) & 1) === 1
}
