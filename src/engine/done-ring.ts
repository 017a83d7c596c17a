/** Slots that are done and have not been taken, in the order of their completion. Never longer than there are slots. */
export class DoneRing {
  readonly #slots: Int32Array
  #head = 0
  #count = 0

  constructor(slots: number) {
    this.#slots = new Int32Array(slots)
  }

  get size(): number {
    return this.#count
  }

  push(slot: number): void {
    const tail = this.#head + this.#count
    this.#slots[tail < this.#slots.length ? tail : tail - this.#slots.length] = slot
    this.#count++
  }

  /** The one that was done first, or -1. */
  take(): number {
    if (this.#count === 0) return -1
    const slot = this.#slots[this.#head] as number
    this.#head = this.#head + 1 === this.#slots.length ? 0 : this.#head + 1
    this.#count--
    return slot
  }
}
