import {performance} from 'node:perf_hooks'

import type {Transfers} from '../native/index.js'
import {
  STEP_NONE,
  STEP_PUNCH,
  STEP_READ,
  STEP_SYNC,
  STEP_SYNC_ALL,
  STEP_WRITE,
  STEP_ZERO,
  type StepOp,
} from '../request/index.js'
import {BackendAround, type Backend, type InlineSteps, type Memory, type PageSink} from './backend.js'
import type {FolioSplitter} from './folio-splitter.js'

/** A write that is to be over at once and takes longer has been made to wait, by a full page cache or a slow file system. */
const SLOW_MS = 10
/** For so many times as long as it waited, writes are the backend's then. */
const PAUSES = 30
/** Of pages that are passed on, so far apart are those that are looked at. */
const PROBE_BYTES = 128 * 1024

/** A step that the backend inside has to take. */
const NOT_INLINE = -(2 ** 30)

/**
 * A backend of which some steps are plain system calls on the thread that queues them. They end inside queue(), before what was
 * queued earlier and has to be waited for, and are reaped as any other.
 *
 * A write through the page cache cannot be asked not to wait. Where one of those that are not to has waited, the next ones are the
 * backend's for a while: whoever else needs this thread is held up for a thirtieth of the time at most.
 */
export class InlineBackend extends BackendAround implements Backend {
  readonly ordersTags = false
  readonly doneTokens: Int32Array
  readonly doneResults: Int32Array
  readonly #fd: number
  readonly #steps: InlineSteps
  readonly #transfers: Transfers
  /** Steps the backend inside has. */
  #inFlight = 0
  /** Steps that ended inside queue() and have not been reaped. */
  #ended = 0
  readonly #endedTokens: Int32Array
  readonly #endedResults: Int32Array
  readonly #addresses = new WeakMap<Memory, number>()
  #memory: Memory | undefined
  #address = 0
  readonly #clock: () => number
  readonly #splitter: FolioSplitter | undefined
  /** Until then writes are the backend's. */
  #pausedUntilMs = 0

  /**
   * @param fd the descriptor that `inner` is open on; `transfers` are closed with it
   * @param splitter for writes that are not to wait
   * @param clock milliseconds; for tests
   */
  constructor(
    inner: Backend,
    fd: number,
    steps: InlineSteps,
    transfers: Transfers,
    splitter?: FolioSplitter,
    clock: () => number = () => performance.now(),
  ) {
    super(inner)
    this.doneTokens = inner.doneTokens
    this.doneResults = inner.doneResults
    this.#fd = fd
    this.#steps = steps
    this.#transfers = transfers
    this.#splitter = splitter
    this.#clock = clock
    this.#endedTokens = new Int32Array(inner.tokens)
    this.#endedResults = new Int32Array(inner.tokens)
  }

