import type {Memory} from '../aio/index.js'
import type {Plan} from '../request/index.js'
import type {Bounce} from './bounce.js'

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
    this.#free[this.#freeCount++] = slot
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
