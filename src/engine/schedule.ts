/** How a slot is ordered among the others. */
export const FREE_ORDER = 0
export const DRAINING = 1
export const TAGGED = 2
type SlotOrder = typeof FREE_ORDER | typeof DRAINING | typeof TAGGED

/**
 * Decides what may start: the corrected form of the 2009 posix-aio barrier engine (seed 003), with dependencies.
 *
 * Requests are slots, kept in order of acceptance until they start.
 * - A *draining* slot starts when nothing runs and nothing accepted earlier is waiting; while it runs nothing else starts, and
 *   while it waits nothing accepted later starts.
 * - A *tagged* slot leaves the order to the device: it starts once everything accepted earlier has its last step there, and what is
 *   accepted later starts right behind it, once the device has all its steps. Only the next one of its kind, and a draining one, wait until it has ended.
 * - A slot that *waits for* others starts when all of them have been resolved.
 * - An *exclusive* slot (a read-modify-write) never runs beside a write that touches its blocks.
 * Cancelling removes a slot wherever it waits; since "a barrier is pending" is nothing but its place in the queue, what was
 * held behind it goes on.
 *
 * Two things of that engine have no part here. Its workers left after ten idle seconds and were started again when needed: threads
 * belong to the backends now, which keep theirs (libuv's pool, the kernel's workers), and an idle schedule holds nothing. And it
 * reported support for barriers under writeback only: under O_DIRECT the allocation and the disk's cache need them just as much,
 * and under O_DSYNC the order does, so they are kept in every mode.
 *
 * Pure state, no I/O; one instance per image.
 */
export class Schedule {
  /** Accepted, not started, in order of acceptance. */
  readonly #queue: Int32Array
  #queued = 0
  /** Draining and tagged slots among them: what is accepted behind one of those waits, whatever it is. */
  #barriersQueued = 0
  #running = 0
  /** The draining slot that runs, or -1. */
  #barrier = -1
  /** The tagged slot that runs, or -1. */
  #tag = -1
  /** Running slots that have steps to come which the device does not have yet. */
  #unsettled = 0
  readonly #isUnsettled: Uint8Array
  readonly #orders: Uint8Array
  readonly #waitsFor: Int32Array
  /** Bytes a write rewrites, [start, end); empty for everything else. */
  readonly #starts: Float64Array
  readonly #ends: Float64Array
  readonly #exclusive: Uint8Array
  readonly #isRunning: Uint8Array
  #exclusiveRunning = 0

  constructor(slots: number) {
    this.#queue = new Int32Array(slots)
    this.#orders = new Uint8Array(slots)
    this.#isUnsettled = new Uint8Array(slots)
    this.#waitsFor = new Int32Array(slots)
    this.#starts = new Float64Array(slots)
    this.#ends = new Float64Array(slots)
    this.#exclusive = new Uint8Array(slots)
    this.#isRunning = new Uint8Array(slots)
  }

  get queued(): number {
    return this.#queued
  }

  get running(): number {
    return this.#running
  }

  /**
   * Accepts a slot. @param start,end the bytes a write rewrites; equal for everything else.
   * @returns true when it may start now and counts as running; false when it waits until next() names it
   */
  accept(slot: number, order: SlotOrder, waitsFor: number, start: number, end: number, exclusive: boolean): boolean {
    this.#orders[slot] = order
    this.#waitsFor[slot] = waitsFor
    this.#starts[slot] = start
    this.#ends[slot] = end
    this.#exclusive[slot] = exclusive ? 1 : 0
    if (this.#barriersQueued === 0 && this.#mayStart(slot, this.#queued === 0)) {
      this.#begin(slot)
      return true
    }
    this.#queue[this.#queued++] = slot
    if (order !== FREE_ORDER) this.#barriersQueued++
    return false
  }

  /** Takes the next slot that may start now out of the queue; it counts as running. -1 when there is none. */
  next(): number {
    for (let i = 0; i < this.#queued; i++) {
      const slot = this.#queue[i] as number
      if (this.#mayStart(slot, i === 0)) {
        this.#remove(i)
        this.#begin(slot)
        return slot
      }
      if (this.#orders[slot] !== FREE_ORDER) return -1
    }
    return -1
  }

  /** One of the slots this one waits for has ended well. */
  resolve(slot: number): void {
    this.#waitsFor[slot] = (this.#waitsFor[slot] as number) - 1
  }

  /** The device has the last step of a running slot. */
  settled(slot: number): void {
    if (this.#isUnsettled[slot] === 0) return
    this.#isUnsettled[slot] = 0
    this.#unsettled--
  }

  /** The device has not the last step of a running slot, against what was said of it before. */
  unsettled(slot: number): void {
    if (this.#isRunning[slot] === 0 || this.#isUnsettled[slot] === 1) return
    this.#isUnsettled[slot] = 1
    this.#unsettled++
  }

  /** A running slot has ended. */
  ended(slot: number): void {
    this.#running--
    this.#isRunning[slot] = 0
    this.settled(slot)
    if (this.#barrier === slot) this.#barrier = -1
    if (this.#tag === slot) this.#tag = -1
    if (this.#exclusive[slot] === 1) this.#exclusiveRunning--
  }

  /** Takes a waiting slot out. @returns false when it is not waiting */
  withdraw(slot: number): boolean {
    for (let i = 0; i < this.#queued; i++) {
      if (this.#queue[i] === slot) {
        this.#remove(i)
        return true
      }
    }
    return false
  }

  /** The slot accepted last that still waits, or -1. */
  lastQueued(): number {
    return this.#queued === 0 ? -1 : (this.#queue[this.#queued - 1] as number)
  }

  #remove(index: number): void {
    if (this.#orders[this.#queue[index] as number] !== FREE_ORDER) this.#barriersQueued--
    this.#queue.copyWithin(index, index + 1, this.#queued)
    this.#queued--
  }

  #begin(slot: number): void {
    this.#running++
    this.#isRunning[slot] = 1
    this.#isUnsettled[slot] = 1
    this.#unsettled++
    if (this.#orders[slot] === DRAINING) this.#barrier = slot
    if (this.#orders[slot] === TAGGED) this.#tag = slot
    if (this.#exclusive[slot] === 1) this.#exclusiveRunning++
  }

  /** @param first nothing accepted earlier still waits */
  #mayStart(slot: number, first: boolean): boolean {
    if (this.#barrier >= 0 || this.#waitsFor[slot] !== 0) return false
    if (this.#tag >= 0 && this.#isUnsettled[this.#tag] === 1) return false
    if (this.#orders[slot] === DRAINING) return first && this.#running === 0
    if (this.#orders[slot] === TAGGED) return first && this.#tag < 0 && this.#unsettled === 0
    if (this.#exclusive[slot] === 0 && this.#exclusiveRunning === 0) return true
    return !this.#conflicts(slot)
  }

  #conflicts(slot: number): boolean {
    const start = this.#starts[slot] as number
    const end = this.#ends[slot] as number
    for (let other = 0; other < this.#isRunning.length; other++) {
      if (this.#isRunning[other] === 0) continue
      if (this.#exclusive[slot] === 0 && this.#exclusive[other] === 0) continue
      if (start < (this.#ends[other] as number) && (this.#starts[other] as number) < end) return true
    }
    return false
  }
}
