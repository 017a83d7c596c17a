import {invariant} from '../base/index.js'

/**
 * Turns wishes for stability into as few device syncs as the promise allows (the shape of Linux block/blk-flush.c).
 *
 * - A wish may be answered only by a sync issued after the wish was made: joining one that runs already would miss the writes
 *   completed in between. So there are two lists, pending and running, and one sync at a time.
 * - A wish needs no sync when no write has ended since the last successful sync was issued; but only while this process is the
 *   sole writer, and never before the first sync: what an earlier process left unsynced must be covered too.
 * - A lazy wish forces nothing: it is answered by whatever sync covers it, or made an ordinary wish when nothing else is left to do.
 * - A failed sync poisons: the kernel reports the error once and calls the next sync a success although the data is gone
 *   (fsync(2)). From then on every wish fails, without asking the kernel again.
 *
 * Pure state: it issues nothing itself. `issue` says when a sync must start.
 */
export class FlushMachine {
  readonly #soleWriter: boolean
  #pending: number[] = []
  #running: number[] = []
  #isRunning = false
  /** Writes ended so far, whatever their status. */
  #ended = 0
  /** #ended when the running sync was issued. */
  #issuedAt = 0
  /** All writes up to this count are stable; -1 before the first sync. */
  #syncedThrough = -1
  #poison = 0
  /** Lazy wishes: the slot, and the count of ended writes that has to be stable. */
  #lazy: {readonly slot: number; readonly through: number}[] = []

  constructor(soleWriter: boolean) {
    this.#soleWriter = soleWriter
  }

  /** The errno of the sync that failed, 0 while all is well. */
  get poison(): number {
    return this.#poison
  }

  /** Writes ended so far that may have left unsynced data. */
  get written(): number {
    return this.#ended
  }

  /** The first so many of them are stable; -1 before the first sync. */
  get syncedThrough(): number {
    return this.#syncedThrough
  }

  /** Lazy wishes that have no answer yet. */
  get lazyWishes(): number {
    return this.#lazy.length
  }

  /** Something that may have left unsynced data has ended. */
  wrote(): void {
    this.#ended++
  }

  /**
   * A stable write failed, or a sync of somebody else: the kernel has reported an error that the next sync will no longer report.
   *
   * @returns the slots that need not wait any longer: their wishes have failed, and no sync that runs would tell them
   */
  poisoned(errno: number): readonly number[] {
    if (this.#poison === 0) this.#poison = errno
    const lost = this.#takeLazy(Number.POSITIVE_INFINITY)
    if (this.#isRunning) return lost
    lost.push(...this.#pending)
    this.#pending = []
    return lost
  }

  /**
   * A request wants everything completed so far to be stable.
   *
   * @param always a sync is wanted even if there is nothing to make stable
   *
   * @returns `clean`: it is already; `failed`: it can never be known again (see poison); `pending`: wait for an answer from
   * ended()
   */
  wish(slot: number, always = false): 'clean' | 'failed' | 'pending' {
    if (this.#poison !== 0) return 'failed'
    const isIdle = !this.#isRunning && this.#pending.length === 0
    if (!always && this.#soleWriter && isIdle && this.#ended === this.#syncedThrough) {
      return 'clean'
    }
    this.#pending.push(slot)
    return 'pending'
  }

  /** A request wants to know when the first `through` ended writes are stable, and is in no hurry. Answers as wish() does. */
  wishLazily(slot: number, through: number): 'clean' | 'failed' | 'pending' {
    if (this.#poison !== 0) return 'failed'
    if (through <= Math.max(0, this.#syncedThrough)) return 'clean'
    this.#lazy.push({slot, through})
    return 'pending'
  }

  /** Nothing else is left to do: lazy wishes become ordinary ones. */
  wakeLazyWishes(): void {
    this.#pending.push(...this.#lazy.map(({slot}) => slot))
    this.#lazy = []
  }

  /** True when a sync must be issued now; the caller issues it at once. */
  issue(): boolean {
    if (this.#isRunning || this.#pending.length === 0) return false
    const waiting = this.#pending
    this.#pending = this.#running
    this.#running = waiting
    this.#isRunning = true
    this.#issuedAt = this.#ended
    return true
  }

  /**
   * The device sync has returned.
   *
   * @param errno 0 for success
   * @returns the slots it answers, and after a failure also those that were still pending. Valid until the next call.
   */
  ended(errno: number): readonly number[] {
    invariant(this.#isRunning, 'a sync ended that was never issued')
    this.#isRunning = false
    const answered = this.#running
    this.#running = []
    if (errno === 0 && this.#poison === 0) {
      this.#syncedThrough = this.#issuedAt
      return this.#lazy.length === 0 ? answered : answered.concat(this.#takeLazy(this.#issuedAt))
    }
    return answered.concat(this.poisoned(errno))
  }

  #takeLazy(through: number): number[] {
    const taken = this.#lazy.filter((wish) => wish.through <= through).map(({slot}) => slot)
    this.#lazy = this.#lazy.filter((wish) => wish.through > through)
    return taken
  }
}
