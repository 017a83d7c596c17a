/** A request that waits for another one. `strict`: only if that one ends OK does this one run. */
export interface Waiting {
  readonly id: number
  readonly strict: boolean
}

/**
 * What a request waits for, besides barriers. Explicit dependencies (Russell's proposal in seed 000): it starts only when everything
 * it names has ended OK, and is cancelled when one of them did not. Mere order: it starts when they have ended, however.
 */
export class Dependencies {
  /** Ids that did not end OK. Everything else that ended, ended OK. */
  readonly #failed = new Set<number>()
  /** Id -> ids that wait for it. Ids and not slots: what waits may be cancelled meanwhile, and its slot have another owner. */
  readonly #waiting = new Map<number, Waiting[]>()

  /**
   * Registers that a request waits for these ids. @param isPending whether an id has not ended yet
   * @returns how many of them have not ended, or -1 when one has already failed
   */
  add(id: number, after: readonly number[], isPending: (id: number) => boolean): number {
    if (after.some((other) => this.#failed.has(other))) return -1
    const pending = after.filter(isPending)
    this.#wait(id, pending, true)
    return pending.length
  }

  /** Registers that a request waits for these to end, well or not. Each is pending, and none is among its dependencies twice. */
  order(id: number, behind: readonly number[]): void {
    this.#wait(id, behind, false)
  }

  #wait(id: number, others: readonly number[], strict: boolean): void {
    for (const other of others) {
      const waiting = this.#waiting.get(other)
      if (waiting) waiting.push({id, strict})
      else this.#waiting.set(other, [{id, strict}])
    }
  }

  /** A request has ended. @returns who waits for it, those that have been cancelled meanwhile among them */
  ended(id: number, ok: boolean): readonly Waiting[] {
    if (!ok) this.#failed.add(id)
    if (this.#waiting.size === 0) return NONE
    const waiting = this.#waiting.get(id) ?? NONE
    this.#waiting.delete(id)
    return waiting
  }
}

const NONE: readonly Waiting[] = []
