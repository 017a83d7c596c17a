import {performance} from 'node:perf_hooks'

import {NBD_CMD_READ} from './protocol.js'
import type {RequestHeader} from './request-header.js'

/** Shorter reads are copied: to pass pages on takes seven system calls, which cost as much as to copy so many bytes. */
const LONG_BYTES = 64 * 1024
/** Each page on its way costs kernel memory. */
const LONGEST_BYTES = 2 << 20
/** Passed on at a time: no more is read ahead of a client that is slower than the page cache. */
const MOST = 16

/** So much leaves while one way is timed. */
const WINDOW_BYTES = 16 << 20
/** When the way changes, what went the other way still lies in the socket. */
const SETTLE_BYTES = 4 << 20
/** A client that takes longer for a window does not wait for us: it tells nothing about the way. */
const WINDOW_MAX_MS = 250
/** Windows of a trial, which takes the ways by turns, and from its end to the next one. */
const TRIAL_WINDOWS = 4
const KEPT_WINDOWS = 40
/** Windows before the first trial: neither side is at its speed at once. */
const WARM_WINDOWS = 3
/** Copying takes more of the processors: it has to be so many times as fast. */
const WORTH = 1.25

/** A READ that is long enough for its pages to be passed on. */
export function isLongRead({type, length}: RequestHeader): boolean {
  return type === NBD_CMD_READ && length >= LONG_BYTES && length <= LONGEST_BYTES
}

/**
 * The long reads of a connection: how many are being passed on, and whether the client gets pages of the page cache or a copy. To pass
 * pages on saves the server two copies, and leaves it to the client to fetch them from main memory. For most that is twice as fast;
 * for a client of one thread whose buffers begin a few bytes behind a page (as malloc's do) it is half as fast on AMD's Zen, whose
 * rep movsb slows down to a fifth there. No way is known to ask: both are tried, and the faster one is kept for a while.
 */
export class LongReads {
  readonly #clock: () => number
  #count = 0
  #passesPages = true
  #windows = TRIAL_WINDOWS + KEPT_WINDOWS - WARM_WINDOWS
  #isSettling = true
  /** Bytes that have left since then. */
  #bytes = 0
  #sinceMs = 0
  #fastestPass = 0
  #slowestCopy = Infinity

  /** @param clock milliseconds; for tests */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock
  }

  /** Another one may be passed on. */
  get haveRoom(): boolean {
    return this.#count < MOST
  }

  /** The next one is to be passed on; otherwise it is copied. */
  get passesPages(): boolean {
    return this.#passesPages
  }

  /** One is to be passed on. */
  began(): void {
    this.#count++
  }

  /** One that was to be passed on cannot be. */
  copied(): void {
    this.#count--
  }

  /**
   * The reply has left.
   *
   * @param pages of one that was to be passed on, and was where they are filled
   * @param lengthBytes data in it: none where the read failed
   */
  ended(pages: {readonly isFilled: boolean} | undefined, lengthBytes: number): void {
    if (pages) this.#count--
    // Not what went the other way before that changed, nor what could not be passed on.
    if ((pages?.isFilled ?? false) !== this.#passesPages) return
    this.#bytes += lengthBytes
    if (this.#isSettling) {
      if (this.#bytes >= SETTLE_BYTES) this.#begin(false)
    } else if (this.#bytes >= WINDOW_BYTES) this.#endWindow()
  }

  #begin(isSettling: boolean): void {
    this.#isSettling = isSettling
    this.#bytes = 0
    this.#sinceMs = this.#clock()
  }

  #endWindow(): void {
    const tookMs = this.#clock() - this.#sinceMs
    const before = this.#passesPages
    if (tookMs <= WINDOW_MAX_MS) {
      this.#windows++
      if (this.#windows <= TRIAL_WINDOWS) this.#try(this.#bytes / tookMs)
      else if (this.#windows === TRIAL_WINDOWS + KEPT_WINDOWS) this.#beginTrial()
    }
    this.#begin(this.#passesPages !== before)
  }

  #try(rate: number): void {
    if (this.#passesPages) this.#fastestPass = Math.max(this.#fastestPass, rate)
    else this.#slowestCopy = Math.min(this.#slowestCopy, rate)
    // A copy that is no faster at all ends the trial.
    if (this.#slowestCopy < this.#fastestPass) this.#windows = TRIAL_WINDOWS
    const isOver = this.#windows === TRIAL_WINDOWS
    this.#passesPages = isOver ? this.#slowestCopy < WORTH * this.#fastestPass : !this.#passesPages
  }

  #beginTrial(): void {
    this.#windows = 0
    this.#passesPages = true
    this.#fastestPass = 0
    this.#slowestCopy = Infinity
  }
}
