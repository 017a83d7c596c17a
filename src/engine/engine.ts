import {yieldToSignals, type Backend, type Memory} from '../aio/index.js'
import {invariant} from '../base/index.js'
import {plainLink, STATUS_OK, type Plan} from '../request/index.js'
import type {Observer} from '../trace/index.js'
import {submitEvent} from './events.js'
import {Execution} from './execution.js'
import type {CancelAnswer, EngineOptions, ScsiCommandBlock} from './options.js'
import {Plans} from './plans.js'
import {openTask, type ScsiOutcome, type ScsiTask} from './scsi-task.js'
import {PHASE_DONE, Slots} from './slots.js'
import {SYNC_TOKENS} from './syncs.js'

/** A loop of ticks that never has to wait gives the event loop (and signal handlers) a turn this often. */
const YIELD_NS = 20e6

/**
 * The shared request engine: accepts virtio-blk requests and the wishes of a guest, starts them as barriers, dependencies, orders and
 * overlaps allow, runs their steps (sync, data, sync) on a backend, and reports one completion for each.
 *
 * State is per image. A request occupies a slot, 0 .. depth-1, from submit() to release(); nothing is allocated and nothing
 * awaited per request. Completions never call back: tick() collects them, takeDone() hands them out.
 *
 * Usage: submit()*, tick(true), (takeDone(), release())*, and again.
 */
export class Engine {
  readonly #backend: Backend
  readonly #observer: Observer | undefined
  readonly #scsi: EngineOptions['scsi']
  readonly #plans: Plans
  readonly #slots: Slots
  readonly #execution: Execution
  readonly #clock: {nowNs: number}
  #nextId = 1
  #yieldedNs: number

  constructor(options: EngineOptions) {
    const {depth, backend, mode, ordering} = options
    invariant(Number.isInteger(depth) && depth > 0, `depth ${depth} is not a positive whole number`)
    const tokens = depth + (ordering.tags ? SYNC_TOKENS : 1)
    invariant(backend.tokens >= tokens, `the backend takes ${backend.tokens} steps, depth ${depth} needs ${tokens}`)
    invariant(!ordering.tags || backend.ordersTags, `the ${backend.name} backend has no ordered tags`)
    this.#backend = backend
    this.#observer = options.observer
    this.#scsi = options.scsi
    this.#plans = new Plans(mode, ordering, options.link ?? plainLink(mode, ordering))
    this.#slots = new Slots(depth)
    this.#clock = {nowNs: backend.nowNs()}
    this.#yieldedNs = this.#clock.nowNs
    this.#execution = new Execution(options, this.#slots, this.#plans, this.#clock)
  }

  /** Requests accepted and not done. */
  get pending(): number {
    const {running, queued} = this.#execution.schedule
    return running + queued
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
    return this.#execution.syncs.count
  }

  /** The errno of a failed sync, after which no FLUSH succeeds until the image is opened anew; 0 while all is well. */
  get poison(): number {
    return this.#execution.syncs.poison
  }

  /** Whether the write cache of the device is on now. */
  get writeCache(): boolean {
    return this.#plans.writeCache
  }

  /** The clock as it was read last; tick() reads it when something has ended. */
  get nowNs(): number {
    return this.#clock.nowNs
  }

  /** Reads the clock; requests submitted from now on carry this time. tick() does it too. */
  readClock(): number {
    this.#clock.nowNs = this.#backend.nowNs()
    return this.#clock.nowNs
  }

  /**
   * Accepts a request. It starts at once when nothing holds it back.
   *
   * @param type number on the wire, BARRIER bit masked off; or of a wish
   * @param flags FLAG_* and RANGE_* bits; a segment's flags shifted by OPERAND_FLAGS_SHIFT
   * @param memory with memoryOffset: where IN puts and OUT takes its data, GET_ID its 20 bytes; must stay until release()
   * @param after ids of earlier requests that must end OK first; if one does not, this request is CANCELED
   * @param command the SCSI command, for types that carry one
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
    command?: ScsiCommandBlock,
  ): number {
    const slots = this.#slots
    const slot = slots.take()
    if (slot < 0) return -1
    const id = this.#nextId++
    const plan = this.#plans.of(type, flags)
    slots.put(slot, id, type, flags, offsetBytes, lengthBytes, memory, memoryOffset, plan, this.#clock.nowNs)
    if (plan?.tags === true) this.#execution.drainUntaggable(slot, plan)
    if (command !== undefined && plan !== undefined) slots.tasks[slot] = this.#taskOf(slot, plan, command)
    this.#observer?.(submitEvent(slots, slot, this.#clock.nowNs))
    this.#execution.accept(slot, after)
    return slot
  }

  /**
   * Hands steps to the backend and collects what ended. With `wait`: afterwards at least one step has ended, or none was in
   * flight, or the event loop has had a turn. A request may take several steps, so call it until takeDone() has something.
   *
   * @returns a promise only when it must wait on the event loop
   */
  tick(wait: boolean): Promise<void> | undefined {
    const {schedule, syncs, done} = this.#execution
    this.#execution.retryBlocked()
    const waits = wait && done.size === 0 && schedule.running > 0
    if (waits && syncs.lazyWishes === schedule.running) syncs.wakeLazyWishes()
    const waiting = this.#backend.submit(waits)
    if (waiting !== undefined) return waiting.then(() => this.#execution.collect())
    this.#execution.collect()
    if (wait && this.#clock.nowNs - this.#yieldedNs > YIELD_NS) {
      this.#yieldedNs = this.#clock.nowNs
      return yieldToSignals()
    }
    return undefined
  }

  /** The next done slot in order of completion, or -1. Read it with the accessors below, then release() it. */
  takeDone(): number {
    return this.#execution.done.take()
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

  /** How the SCSI command of a request ended; undefined for other requests, and for one that never ran. */
  scsiOutcomeOf(slot: number): ScsiOutcome | undefined {
    return this.#slots.statuses[slot] === STATUS_OK ? this.#slots.tasks[slot]?.outcome : undefined
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
    if (!this.#execution.withdraw(slot)) return 'not-canceled'
    this.#execution.dispatch()
    return 'canceled'
  }

  /** Cancels everything that has not started, latest first. @returns how many */
  cancelQueued(): number {
    const {schedule} = this.#execution
    let count = 0
    for (let slot = schedule.lastQueued(); slot >= 0; slot = schedule.lastQueued()) {
      this.#execution.withdraw(slot)
      count++
    }
    return count
  }

  /** Nothing may be pending. Gives back the engine's own memory; the backend and the image stay with their owners. */
  close(): void {
    invariant(this.pending === 0, 'the engine is closed with requests pending')
    this.#execution.transfers.close()
  }

  /** What is submitted under one state of the write cache is executed under it. */
  #taskOf(slot: number, request: Plan, command: ScsiCommandBlock): ScsiTask | undefined {
    if (this.#scsi === undefined) return undefined
    const buffer = {memory: this.#slots.memories[slot], offset: this.#slots.memoryOffsets[slot] as number}
    return openTask(command, {...this.#scsi, writeCacheEnabled: this.#plans.writeCache}, buffer, {
      request,
      planOf: (kind, flags) => this.#plans.ofCommand(kind.type, flags) as Plan,
      createMemory: (bytes) => this.#execution.transfers.memoryOf(bytes),
    })
  }
}
