import type {Memory} from '../aio/index.js'
import {isMultipleOf} from '../base/index.js'
import {STATUS_PENDING, type Plan} from '../request/index.js'
import type {Bounce} from './bounce.js'
import type {ScsiTask} from './scsi-task.js'

/** Where a slot is in its life. */
export const PHASE_FREE = 0
export const PHASE_QUEUED = 1
export const PHASE_PRE_SYNC = 2
export const PHASE_DATA = 3
export const PHASE_POST_SYNC = 4
export const PHASE_DONE = 5

/**
 * The requests an engine holds, as one array per field: a slot is an index. Numbers live in typed arrays so that a request
 * costs no allocation.
 */
export class Slots {
  readonly ids: Float64Array
  readonly types: Float64Array
  readonly flags: Uint32Array
  readonly offsets: Float64Array
  readonly lengths: Float64Array
  readonly memories: (Memory | undefined)[]
  readonly memoryOffsets: Float64Array
  readonly plans: (Plan | undefined)[]
  readonly phases: Uint8Array
  readonly held: Uint8Array
  /** A sync has to come before its data because of an order that an earlier request asked for. */
  readonly fenced: Uint8Array
  /** The device has a tagged barrier behind its step: no more steps may follow, they would come behind the barrier. */
  readonly sealed: Uint8Array
  /** The SCSI command of the slot. */
  readonly tasks: (ScsiTask | undefined)[]
  readonly statuses: Uint8Array
  readonly errnos: Int32Array
  readonly submittedNs: Float64Array
  readonly completedNs: Float64Array

  // The transfer that runs for the slot now.
  readonly steps: Uint8Array
  readonly stepOffsets: Float64Array
  readonly stepLengths: Float64Array
  readonly stepDone: Float64Array
  readonly stepMemories: (Memory | undefined)[]
  readonly stepMemoryOffsets: Float64Array
  readonly bounces: (Bounce | undefined)[]

  readonly #free: Int32Array
  #freeCount: number

  constructor(count: number) {
    this.ids = new Float64Array(count)
    this.types = new Float64Array(count)
    this.flags = new Uint32Array(count)
    this.offsets = new Float64Array(count)
    this.lengths = new Float64Array(count)
    this.memories = Array.from({length: count}, () => undefined)
    this.memoryOffsets = new Float64Array(count)
    this.plans = Array.from({length: count}, () => undefined)
    this.phases = new Uint8Array(count)
    this.held = new Uint8Array(count)
    this.fenced = new Uint8Array(count)
    this.sealed = new Uint8Array(count)
    this.tasks = Array.from({length: count}, () => undefined)
    this.statuses = new Uint8Array(count)
    this.errnos = new Int32Array(count)
    this.submittedNs = new Float64Array(count)
    this.completedNs = new Float64Array(count)
    this.steps = new Uint8Array(count)
    this.stepOffsets = new Float64Array(count)
    this.stepLengths = new Float64Array(count)
    this.stepDone = new Float64Array(count)
    this.stepMemories = Array.from({length: count}, () => undefined)
    this.stepMemoryOffsets = new Float64Array(count)
    this.bounces = Array.from({length: count}, () => undefined)
    this.#free = Int32Array.from({length: count}, (_, i) => count - 1 - i)
    this.#freeCount = count
  }

  get free(): number {
    return this.#freeCount
  }

  /** A free slot, or -1. */
  take(): number {
    return this.#freeCount === 0 ? -1 : (this.#free[--this.#freeCount] as number)
  }

  give(slot: number): void {
    this.phases[slot] = PHASE_FREE
    this.memories[slot] = undefined
    this.tasks[slot] = undefined
    this.#free[this.#freeCount++] = slot
  }

  /** Writes down a request that has been accepted. */
  put(
    slot: number,
    id: number,
    type: number,
    flags: number,
    offsetBytes: number,
    lengthBytes: number,
    memory: Memory | undefined,
    memoryOffset: number,
    plan: Plan | undefined,
    nowNs: number,
  ): void {
    this.ids[slot] = id
    this.types[slot] = type
    this.flags[slot] = flags
    this.offsets[slot] = offsetBytes
    this.lengths[slot] = lengthBytes
    this.memories[slot] = memory
    this.memoryOffsets[slot] = memoryOffset
    this.plans[slot] = plan
    this.statuses[slot] = STATUS_PENDING
    this.errnos[slot] = 0
    this.held[slot] = 0
    this.fenced[slot] = 0
    this.sealed[slot] = 0
    this.submittedNs[slot] = nowNs
  }

  /** The first byte that a write rewrites: whole units of the alignment. */
  rewriteStart(slot: number, unitBytes: number): number {
    return Math.floor(this.startOf(slot) / unitBytes) * unitBytes
  }

  /** The byte after the last that a write rewrites. */
  rewriteEnd(slot: number, unitBytes: number): number {
    return Math.ceil((this.startOf(slot) + this.lengthOf(slot)) / unitBytes) * unitBytes
  }

  /** True for a write that rewrites more than it was asked to write. */
  isFiner(slot: number, unitBytes: number): boolean {
    return !isMultipleOf(this.startOf(slot), unitBytes) || !isMultipleOf(this.lengthOf(slot), unitBytes)
  }

  /** What the request of a slot amounts to; while a SCSI command runs, plans[slot] is that of its current step. */
  planOf(slot: number): Plan | undefined {
    return this.tasks[slot]?.plan ?? this.plans[slot]
  }

  /** First byte of what the request of a slot reads, writes or names. */
  startOf(slot: number): number {
    return this.tasks[slot]?.range.offsetBytes ?? (this.offsets[slot] as number)
  }

  lengthOf(slot: number): number {
    return this.tasks[slot]?.range.lengthBytes ?? (this.lengths[slot] as number)
  }

  /** Calls for every write that has been accepted and has not ended. */
  forEachWrite(visit: (slot: number) => void): void {
    for (let slot = 0; slot < this.ids.length; slot++) {
      const phase = this.phases[slot] as number
      if (phase !== PHASE_FREE && phase !== PHASE_DONE && this.planOf(slot)?.kind.writes === true) visit(slot)
    }
  }

  /** A tagged barrier goes to the device behind every step that is there now. */
  sealTransfers(): void {
    for (let slot = 0; slot < this.ids.length; slot++) if (this.phases[slot] === PHASE_DATA) this.sealed[slot] = 1
  }

  /** The slot of a request that has not ended, or -1. */
  find(id: number): number {
    for (let slot = 0; slot < this.ids.length; slot++) {
      const phase = this.phases[slot] as number
      if (this.ids[slot] === id && phase !== PHASE_FREE && phase !== PHASE_DONE) return slot
    }
    return -1
  }
}
