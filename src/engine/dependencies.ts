/**
 * Explicit dependencies between requests (Russell's proposal in seed 000): a request starts only when everything it names has
 * ended OK; when one of them did not, it is cancelled.
 */
export class Dependencies {
  /** Ids that did not end OK. Everything else that ended, ended OK. */
  readonly #failed = new Set<number>()
  /** Id -> slots that wait for it. */
  readonly #waiting = new Map<number, number[]>()

  /**
   * Registers that a slot waits for these ids. @param isPending whether an id has not ended yet
   * @returns how many of them have not ended, or -1 when one has already failed
   */
  add(slot: number, after: readonly number[], isPending: (id: number) => boolean): number {
    if (after.some((id) => this.#failed.has(id))) return -1
    const pending = after.filter(isPending)
    for (const id of pending) {
      const slots = this.#waiting.get(id)
      if (slots) slots.push(slot)
      else this.#waiting.set(id, [slot])
    }
    return pending.length
  }

  /** A request has ended. @returns the slots that waited for it */
  ended(id: number, ok: boolean): readonly number[] {
    if (!ok) this.#failed.add(id)
    if (this.#waiting.size === 0) return NONE
    const slots = this.#waiting.get(id) ?? NONE
    this.#waiting.delete(id)
    return slots
  }
}

const NONE: readonly number[] = []
