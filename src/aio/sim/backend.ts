import {ERRNO, invariant, SECTOR_BYTES, type Prng, type Range} from '../../base/index.js'
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
import type {Backend, Memory} from '../backend.js'
import type {Change, CrashKind, SimDisk, Sync} from './disk.js'
import {FaultPlan, type SimFault} from './fault.js'
import {latencyNs} from './latency.js'
import {streamOf} from './stream.js'

export interface SimBackendOptions {
  readonly disk: SimDisk
  /** Chooses latencies and faults. */
  readonly seed: number
  readonly faults?: readonly SimFault[]
  /** Steps that may be outstanding; 1024 when left out. */
  readonly capacity?: number
  /** As many as the capacity when left out. */
  readonly tokens?: number
  readonly canDsync?: boolean
  readonly canZero?: boolean
  readonly canPunch?: boolean
  /** The image was opened for reading only: writing steps end with EBADF. */
  readonly readOnly?: boolean
}

interface Step {
  readonly op: StepOp
  readonly token: number
  readonly memory: Memory | undefined
  readonly memoryOffset: number
  readonly range: Range
  readonly dsync: boolean
  /** What a SYNC owes is settled when it is queued. */
  readonly sync: Sync | undefined
}

/** A step on its way: what it will answer is settled, but nobody can see it before endNs. */
interface Flight {
  readonly step: Step
  readonly change: Change | undefined
  readonly endNs: number
  readonly result: number
}

/** Simulated time that one submit takes, so that polling ends too. */
const SUBMIT_NS = 500
const REAP_MAX = 64

/**
 * A backend on a simulated disk in simulated time. Deterministic: the same steps with the same seeds give the same results
 * at the same nanoseconds. Steps end in order of their latencies, so at any depth above 1 they overtake each other. A read
 * sees the disk as it is at the read's end; a write changes its sectors at moments between its start and its end.
 */
export class SimBackend implements Backend {
  readonly name = 'sim'
  readonly canDsync: boolean
  readonly canZero: boolean
  readonly canPunch: boolean
  readonly ordersTags: boolean = false
  readonly tokens: number
  readonly doneTokens: Int32Array
  readonly doneResults: Int32Array
  readonly #disk: SimDisk
  readonly #prng: Prng
  readonly #faults: FaultPlan
  readonly #capacity: number
  readonly #readOnly: boolean
  readonly #busy: Uint8Array
  #clockNs = 0
  #queued: Step[] = []
  #flights: Flight[] = []
  #finished: Flight[] = []

