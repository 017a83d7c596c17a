import {yieldToSignals, type Backend, type Memory} from '../aio/index.js'
import {ERRNO, invariant, type Range} from '../base/index.js'
import {trustsStableWrites, type CacheMode} from '../cache-mode/index.js'
import type {OrderingMode} from '../ordering/index.js'
import {
  FLAG_COMBINATIONS,
  kindOfType,
  lower,
  REQUEST_KINDS,
  STATUS_CANCELED,
  STATUS_IOERR,
  STATUS_OK,
  STATUS_PENDING,
  STEP_SYNC,
  validate,
  type DeviceFacts,
  type Plan,
} from '../request/index.js'
import type {Observer} from '../trace/index.js'
import {Dependencies} from './dependencies.js'
import {FlushMachine} from './flush-machine.js'
import {Schedule} from './schedule.js'
import {PHASE_DATA, PHASE_DONE, PHASE_POST_SYNC, PHASE_PRE_SYNC, PHASE_QUEUED, Slots} from './slots.js'
import {BLOCKED, MOVED, MOVING, Transfers} from './transfers.js'

/** What an engine is opened with. */
export interface EngineOptions {
  readonly device: DeviceFacts
  readonly mode: CacheMode
  readonly ordering: OrderingMode
  readonly backend: Backend
  /** Requests accepted and not released at a time; the backend must take one step more. */
  readonly depth: number
  /** O_DIRECT transfers start and end on a multiple of this; requests finer than it are bounced. 1 where anything goes. */
  readonly alignmentBytes: number
  /** Nobody else writes to the image: a sync with nothing to sync may be skipped. */
  readonly soleWriter: boolean
  /** What GET_ID answers (20 bytes). */
  readonly id: Uint8Array
  /** Receives every event. Without one the hot path makes none. */
  readonly observer?: Observer | undefined
  /** The parts of a write's blocks without stable allocation; asked only for an observer, and only where it matters. */
  readonly freshRanges?: ((offsetBytes: number, lengthBytes: number) => readonly Range[] | undefined) | undefined
}

/** What cancel() found: it will not start; it has started and will end as it does; it had ended. */
export type CancelAnswer = 'canceled' | 'not-canceled' | 'done'

/** A loop of ticks that never has to wait gives the event loop (and signal handlers) a turn this often. */
const YIELD_NS = 20e6

/**
 * The shared request engine: accepts virtio-blk requests, starts them as barriers, dependencies and overlaps allow, runs their
 * steps (sync, data, sync) on a backend, and reports one completion for each.
 *
 * State is per image. A request occupies a slot, 0 .. depth-1, from submit() to release(); nothing is allocated and nothing
 * awaited per request. Completions never call back: tick() collects them, takeDone() hands them out.
 *
 * Usage: submit()*, tick(true), (takeDone(), release())*, and again.
 */
export class Engine {
  readonly #device: DeviceFacts
  readonly #mode: CacheMode
  readonly #backend: Backend
  readonly #observer: Observer | undefined
  readonly #freshRanges: EngineOptions['freshRanges']
  readonly #id: Uint8Array
  readonly #alignmentBytes: number
  /** Plans by type and flags, computed once. */
  readonly #plans: readonly (Plan | undefined)[]
  readonly #slots: Slots
  readonly #schedule: Schedule
  readonly #transfers: Transfers
  /** A write that has to be stable is followed by a sync, because neither its step nor the descriptor can be trusted with it. */
  readonly #syncsAfterWrite: boolean
  readonly #dependencies = new Dependencies()
  readonly #flush: FlushMachine
  /** Token of the one device sync that may be in flight. */
  readonly #syncToken: number
  /** Done and not taken, a ring in order of completion. */
  readonly #done: Int32Array
  #doneHead = 0
  #doneCount = 0
  /** Tokens whose step the backend had no room for. */
  #blocked: number[] = []
  #syncs = 0
  #nextId = 1
  #nowNs: number
  #yieldedNs: number

