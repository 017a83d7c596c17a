import type {Plan} from '../request/index.js'

/**
 * Which writes a medium keeps apart that keeps epochs (an order-only cache barrier): a barrier ends one before its own data and
 * another behind it. On any other medium all writes are of one.
 */
export class Epochs {
  /** The medium keeps them. */
  readonly areKept: boolean
  #current = 0
  /** Index in the log of writes -> epoch. */
  readonly #epochOf = new Map<number, number>()

  constructor(areKept: boolean) {
    this.areKept = areKept
  }

  /** A request has started. @param write its index in the log of writes, or -1 */
  started({drains, tags}: Pick<Plan, 'drains' | 'tags'>, write: number): void {
    if (!this.areKept) return
    const isBarrier = drains || tags
    if (isBarrier) this.#current++
    if (write >= 0) this.#epochOf.set(write, this.#current)
    if (isBarrier) this.#current++
  }

  of(write: number): number {
    return this.#epochOf.get(write) ?? 0
  }
}