  constructor(options: SimBackendOptions) {
    this.#disk = options.disk
    this.#prng = streamOf(options.seed, 'steps')
    this.#faults = new FaultPlan(options.faults ?? [], streamOf(options.seed, 'faults'))
    this.#capacity = options.capacity ?? 1024
    this.#readOnly = options.readOnly ?? false
    this.tokens = options.tokens ?? this.#capacity
    this.canDsync = options.canDsync ?? true
    this.canZero = options.canZero ?? true
    this.canPunch = options.canPunch ?? true
    this.#busy = new Uint8Array(this.tokens)
    this.doneTokens = new Int32Array(Math.min(this.#capacity, REAP_MAX))
    this.doneResults = new Int32Array(this.doneTokens.length)
  }

  createMemory(bytes: number): Memory {
    return {bytes: new Uint8Array(bytes), free: () => {}}
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
    if (this.#queued.length + this.#flights.length + this.#finished.length >= this.#capacity) return false
    invariant(this.#busy[token] === 0, `token ${token} of ${this.tokens} is out of range or has a step outstanding`)
    invariant(this.#canDo(op, dsync), `step ${op} (dsync ${dsync}) is beyond what this backend said it can do`)
    const transfer = op === STEP_READ || op === STEP_WRITE
    invariant(
      !transfer || (memory !== undefined && memoryOffset + lengthBytes <= memory.bytes.length),
      `a transfer of ${lengthBytes} bytes at ${memoryOffset} does not fit into its memory`,
    )
    this.#busy[token] = 1
    const sync = op === STEP_SYNC || op === STEP_SYNC_ALL ? this.#disk.beginSync() : undefined
    this.#queued.push({op, token, memory, memoryOffset, range: {offsetBytes, lengthBytes}, dsync, sync})
    return true
  }

  #canDo(op: StepOp, dsync: boolean): boolean {
    if (dsync && !this.canDsync) return false
    return op === STEP_ZERO ? this.canZero : op === STEP_PUNCH ? this.canPunch : true
  }

  /** Never makes anyone wait: waiting is moving the simulated clock. */
  submit(wait: boolean): undefined {
    for (const step of this.#queued) this.#flights.push(this.#start(step))
    this.#queued = []
    const untilNs = this.#clockNs + SUBMIT_NS
    for (let next = this.#next(); next && next.endNs <= untilNs; next = this.#next()) this.#finish(next)
    this.#clockNs = Math.max(this.#clockNs, untilNs)
    const next = wait && this.#finished.length === 0 ? this.#next() : undefined
    if (next) this.#finish(next)
    return undefined
  }

  reap(): number {
    const taken = this.#finished.splice(0, this.doneTokens.length)
    taken.forEach(({step, result}, i) => {
      this.#busy[step.token] = 0
      this.doneTokens[i] = step.token
      this.doneResults[i] = result
    })
    return taken.length
  }

  /** Nanoseconds of simulated time; 0 at the start. */
  nowNs(): number {
    return this.#clockNs
  }

  /** Answers the question which blocks a write would have to allocate; see SimDisk. */
  freshRanges(offsetBytes: number, lengthBytes: number, view?: 'committed' | 'extents'): Range[] {
    return this.#disk.freshRanges(offsetBytes, lengthBytes, view)
  }

  /** What one crash right now leaves; this backend goes on. See SimDisk.crash(). */
  powerCut(kind: CrashKind, crashSeed: number): SimDisk {
    return this.#disk.crash(kind, crashSeed)
  }

  async close(): Promise<void> {
    const busy = this.#queued.length + this.#flights.length
    invariant(busy === 0, `the simulated backend was closed with ${busy} steps outstanding`)
  }

  #start(step: Step): Flight {
    const {op, range} = step
    const fate = this.#faults.next(faultStep(op), range)
    const dsync = step.dsync || this.#disk.mode.dsync
    const facts = {direct: this.#disk.mode.direct, dsync, volatileBytes: this.#disk.volatileBytes}
    const endNs = this.#clockNs + latencyNs(op, range.lengthBytes, facts, this.#prng) + fate.delayNs
    const refusal = this.#refusal(step)
    if (refusal) return {step, change: undefined, endNs, result: -refusal}
    const result = fate.errno ? -fate.errno : this.#transferable(step, fate.shortBytes)
    // A write that will fail still reaches for all of its sectors; how far it got is only known when it ends.
    const reached = fate.errno ? this.#transferable(step, undefined) : result
    return {step, change: this.#begin(step, reached), endNs, result}
  }

  #begin({op, memory, memoryOffset, range, dsync}: Step, bytes: number): Change | undefined {
    if (op === STEP_ZERO || op === STEP_PUNCH) return this.#disk.beginZero(range.offsetBytes, range.lengthBytes)
    if (op !== STEP_WRITE) return undefined
    invariant(memory !== undefined, 'a WRITE without memory')
    return this.#disk.beginWrite(range.offsetBytes, memory.bytes.subarray(memoryOffset, memoryOffset + bytes), dsync)
  }

  /** The errno with which a host refuses a step before it touches the disk, or 0. The image cannot grow. */
  #refusal({op, range}: Step): number {
    const transfer = op === STEP_READ || op === STEP_WRITE
    const zero = op === STEP_ZERO || op === STEP_PUNCH
    const room = this.#disk.sizeBytes - range.offsetBytes
    if (this.#readOnly && (op === STEP_WRITE || zero)) return ERRNO.EBADF
    if (transfer && this.#disk.mode.direct && (range.offsetBytes % SECTOR_BYTES || range.lengthBytes % SECTOR_BYTES)) {
      return ERRNO.EINVAL
    }
    if (zero && (range.lengthBytes === 0 || range.lengthBytes > room)) return ERRNO.EINVAL
    return op === STEP_WRITE && range.lengthBytes > 0 && room <= 0 ? ERRNO.ENOSPC : 0
  }

  #transferable({op, range}: Step, shortBytes: number | undefined): number {
    if (op !== STEP_READ && op !== STEP_WRITE) return 0
    const room = Math.max(0, this.#disk.sizeBytes - range.offsetBytes)
    return Math.min(range.lengthBytes, room, shortBytes ?? range.lengthBytes)
  }

  #next(): Flight | undefined {
    return this.#flights.reduce<Flight | undefined>(
      (first, flight) => (first && first.endNs <= flight.endNs ? first : flight),
      undefined,
    )
  }

  /** Moves the clock to the end of this step, and the rest of the world with it. */
  #finish(flight: Flight): void {
    const beforeNs = this.#clockNs
    const nowNs = Math.max(flight.endNs, beforeNs)
    const flights = new Map(this.#flights.map((one) => [one.change, one]))
    this.#disk.progress((change) => {
      const one = flights.get(change)
      if (!one) return 0
      // The disk decides at its end how far a failing change got.
      if (one.endNs <= nowNs) return one.result < 0 ? 0 : 1
      return (nowNs - beforeNs) / (one.endNs - beforeNs)
    })
    this.#disk.drift()
    this.#clockNs = nowNs
    this.#flights.splice(this.#flights.indexOf(flight), 1)
    this.#end(flight)
    this.#finished.push(flight)
  }

  #end({step, change, result}: Flight): void {
    switch (step.op) {
      case STEP_NONE:
        return
      case STEP_READ:
        if (result > 0 && step.memory) {
          this.#disk.read(step.range.offsetBytes, step.memory.bytes.subarray(step.memoryOffset).subarray(0, result))
        }
        return
      case STEP_WRITE:
      case STEP_ZERO:
      case STEP_PUNCH:
        if (change) this.#disk.endChange(change, result >= 0)
        return
      case STEP_SYNC:
      case STEP_SYNC_ALL:
        if (step.sync) this.#disk.endSync(step.sync, result === 0)
    }
  }
}

function faultStep(op: StepOp): SimFault['step'] | undefined {
  switch (op) {
    case STEP_NONE:
      return undefined
    case STEP_READ:
      return 'read'
    case STEP_WRITE:
      return 'write'
    case STEP_ZERO:
    case STEP_PUNCH:
      return 'zero'
    case STEP_SYNC:
    case STEP_SYNC_ALL:
      return 'sync'
  }
}
