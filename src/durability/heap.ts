/** A binary heap of numbers with a key each, smallest key on top. */
export class MinHeap {
  readonly #keys: number[] = []
  readonly #items: number[] = []

  /** The item with the smallest key, or undefined when empty. */
  get top(): number | undefined {
    return this.#items[0]
  }

  /** The smallest key, or undefined when empty. */
  get topKey(): number | undefined {
    return this.#keys[0]
  }

  push(key: number, item: number): void {
    let at = this.#keys.length
    this.#keys.push(key)
    this.#items.push(item)
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (this.#key(parent) <= key) break
      this.#swap(at, parent)
      at = parent
    }
  }

  /** Takes the top away. Nothing happens when empty. */
  pop(): void {
    const last = this.#keys.length - 1
    if (last < 0) return
    this.#swap(0, last)
    this.#keys.pop()
    this.#items.pop()
    let at = 0
    for (;;) {
      const left = at * 2 + 1
      const right = left + 1
      let least = at
      if (left < last && this.#key(left) < this.#key(least)) least = left
      if (right < last && this.#key(right) < this.#key(least)) least = right
      if (least === at) return
      this.#swap(at, least)
      at = least
    }
  }

  #key(at: number): number {
    return this.#keys[at] ?? Infinity
  }

  #swap(a: number, b: number): void {
    const key = this.#key(a)
    const item = this.#items[a] ?? 0
    this.#keys[a] = this.#key(b)
    this.#items[a] = this.#items[b] ?? 0
    this.#keys[b] = key
    this.#items[b] = item
  }
}
