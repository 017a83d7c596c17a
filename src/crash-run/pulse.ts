const BEATS = 0
const INSIDE = 1
const CANCEL = 2
const WORDS = 3

/**
 * What two threads say to each other while one of them has no time to listen: the worker, that it is in the user's code and since
 * when not again; the other one, that it is enough.
 */
export class Pulse {
  readonly shared: SharedArrayBuffer
  readonly #words: Int32Array

  /** @param shared the memory of the other thread's pulse; new memory without it */
  constructor(shared = new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT)) {
    this.shared = shared
    this.#words = new Int32Array(shared)
  }

  /** Runs somebody else's code, marked as such. */
  enter<T>(act: () => T): T {
    this.begin()
    try {
      return act()
    } finally {
      this.end()
    }
  }

  begin(): void {
    Atomics.add(this.#words, BEATS, 1)
    Atomics.store(this.#words, INSIDE, 1)
  }

  end(): void {
    Atomics.store(this.#words, INSIDE, 0)
  }

  /** A number that stays the same as long as one call of somebody else's code lasts; undefined outside of it. */
  get call(): number | undefined {
    return Atomics.load(this.#words, INSIDE) === 1 ? Atomics.load(this.#words, BEATS) : undefined
  }

  cancel(): void {
    Atomics.store(this.#words, CANCEL, 1)
  }

  get isCancelled(): boolean {
    return Atomics.load(this.#words, CANCEL) === 1
  }
}