  constructor(options: EngineOptions) {
    const {depth, backend} = options
    invariant(Number.isInteger(depth) && depth > 0, `depth ${depth} is not a positive whole number`)
    invariant(backend.tokens > depth, `the backend takes ${backend.tokens} steps, depth ${depth} needs one more`)
    this.#device = options.device
    this.#mode = options.mode
    this.#backend = backend
    this.#observer = options.observer
    this.#freshRanges = options.mode.direct && !options.mode.dsync ? options.freshRanges : undefined
    this.#id = options.id
    this.#alignmentBytes = options.alignmentBytes
    this.#plans = plansOf(options.mode, options.ordering)
    this.#slots = new Slots(depth)
    this.#schedule = new Schedule(depth)
    const trusted = trustsStableWrites(options.mode, depth)
    const dsyncsSteps = trusted && !options.mode.dsync && backend.canDsync
    this.#syncsAfterWrite = !dsyncsSteps && !(trusted && options.mode.dsync)
    this.#transfers = new Transfers(this.#slots, backend, options.alignmentBytes, dsyncsSteps)
    this.#flush = new FlushMachine(options.soleWriter)
    this.#syncToken = depth
    this.#done = new Int32Array(depth)
    this.#nowNs = backend.nowNs()
    this.#yieldedNs = this.#nowNs
  }

  /** Requests accepted and not done. */
  get pending(): number {
    return this.#schedule.running + this.#schedule.queued
  }

  /** Slots free for submit(). */
  get room(): number {
    return this.#slots.free
  }

  /** The id the next request gets. */
  get nextId(): number {
    return this.#nextId
  }

  /** Host syncs issued so far. */
  get syncs(): number {
    return this.#syncs
  }

  /** The errno of a failed sync, after which no FLUSH succeeds until the image is opened anew; 0 while all is well. */
  get poison(): number {
    return this.#flush.poison
  }

  /** Reads the clock; requests submitted from now on carry this time. tick() does it too. */
  readClock(): number {
    this.#nowNs = this.#backend.nowNs()
    return this.#nowNs
  }

