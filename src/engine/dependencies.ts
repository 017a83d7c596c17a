/**
 * Explicit dependencies between requests (Russell's proposal in seed 000): a request starts only when everything it names has
 * ended OK; when one of them did not, it is cancelled.
 */
export class Dependencies {
  /** Ids that did not end OK. Everything else that ended, ended OK. */
  readonly #failed = new Set<number>()
  /** Id -> ids that wait for it. Ids and not slots: what waits may be cancelled meanwhile, and its slot have another owner. */
  readonly #waiting = new Map<number, number[]>()

  /**
   * Registers that a request waits for these ids. @param isPending whether an id has not ended yet
   * @returns how many of them have not ended, or -1 when one has already failed
   */
  add(id: number, after: readonly number[], isPending: (id: number) => boolean): number {
    if (after.some((other) => this.#failed.has(other))) return -1
    const pending = after.filter(isPending)
    for (const other of pending) {
      const waiting = this.#waiting.get(other)
      if (waiting) waiting.push(id)
      else this.#waiting.set(other, [id])
    }
    return pending.length
  }

  /** A request has ended. @returns the ids that wait for it, those that have been cancelled meanwhile among them */
  ended(id: number, ok: boolean): readonly number[] {
    if (!ok) this.#failed.add(id)
    if (this.#waiting.size === 0) return NONE
    const waiting = this.#waiting.get(id) ?? NONE
    this.#waiting.delete(id)
    return waiting
  }
}

const NONE: readonly number[] = []
