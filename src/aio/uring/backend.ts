import {performance} from 'node:perf_hooks'

import {ERRNO, invariant, ToolError} from '../../base/index.js'
import {
  IORING_ENTER_GETEVENTS,
  IORING_ENTER_SQ_WAKEUP,
  IORING_FSYNC_DATASYNC,
  IORING_OP_FALLOCATE,
  IORING_OP_FSYNC,
  IORING_OP_READ,
  IORING_OP_READ_FIXED,
  IORING_OP_WRITE,
  IORING_OP_WRITE_FIXED,
  IORING_SQ_NEED_WAKEUP,
  IOSQE_ASYNC,
  IOSQE_FIXED_FILE,
  RWF_DSYNC,
  type MappedMemory,
  type MappedRing,
  type Uring,
} from '../../native/index.js'
import {
  STEP_NONE,
  STEP_PUNCH,
  STEP_READ,
  STEP_SYNC,
  STEP_SYNC_ALL,
  STEP_WRITE,
  STEP_ZERO,
  type StepOp,
} from '../../request/index.js'
import {yieldToSignals, type Backend, type Memory, type RingManner} from '../backend.js'
import type {RingGuest} from './guest.js'

/** fallocate(2) modes: FALLOC_FL_KEEP_SIZE with FALLOC_FL_ZERO_RANGE or FALLOC_FL_PUNCH_HOLE. */
const ZERO_RANGE_KEEP_SIZE = 0x11
const PUNCH_HOLE_KEEP_SIZE = 0x03
const TWO_32 = 2 ** 32

export interface UringOptions {
  /** Somebody whose entries travel on the same ring, and with the same system calls. */
  readonly guest?: RingGuest | undefined
  readonly manner?: RingManner | undefined
}

/** More than are ever queued. A small integer, compared for every step. */
const ALL = 2 ** 30 - 1
/** The kernel's thread sleeps after so long without a step. */
const POLL_IDLE_MS = 10
/** Whoever waits looks for so long, and sleeps then. */
const LOOK_MS = 0.2
/** Looks between two looks at the clock. */
const LOOKS = 256

/** What the upper half of the user data of a guest's entry holds; that of a step holds 0. */
const OF_GUEST = 1

/** 32-bit words in a submission and a completion entry. */
const SQE_WORDS = 16
const CQE_WORDS = 4

/**
 * Steps as io_uring entries on one ring, driven from this thread: no addon, no worker, one system call per batch.
 *
 * A FLUSH is an FSYNC entry of its own, issued only after the writes it must cover have completed: the ring orders nothing, and
 * links are never used (a failed FSYNC does not cut a link on current kernels).
 */
export class UringBackend implements Backend {
  readonly name = 'uring'
  readonly canDsync = true
  readonly canZero = true
  readonly canPunch = true
  readonly ordersTags = false // IOSQE_IO_DRAIN holds back every later entry, reads too, and orders starts only
  readonly tokens: number
  readonly doneTokens: Int32Array
  readonly doneResults: Int32Array

  readonly #uring: Uring
  readonly #ring: MappedRing
  readonly #fd: number
  readonly #fileFlags: number
  /** Who shares the ring, if anybody does. */
  readonly #guest: RingGuest | undefined
  readonly #polled: boolean
  readonly #batch: number
  readonly #workerReadBytes: number
  #registered: MappedMemory | undefined
  #tail: number
  #head: number
  /** Entries written behind the tail that the kernel has not been told of. */
  #unsubmitted = 0
  /** Entries the kernel has and has not answered. */
  #inFlight = 0
  /** Steps among both. */
  #steps = 0