  /**
   * Accepts a request. It starts at once when nothing holds it back.
   *
   * @param type number on the wire, BARRIER bit masked off
   * @param flags FLAG_FUA | FLAG_BARRIER | segment flags << 2
   * @param memory with memoryOffset: where IN puts and OUT takes its data, GET_ID its 20 bytes; must stay until release()
   * @param after ids of earlier requests that must end OK first; if one does not, this request is CANCELED
   * @returns the slot, or -1 when the engine is full: take what is done, then try again
   */
  submit(
    type: number,
    flags: number,
    offsetBytes: number,
    lengthBytes: number,
    memory: Memory | undefined,
    memoryOffset: number,
    after?: readonly number[],
  ): number {
    const slots = this.#slots
    const slot = slots.take()
    if (slot < 0) return -1
    const id = this.#nextId++
    const plan = this.#plans[type * FLAG_COMBINATIONS + (flags & (FLAG_COMBINATIONS - 1))]
    slots.ids[slot] = id
    slots.types[slot] = type
    slots.flags[slot] = flags
    slots.offsets[slot] = offsetBytes
    slots.lengths[slot] = lengthBytes
    slots.memories[slot] = memory
    slots.memoryOffsets[slot] = memoryOffset
    slots.plans[slot] = plan
    slots.statuses[slot] = STATUS_PENDING
    slots.errnos[slot] = 0
    slots.held[slot] = 0
    slots.submittedNs[slot] = this.#nowNs
    this.#observer?.({kind: 'submit', id, type, flags, offsetBytes, lengthBytes, atNs: this.#nowNs})
    let waitsFor = 0
    if (after !== undefined && after.length > 0) {
      waitsFor = this.#dependencies.add(id, after, (other) => slots.find(other) >= 0)
      if (waitsFor < 0) {
        this.#complete(slot, STATUS_CANCELED, 0)
        return slot
      }
    }
    slots.phases[slot] = PHASE_QUEUED
    if (this.#accept(slot, plan, waitsFor)) {
      this.#start(slot)
      if (this.#schedule.queued > 0) this.#dispatch()
    } else {
      slots.held[slot] = 1
    }
    return slot
  }

  /**
   * Hands steps to the backend and collects what ended. With `wait`: afterwards at least one step has ended, or none was in
   * flight, or the event loop has had a turn. A request may take several steps, so call it until takeDone() has something.
   *
   * @returns a promise only when it must wait on the event loop
   */
  tick(wait: boolean): Promise<void> | undefined {
    if (this.#blocked.length > 0) this.#retryBlocked()
    const waiting = this.#backend.submit(wait && this.#doneCount === 0 && this.#schedule.running > 0)
    if (waiting !== undefined) return waiting.then(() => this.#collect())
    this.#collect()
    if (wait && this.#nowNs - this.#yieldedNs > YIELD_NS) {
      this.#yieldedNs = this.#nowNs
      return yieldToSignals()
    }
    return undefined
  }

  /** The next done slot in order of completion, or -1. Read it with the accessors below, then release() it. */
  takeDone(): number {
    if (this.#doneCount === 0) return -1
    const slot = this.#done[this.#doneHead] as number
    this.#doneHead = this.#doneHead + 1 === this.#done.length ? 0 : this.#doneHead + 1
    this.#doneCount--
    return slot
  }

  /** The id submit() gave this request. */
  idOf(slot: number): number {
    return this.#slots.ids[slot] as number
  }

  statusOf(slot: number): number {
    return this.#slots.statuses[slot] as number
  }

  /** Positive errno behind an IOERR, 0 when the device refused the request without I/O. */
  errnoOf(slot: number): number {
    return this.#slots.errnos[slot] as number
  }

  /** From acceptance to completion. */
  latencyNsOf(slot: number): number {
    return (this.#slots.completedNs[slot] as number) - (this.#slots.submittedNs[slot] as number)
  }

  /** Gives a done slot back. */
  release(slot: number): void {
    invariant(this.#slots.phases[slot] === PHASE_DONE, `slot ${slot} is released before it is done`)
    this.#slots.give(slot)
  }

  /**
   * Cancels a request that has not started: it ends as CANCELED, the backend never sees it, and what waited behind it goes on. A
   * request that has started is left alone.
   */
  cancel(id: number): CancelAnswer {
    const slot = this.#slots.find(id)
    if (slot < 0) return 'done'
    if (!this.#schedule.withdraw(slot)) return 'not-canceled'
    this.#complete(slot, STATUS_CANCELED, 0)
    this.#dispatch()
    return 'canceled'
  }

  /** Cancels everything that has not started, latest first. @returns how many */
  cancelQueued(): number {
    let count = 0
    for (let slot = this.#schedule.lastQueued(); slot >= 0; slot = this.#schedule.lastQueued()) {
      this.#schedule.withdraw(slot)
      this.#complete(slot, STATUS_CANCELED, 0)
      count++
    }
    return count
  }

  /** Nothing may be pending. Gives back the engine's own memory; the backend and the image stay with their owners. */
  close(): void {
    invariant(this.pending === 0, 'the engine is closed with requests pending')
    this.#transfers.close()
  }

  // Starting

  #accept(slot: number, plan: Plan | undefined, waitsFor: number): boolean {
    if (plan === undefined || !plan.kind.writes) {
      return this.#schedule.accept(slot, plan?.drains === true, waitsFor, 0, 0, false)
    }
    const offsetBytes = this.#slots.offsets[slot] as number
    const endBytes = offsetBytes + (this.#slots.lengths[slot] as number)
    if (!this.#transfers.isMisaligned(slot)) {
      return this.#schedule.accept(slot, plan.drains, waitsFor, offsetBytes, endBytes, false)
    }
    const unit = this.#alignmentBytes
    const start = Math.floor(offsetBytes / unit) * unit
    return this.#schedule.accept(slot, plan.drains, waitsFor, start, Math.ceil(endBytes / unit) * unit, true)
  }

  #dispatch(): void {
    for (let slot = this.#schedule.next(); slot >= 0; slot = this.#schedule.next()) this.#start(slot)
  }

  #start(slot: number): void {
    const slots = this.#slots
    const plan = slots.plans[slot]
    const offsetBytes = slots.offsets[slot] as number
    const lengthBytes = slots.lengths[slot] as number
    const type = slots.types[slot] as number
    const status = validate(this.#device, type, offsetBytes, lengthBytes, (slots.flags[slot] as number) >>> 2)
    if (status !== STATUS_OK || plan === undefined) {
      this.#end(slot, status, 0)
      return
    }
    if (this.#observer) {
      const fresh = plan.kind.writes && lengthBytes > 0 ? this.#freshRanges?.(offsetBytes, lengthBytes) : undefined
      const held = slots.held[slot] === 1
      this.#observer({kind: 'start', id: slots.ids[slot] as number, held, fresh, atNs: this.#nowNs})
    }
    if (plan.preSync) this.#wishSync(slot, PHASE_PRE_SYNC)
    else this.#startData(slot, plan)
  }

  // Steps

  #startData(slot: number, plan: Plan): void {
    const slots = this.#slots
    slots.phases[slot] = PHASE_DATA
    if (plan.kind.operands === 'id') {
      const room = slots.lengths[slot] as number
      slots.memories[slot]?.bytes.set(this.#id.subarray(0, room), slots.memoryOffsets[slot])
      this.#end(slot, STATUS_OK, 0)
    } else {
      this.#moved(slot, plan, this.#transfers.start(slot, plan))
    }
  }

  #retryBlocked(): void {
    const blocked = this.#blocked
    this.#blocked = []
    for (const token of blocked) {
      if (token === this.#syncToken) this.#issueSync()
      else this.#moved(token, this.#slots.plans[token] as Plan, this.#transfers.retry(token))
    }
  }

  // Collecting

  #collect(): void {
    let ended = false
    for (let count = this.#backend.reap(); count > 0; count = this.#backend.reap()) {
      this.#nowNs = this.#backend.nowNs()
      ended = true
      const {doneTokens, doneResults} = this.#backend
      for (let i = 0; i < count; i++) {
        const token = doneTokens[i] as number
        const result = doneResults[i] as number
        if (token === this.#syncToken) this.#syncEnded(result)
        else this.#moved(token, this.#slots.plans[token] as Plan, this.#transfers.ended(token, result))
      }
    }
    if (ended && this.#schedule.queued > 0) this.#dispatch()
  }

  /** What became of a slot's data: on its way, blocked, moved, or failed with an errno. */
  #moved(slot: number, plan: Plan, outcome: number): void {
    if (outcome === MOVING) return
    if (outcome === BLOCKED) {
      this.#blocked.push(slot)
    } else if (outcome === MOVED) {
      this.#afterData(slot, plan)
    } else {
      if (plan.kind.writes) {
        this.#flush.wrote()
        // A stable write reports write-back errors of other pages too, and the kernel reports them only once.
        // O_DIRECT leaves no pages behind whose errors could be meant when there is no space.
        const noSpace = outcome === ERRNO.ENOSPC || outcome === ERRNO.EDQUOT
        if (plan.dsync && !this.#syncsAfterWrite && !(this.#mode.direct && noSpace)) this.#flush.poisoned(outcome)
      }
      this.#end(slot, STATUS_IOERR, outcome)
    }
  }

  #afterData(slot: number, plan: Plan): void {
    const syncsAfter = plan.dsync && this.#syncsAfterWrite
    // A write made stable by its step or its descriptor leaves nothing to sync; everything else does.
    if (plan.kind.writes && (!plan.dsync || syncsAfter)) this.#flush.wrote()
    if (plan.postSync || syncsAfter) this.#wishSync(slot, PHASE_POST_SYNC)
    else this.#end(slot, STATUS_OK, 0)
  }

  // Syncs

  #wishSync(slot: number, phase: number): void {
    this.#slots.phases[slot] = phase
    switch (this.#flush.wish(slot)) {
      case 'clean':
        this.#synced(slot)
        break
      case 'failed':
        this.#end(slot, STATUS_IOERR, this.#flush.poison)
        break
      case 'pending':
        this.#kick()
    }
  }

  #kick(): void {
    if (!this.#flush.issue()) return
    this.#syncs++
    this.#observer?.({kind: 'sync-start', sync: this.#syncs, atNs: this.#nowNs})
    this.#issueSync()
  }

  #issueSync(): void {
    if (!this.#backend.queue(STEP_SYNC, this.#syncToken, undefined, 0, 0, 0, false)) this.#blocked.push(this.#syncToken)
  }

  #syncEnded(result: number): void {
    const errno = result < 0 ? -result : 0
    this.#observer?.({kind: 'sync-end', sync: this.#syncs, errno, atNs: this.#nowNs})
    const failed = errno !== 0 || this.#flush.poison !== 0
    for (const slot of this.#flush.ended(errno)) {
      if (failed) this.#end(slot, STATUS_IOERR, this.#flush.poison)
      else this.#synced(slot)
    }
    this.#kick()
  }

  #synced(slot: number): void {
    const plan = this.#slots.plans[slot] as Plan
    if (this.#slots.phases[slot] === PHASE_PRE_SYNC) this.#startData(slot, plan)
    else this.#end(slot, STATUS_OK, 0)
  }

  // Ending

  /** A request that ran (or was refused when it was about to) is done. */
  #end(slot: number, status: number, errno: number): void {
    this.#schedule.ended(slot)
    this.#complete(slot, status, errno)
  }

  #complete(slot: number, status: number, errno: number): void {
    const slots = this.#slots
    const plan = slots.plans[slot]
    const id = slots.ids[slot] as number
    slots.phases[slot] = PHASE_DONE
    slots.statuses[slot] = status
    slots.errnos[slot] = errno
    slots.completedNs[slot] = this.#nowNs
    slots.stepMemories[slot] = undefined
    const tail = this.#doneHead + this.#doneCount
    this.#done[tail < this.#done.length ? tail : tail - this.#done.length] = slot
    this.#doneCount++
    if (this.#observer) {
      const ok = status === STATUS_OK && plan !== undefined
      const stable = ok && plan.kind.writes && (plan.dsync || plan.postSync)
      this.#observer({kind: 'complete', id, status, errno, stable, ignored: ok && plan.ignoresSync, atNs: this.#nowNs})
    }
    for (const waitingId of this.#dependencies.ended(id, status === STATUS_OK)) {
      const waiting = slots.find(waitingId)
      if (waiting < 0) continue
      if (status === STATUS_OK) this.#schedule.resolve(waiting)
      else if (this.#schedule.withdraw(waiting)) this.#complete(waiting, STATUS_CANCELED, 0)
    }
  }
}

/** Every plan of a mode and a policy, indexed by type * FLAG_COMBINATIONS + flags. */
function plansOf(mode: CacheMode, ordering: OrderingMode): readonly (Plan | undefined)[] {
  const types = Math.max(...REQUEST_KINDS.map((kind) => kind.type)) + 1
  return Array.from({length: types * FLAG_COMBINATIONS}, (_, i) => {
    const kind = kindOfType(Math.floor(i / FLAG_COMBINATIONS))
    return kind && lower(kind, i % FLAG_COMBINATIONS, mode, ordering)
  })
}
