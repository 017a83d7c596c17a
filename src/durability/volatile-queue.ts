/**
 * The writes that are completed and not stable, in the order of their completion. A flush covers a prefix of it, so that each
 * write enters and leaves once, however many flushes there are.
 */
export class VolatileQueue implements Iterable<number> {
  #items: number[] = []
  #head = 0

  get size(): number {
    return this.#items.length - this.#head
  }

  /** The one that completed first. */
  get first(): number | undefined {
    return this.#items[this.#head]
  }

  push(write: number): void {
    this.#items.push(write)
  }

  shift(): void {
    if (this.size === 0) return
    this.#head++
    // The passed part is cut off when it outgrows the rest, so that a long run keeps no memory of it.
    if (this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
  }

  /** Takes out every one that the rule chooses, wherever it is. */
  remove(chosen: (write: number) => boolean): void {
    this.#items = this.#items.slice(this.#head).filter((write) => !chosen(write))
    this.#head = 0
  }

  clear(): void {
    this.#items = []
    this.#head = 0
  }

  *[Symbol.iterator](): IterableIterator<number> {
    for (let at = this.#head; at < this.#items.length; at++) yield this.#items[at] ?? 0
  }
}
