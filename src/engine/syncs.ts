import type {Backend} from '../aio/index.js'
import {STEP_SYNC, STEP_SYNC_ALL} from '../request/index.js'
import type {Observer} from '../trace/index.js'
import {FlushMachine} from './flush-machine.js'
import type {EngineOptions} from './options.js'
import {UnsyncedRanges} from './range-order.js'

/** Tokens a backend must have for syncs, besides one for each slot. */
export const SYNC_TOKENS = 3
/** The sync that answers wishes; one at a time. */
const SHARED = 0
/** The syncs of a tagged barrier, before and behind its data. */
export const ORDERED_BEFORE = 1
export const ORDERED_BEHIND = 2

/**
 * Issues the host's syncs: one shared by all requests that wish for one, and those of the tagged barrier in progress, which go to
 * the device at once. Reports each to the observer. Who is answered by a sync is the flush machine's decision.
 */
export class Syncs {
  readonly #backend: Backend
  readonly #observer: Observer | undefined
  readonly #firstToken: number
  readonly #machine: FlushMachine
  readonly #clock: {readonly nowNs: number}
  /** Number of the sync in flight at each token. */
  readonly #numbers = new Float64Array(SYNC_TOKENS)
  readonly #unsynced: UnsyncedRanges | undefined
  #count = 0
  /** A wish that waits, or one that is being answered, is for all metadata. */
  #pendingAll = false
  #runningAll = false
  #isBlocked = false

  /** @param clock the engine's, read when an event is made */
  constructor(clock: {readonly nowNs: number}, options: EngineOptions) {
    this.#backend = options.backend
    this.#firstToken = options.depth
    this.#machine = new FlushMachine(options.soleWriter)
    this.#unsynced = options.tracksRanges === true ? new UnsyncedRanges() : undefined
    this.#clock = clock
    this.#observer = options.observer
  }

  /** Issued so far. */
  get count(): number {
    return this.#count
  }

  get poison(): number {
    return this.#machine.poison
  }

  get written(): number {
    return this.#machine.written
  }

  get syncedThrough(): number {
    return this.#machine.syncedThrough
  }

  get lazyWishes(): number {
    return this.#machine.lazyWishes
  }

  /** True where a token is that of a sync. */
  owns(token: number): boolean {
    return token >= this.#firstToken
  }

  /** A write to [start, end) has ended that may have left unsynced data. */
  wrote(start: number, end: number): void {
    this.#machine.wrote()
    this.#unsynced?.add(start, end, this.#machine.written)
  }

  /** See FlushMachine.poisoned. */
  poisoned(errno: number): readonly number[] {
    return this.#machine.poisoned(errno)
  }

  /** A slot wishes for stability; see FlushMachine.wish. @param all with all metadata */
  wish(slot: number, all: boolean): 'clean' | 'failed' | 'pending' {
    const answer = this.#machine.wish(slot, all)
    if (answer !== 'pending') return answer
    if (all) this.#pendingAll = true
    this.kick()
    return answer
  }

  /** A slot wants to know when what was written to [start, end) is stable. Without tracksRanges: when everything is. */
  wishLazily(slot: number, start: number, end: number): 'clean' | 'failed' | 'pending' {
    const through = this.#unsynced ? this.#unsynced.newest(start, end) : this.#machine.written
    return this.#machine.wishLazily(slot, through)
  }

  /** Nothing else is left to do but lazy wishes: they get their sync. */
  wakeLazyWishes(): void {
    this.#machine.wakeLazyWishes()
    this.kick()
  }

  /**
   * Gives the device a sync of the tagged barrier, in its place between what has been given before and what follows.
   *
   * @returns false when the device has no room for it
   */
  issueOrdered(which: typeof ORDERED_BEFORE | typeof ORDERED_BEHIND): boolean {
    if (!this.#backend.queue(STEP_SYNC, this.#firstToken + which, undefined, 0, 0, 0, false, true)) return false
    this.#announce(which)
    return true
  }

  /** Tries again what the backend had no room for. */
  retry(): void {
    if (!this.#isBlocked) return
    this.#isBlocked = false
    this.#queueShared()
  }

  get isBlocked(): boolean {
    return this.#isBlocked
  }

  /**
   * A sync has ended.
   *
   * @returns its errno, the slots that it answers (or that need not wait any longer, now that it has failed), and whether it was one
   * of a tagged barrier
   */
  ended(token: number, result: number): {errno: number; answered: readonly number[]; ordered: boolean} {
    const which = token - this.#firstToken
    const errno = result < 0 ? -result : 0
    this.#observer?.({kind: 'sync-end', sync: this.#numbers[which] ?? 0, errno, atNs: this.#clock.nowNs})
    if (which === SHARED) {
      const answered = this.#machine.ended(errno)
      if (errno === 0) this.#unsynced?.synced(this.#machine.syncedThrough)
      return {errno, answered, ordered: false}
    }
    // What an ordered sync covers is known to the device only: it counts for its own barrier, and against everybody.
    return {errno, answered: errno === 0 ? [] : this.#machine.poisoned(errno), ordered: true}
  }

  /** Issues a sync where somebody waits for one and none is in flight: after the slots that the last one answered have been told. */
  kick(): void {
    if (!this.#machine.issue()) return
    this.#runningAll = this.#pendingAll
    this.#pendingAll = false
    this.#announce(SHARED)
    this.#queueShared()
  }

  #announce(which: number): void {
    this.#count++
    this.#numbers[which] = this.#count
    this.#observer?.({kind: 'sync-start', sync: this.#count, atNs: this.#clock.nowNs})
  }

  #queueShared(): void {
    const op = this.#runningAll ? STEP_SYNC_ALL : STEP_SYNC
    if (!this.#backend.queue(op, this.#firstToken, undefined, 0, 0, 0, false)) this.#isBlocked = true
  }
}
