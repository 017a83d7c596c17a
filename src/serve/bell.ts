/** Wakes a loop on the event loop. Clear it, look at everything there is, and wait for it: no ring is lost. */
export class Bell {
  #hasRung = false
  #waiting: Promise<void> | undefined
  #resolve: (() => void) | undefined

  get hasRung(): boolean {
    return this.#hasRung
  }

  clear(): void {
    this.#hasRung = false
  }

  ring(): void {
    if (this.#hasRung) return
    this.#hasRung = true
    // Not at once: what else comes in this turn is heard with it.
    if (this.#waiting) setImmediate(() => this.#wake())
  }

  /** Resolves when it has rung since it was cleared; now and then for a ring before that. */
  rung(): Promise<void> {
    if (this.#hasRung) return Promise.resolve()
    this.#waiting ??= new Promise((resolve) => (this.#resolve = resolve))
    return this.#waiting
  }

  #wake(): void {
    const resolve = this.#resolve
    this.#waiting = undefined
    this.#resolve = undefined
    resolve?.()
  }
}
