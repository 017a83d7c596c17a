import {DIGEST_BYTES} from './checksum.js'

const FIRST_SLOTS = 1024
/** Slots are doubled when this part of them is taken. */
const LOAD_MAX = 0.6
const WORDS = DIGEST_BYTES / 4

/**
 * Where content with a given digest has been stored. An open-addressed table in flat arrays: a trace of millions of different
 * blocks needs 24 bytes a slot, a third of what a Map of strings would take.
 */
export class ContentIndex {
  #words = new Uint32Array(FIRST_SLOTS * WORDS)
  /** Offset plus one; 0 is a free slot. */
  #offsets = new Float64Array(FIRST_SLOTS)
  #count = 0

  /** Where the content is; undefined when it has not been stored. */
  find(digest: Uint8Array): number | undefined {
    const stored = this.#offsets[this.#slotOf(wordsOf(digest))] ?? 0
    return stored === 0 ? undefined : stored - 1
  }

  /** Notes where content is, the first time it is stored. */
  add(digest: Uint8Array, offsetBytes: number): void {
    if (this.#count >= this.#offsets.length * LOAD_MAX) this.#grow()
    this.#put(wordsOf(digest), offsetBytes + 1)
    this.#count++
  }

  #put(words: Uint32Array, stored: number): void {
    const slot = this.#slotOf(words)
    this.#words.set(words, slot * WORDS)
    this.#offsets[slot] = stored
  }

  /** The slot that holds these words, or the free one where they belong. */
  #slotOf(words: Uint32Array): number {
    const mask = this.#offsets.length - 1
    let slot = (words[0] ?? 0) & mask
    while (this.#offsets[slot] !== 0 && !this.#holds(slot, words)) slot = (slot + 1) & mask
    return slot
  }

  #holds(slot: number, words: Uint32Array): boolean {
    for (let i = 0; i < WORDS; i++) if (this.#words[slot * WORDS + i] !== words[i]) return false
    return true
  }

  #grow(): void {
    const [words, offsets] = [this.#words, this.#offsets]
    this.#words = new Uint32Array(words.length * 2)
    this.#offsets = new Float64Array(offsets.length * 2)
    offsets.forEach((stored, slot) => {
      if (stored !== 0) this.#put(words.subarray(slot * WORDS, (slot + 1) * WORDS), stored)
    })
  }
}

function wordsOf(digest: Uint8Array): Uint32Array {
  const words = new Uint32Array(WORDS)
  new Uint8Array(words.buffer).set(digest)
  return words
}