  /**
   * @param tokens at most this many steps at a time
   * @throws ToolError of kind environment with the reason
   */
  constructor(uring: Uring, fd: number, tokens: number, {guest, manner}: UringOptions = {}) {
    const polled = manner?.polled ?? false
    const opened = uring.openRing(tokens + (guest?.entries ?? 0), polled ? POLL_IDLE_MS : undefined)
    if (!opened.ok) throw new ToolError('environment', 'E_URING', opened.reason)
    this.#uring = uring
    this.#ring = opened.ring
    this.#guest = guest
    this.#polled = polled
    this.#batch = polled ? ALL : (manner?.batch ?? ALL)
    this.#workerReadBytes = manner?.workerReadBytes ?? Infinity
    guest?.moveIn(opened.ring.sqes, () => this.#takeForGuest())
    this.tokens = tokens
    this.doneTokens = new Int32Array(opened.ring.completionEntries)
    this.doneResults = new Int32Array(opened.ring.completionEntries)
    this.#tail = Atomics.load(opened.ring.ring, opened.ring.sqTail)
    this.#head = Atomics.load(opened.ring.ring, opened.ring.cqHead)
    const fixed = opened.ring.registerFile(fd) === 0
    this.#fd = fixed ? 0 : fd
    this.#fileFlags = fixed ? IOSQE_FIXED_FILE << 8 : 0
  }

  /** The first memory is registered with the kernel (no page pinning per transfer); where a limit forbids that, it is used plainly. */
  createMemory(bytes: number): Memory {
    const memory = this.#uring.mapMemory(Math.max(bytes, 1))
    if (!memory) throw new ToolError('environment', 'E_MEMORY', `no memory for a buffer of ${bytes} bytes`)
    if (this.#registered === undefined && this.#ring.registerBuffer(memory) === 0) this.#registered = memory
    return memory
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
    if (this.#steps >= this.tokens) return false
    const sqes = this.#ring.sqes
    const word = (this.#tail & this.#ring.sqMask) * SQE_WORDS
    let opcode = IORING_OP_FSYNC
    let addressLow = 0
    let addressHigh = 0
    let length = lengthBytes
    let opFlags = 0
    let flags = this.#fileFlags
    switch (op) {
      case STEP_READ:
      case STEP_WRITE: {
        const mapped = memory as MappedMemory
        const fixed = mapped === this.#registered
        const low = mapped.addressLow + memoryOffset
        addressLow = low | 0
        addressHigh = mapped.addressHigh + (low >= TWO_32 ? 1 : 0)
        if (op === STEP_READ) opcode = fixed ? IORING_OP_READ_FIXED : IORING_OP_READ
        else opcode = fixed ? IORING_OP_WRITE_FIXED : IORING_OP_WRITE
        opFlags = dsync ? RWF_DSYNC : 0
        if (op === STEP_READ && lengthBytes > this.#workerReadBytes) flags |= IOSQE_ASYNC << 8
        break
      }
      case STEP_ZERO:
      case STEP_PUNCH: // the length travels in the address field, the mode in the length field (io_uring_enter(2))
        opcode = IORING_OP_FALLOCATE
        addressLow = lengthBytes | 0
        addressHigh = Math.floor(lengthBytes / TWO_32)
        length = op === STEP_ZERO ? ZERO_RANGE_KEEP_SIZE : PUNCH_HOLE_KEEP_SIZE
        break
      case STEP_SYNC: // offset and length 0: the whole file
      case STEP_SYNC_ALL:
        opFlags = op === STEP_SYNC ? IORING_FSYNC_DATASYNC : 0
        length = 0
        break
      case STEP_NONE:
        invariant(false, 'a step without I/O reached the ring')
    }
    const offset = opcode === IORING_OP_FSYNC ? 0 : offsetBytes
    sqes[word] = opcode | flags
    sqes[word + 1] = this.#fd
    sqes[word + 2] = offset | 0
    sqes[word + 3] = Math.floor(offset / TWO_32)
    sqes[word + 4] = addressLow
    sqes[word + 5] = addressHigh
    sqes[word + 6] = length
    sqes[word + 7] = opFlags
    sqes[word + 8] = token
    sqes[word + 9] = 0
    sqes[word + 10] = 0
    sqes[word + 11] = 0
    this.#tail = (this.#tail + 1) | 0
    this.#unsubmitted++
    this.#steps++
    // What cannot be handed on now is with the next submit().
    if (this.#unsubmitted >= this.#batch) this.#enter(0, 0)
    return true
  }

  /** The next entry, for the guest: cleared, and marked as its own in the upper half of the user data. */
  #takeForGuest(): number {
    const {sqes} = this.#ring
    const word = (this.#tail & this.#ring.sqMask) * SQE_WORDS
    sqes.fill(0, word, word + SQE_WORDS)
    sqes[word + 9] = OF_GUEST
    this.#tail = (this.#tail + 1) | 0
    this.#unsubmitted++
    return word
  }

  submit(wait: boolean): Promise<void> | undefined {
    if (this.#polled) {
      this.#handToPoller()
      if (!wait) return undefined
    }
    const ready = this.#polled ? this.#look() : this.#isReady()
    const isVain = ready || this.#inFlight === 0 || (!wait && this.#isQuiet())
    if (this.#unsubmitted === 0 && isVain) return undefined
    const waits = wait && !ready
    this.#enter(waits ? 1 : 0, IORING_ENTER_GETEVENTS)
    // Interrupted, or short of memory, with nothing to reap: let the event loop run (signal handlers live there), then go on.
    return waits && !this.#isReady() ? yieldToSignals() : undefined
  }

  /** The kernel has nothing to tell, and nothing to do before it can. */
  #isQuiet(): boolean {
    return this.#ring.flagsWork && Atomics.load(this.#ring.ring, this.#ring.sqFlags) === 0
  }

  #isReady(): boolean {
    return Atomics.load(this.#ring.ring, this.#ring.cqTail) !== this.#head
  }

  /** Hands on what is queued, as far as the kernel takes it now, and waits for so many completions. */
  #enter(completions: number, flags: number): void {
    Atomics.store(this.#ring.ring, this.#ring.sqTail, this.#tail)
    const submitted = this.#ring.enter(this.#unsubmitted, completions, flags)
    if (submitted >= 0) {
      this.#inFlight += submitted
      this.#unsubmitted -= submitted
    } else if (submitted !== -ERRNO.EINTR && submitted !== -ERRNO.EAGAIN && submitted !== -ERRNO.EBUSY) {
      throw new ToolError('io', 'E_URING_ENTER', `io_uring_enter failed with errno ${-submitted}`)
    }
  }

  /** The thread that polls sees the tail; where it sleeps, it is woken. Store and load are in order: one of the two sees the other. */
  #handToPoller(): void {
    if (this.#unsubmitted === 0) return
    const {ring, sqTail, sqFlags} = this.#ring
    Atomics.store(ring, sqTail, this.#tail)
    this.#inFlight += this.#unsubmitted
    this.#unsubmitted = 0
    if ((Atomics.load(ring, sqFlags) & IORING_SQ_NEED_WAKEUP) !== 0) this.#enter(0, IORING_ENTER_SQ_WAKEUP)
  }

  /** Looks for a completion for a while. @returns whether there is one */
  #look(): boolean {
    if (this.#inFlight === 0) return false
    const untilMs = performance.now() + LOOK_MS
    do {
      for (let i = 0; i < LOOKS; i++) if (this.#isReady()) return true
    } while (performance.now() < untilMs)
    return false
  }

  reap(): number {
    if (this.#inFlight === 0) return 0
    const {ring, cqes, cqMask} = this.#ring
    const end = Atomics.load(ring, this.#ring.cqTail)
    let head = this.#head
    let count = 0
    for (; head !== end; head = (head + 1) | 0) {
      const word = cqes + (head & cqMask) * CQE_WORDS
      if (ring[word + 1] === OF_GUEST) {
        this.#guest?.ended(ring[word] as number, ring[word + 2] as number)
        continue
      }
      this.doneTokens[count] = ring[word] as number
      this.doneResults[count] = ring[word + 2] as number
      count++
    }
    if (head !== this.#head) {
      this.#inFlight -= (head - this.#head) | 0
      this.#steps -= count
      this.#head = head
      Atomics.store(ring, this.#ring.cqHead, head)
    }
    return count
  }

  nowNs(): number {
    return performance.now() * 1e6
  }

  async close(): Promise<void> {
    invariant(this.#inFlight === 0, 'the ring is closed with steps in flight')
    this.#ring.close()
  }
}