  queue(
    op: StepOp,
    token: number,
    memory: Memory | undefined,
    memoryOffset: number,
    offsetBytes: number,
    lengthBytes: number,
    dsync: boolean,
  ): boolean {
    if (this.#inFlight + this.#ended >= this.tokens) return false
    const result = this.#run(op, memory, memoryOffset, offsetBytes, lengthBytes, dsync)
    if (result !== NOT_INLINE) {
      this.#endedTokens[this.#ended] = token
      this.#endedResults[this.#ended++] = result
      return true
    }
    const isQueued = this.inner.queue(op, token, memory, memoryOffset, offsetBytes, lengthBytes, dsync)
    if (isQueued) this.#inFlight++
    return isQueued
  }

  /** @returns what the step ended with, or NOT_INLINE */
  #run(
    op: StepOp,
    memory: Memory | undefined,
    memoryOffset: number,
    offsetBytes: number,
    lengthBytes: number,
    dsync: boolean,
  ): number {
    const {reads, writes, waits, sync, mostBytes = Infinity} = this.#steps
    const transfers = this.#transfers
    const fd = this.#fd
    switch (op) {
      case STEP_READ: {
        if (!reads) return NOT_INLINE
        const address = this.#addressOf(memory as Memory) + memoryOffset
        if (memory?.pages) {
          if (this.#passOn(memory.pages, address, lengthBytes, offsetBytes)) return lengthBytes
          memory.pages = undefined
        }
        if (lengthBytes > mostBytes) return NOT_INLINE
        if (waits) return transfers.read(fd, address, lengthBytes, offsetBytes)
        const result = transfers.readCached(fd, address, lengthBytes, offsetBytes)
        // Not in the cache, or a file system that cannot tell; what is short is read again in one piece.
        return result === lengthBytes ? result : NOT_INLINE
      }
      case STEP_WRITE: {
        if (!writes || lengthBytes > mostBytes || (dsync && !waits)) return NOT_INLINE
        const address = this.#addressOf(memory as Memory) + memoryOffset
        if (dsync) return transfers.writeStable(fd, address, lengthBytes, offsetBytes)
        if (waits) return transfers.write(fd, address, lengthBytes, offsetBytes)
        return this.#writeSoon(address, lengthBytes, offsetBytes)
      }
      case STEP_SYNC:
      case STEP_SYNC_ALL:
        if (!sync || this.#inFlight > 0) return NOT_INLINE
        return op === STEP_SYNC ? transfers.fdatasync(fd) : transfers.fsync(fd)
      case STEP_ZERO:
      case STEP_PUNCH:
      case STEP_NONE:
        return NOT_INLINE
    }
  }

  /**
   * Has pages of the cache taken as they are. Those that are still on their way from the disk would be waited for, and only one at a
   * time can be asked about: here and there one is, the last first, which is the last to come where it is read ahead.
   */
  #passOn(pages: PageSink, address: number, lengthBytes: number, offsetBytes: number): boolean {
    for (let at = lengthBytes - 1; at >= 0; at -= PROBE_BYTES) {
      if (this.#transfers.readCached(this.#fd, address + at, 1, offsetBytes + at) !== 1) return false
    }
    return pages.take(this.#fd, offsetBytes, lengthBytes)
  }

  /** A write that is not to wait. */
  #writeSoon(address: number, lengthBytes: number, offsetBytes: number): number {
    let sinceMs = this.#clock()
    if (sinceMs < this.#pausedUntilMs) return NOT_INLINE
    if (this.#splitter?.before(offsetBytes, lengthBytes)) sinceMs = this.#clock()
    const result = this.#transfers.write(this.#fd, address, lengthBytes, offsetBytes)
    const nowMs = this.#clock()
    const tookMs = nowMs - sinceMs
    if (tookMs > SLOW_MS) this.#pausedUntilMs = nowMs + PAUSES * tookMs
    this.#splitter?.after(offsetBytes, lengthBytes, tookMs, nowMs)
    return result
  }

  #addressOf(memory: Memory): number {
    if (memory === this.#memory) return this.#address
    let address = this.#addresses.get(memory)
    if (address === undefined) {
      address = this.#transfers.addressOf(memory.bytes)
      this.#addresses.set(memory, address)
    }
    this.#memory = memory
    this.#address = address
    return address
  }

  submit(wait: boolean): Promise<void> | undefined {
    // Something can be reaped without waiting. The backend inside is asked all the same: what it has is not to wait until no more ends here.
    return this.inner.submit(wait && this.#ended === 0)
  }

  reap(): number {
    const ended = this.#ended
    if (ended === 0) {
      const count = this.inner.reap()
      this.#inFlight -= count
      return count
    }
    for (let i = 0; i < ended; i++) {
      this.doneTokens[i] = this.#endedTokens[i] as number
      this.doneResults[i] = this.#endedResults[i] as number
    }
    this.#ended = 0
    return ended
  }

  override async close(): Promise<void> {
    await this.inner.close()
    this.#transfers.close()
  }
}
