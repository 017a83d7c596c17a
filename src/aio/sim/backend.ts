import {invariant, type Prng, type Range} from '../../base/index.js'
import {STEP_PUNCH, STEP_READ, STEP_WRITE, STEP_ZERO, type StepOp} from '../../request/index.js'
import type {Backend, Memory} from '../backend.js'
import {SimDevice} from './device.js'
import type {CrashKind, SimDisk} from './disk.js'
import type {DiskModel} from './disk-model.js'
import {FaultPlan, type SimFault} from './fault.js'
import {Host} from './host.js'
import {latencyNs} from './latency.js'
import {Passage} from './passage.js'
import type {Phase, Processor} from './phase.js'
import {beginChange, endStep, faultStepOf, isSync, refusalOf, transferableBytes, type Begun, type Step} from './step.js'
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
  /** True when left out. */
  readonly ordersTags?: boolean
  /** The image was opened for reading only: writing steps end with EBADF. */
  readonly readOnly?: boolean
  /** What the drive costs. Without one, steps take times with jitter (latency.ts), and any number runs at once. */
  readonly model?: DiskModel
  /** The device to share with other backends; its model counts. Without one, this backend has a device of its own. */
  readonly device?: SimDevice
}

/** A step from queue() to reap(): what it will answer is settled at its start, but nobody can see it before its end. */
interface Flight {
  readonly step: Step
  readonly passage: Passage
  begun: Begun
  result: number
}

/** Simulated time that one submit takes, so that polling ends too. */
const SUBMIT_NS = 500
const REAP_MAX = 64

/**
 * A backend on a simulated disk in simulated time. Deterministic: the same steps with the same seeds give the same results
 * at the same nanoseconds. Steps end in order of what they cost, so at any depth above 1 they overtake each other, except
 * where a tag orders them. A read sees the disk as it is at the read's end; a write changes its sectors at moments between
 * its start and its end. A step that an ordered tag holds has not started: no crash finds anything of it.
 *
 * With a model, a step ends at the drive one round trip before it can be reaped. A SYNC queued in between covers it as well:
 * more than the contract promises. Whoever tests a claim about what survives does better without a model.
 *
 * Alone on its device it makes nobody wait: submit() moves the clock. On a shared device the clock moves when all wait, by
 * the rules of turnstile.ts; submit(false) takes no time there.
 */
export class SimBackend implements Backend {
  readonly name = 'sim'
  readonly canDsync: boolean
  readonly canZero: boolean
  readonly canPunch: boolean
  readonly ordersTags: boolean
  readonly tokens: number
  readonly doneTokens: Int32Array
  readonly doneResults: Int32Array
  readonly #disk: SimDisk
  readonly #device: SimDevice
  readonly #shared: boolean
  readonly #host: Host | undefined
  readonly #processor: Processor
  readonly #prng: Prng
  readonly #faults: FaultPlan
  readonly #capacity: number
  readonly #readOnly: boolean
  readonly #busy: Uint8Array
  /** Queued and not reaped. */
  #outstanding = 0
  #queued: Flight[] = []
  /** Started and not ended. */
  readonly #flights: Flight[] = []
  readonly #finished: Flight[] = []
  readonly #visitor = {outstanding: () => this.#outstanding, ready: () => this.#finished.length > 0}

  constructor(options: SimBackendOptions) {
    this.#disk = options.disk
    this.#device = options.device ?? new SimDevice(options.model)
    this.#shared = options.device !== undefined
    const startBytes = this.#device.extend(this.#disk.sizeBytes)
    const {model} = this.#device
    this.#host = model && new Host(model, this.#disk.mode.direct, startBytes)
    this.#processor = this.#host?.processor ?? {freeNs: 0}
    this.#prng = streamOf(options.seed, 'steps')
    this.#faults = new FaultPlan(options.faults ?? [], streamOf(options.seed, 'faults'))
    this.#capacity = options.capacity ?? 1024
    this.#readOnly = options.readOnly ?? false
    this.tokens = options.tokens ?? this.#capacity
    this.canDsync = options.canDsync ?? true
    this.canZero = options.canZero ?? true
    this.canPunch = options.canPunch ?? true
    this.ordersTags = options.ordersTags ?? true
    this.#busy = new Uint8Array(this.tokens)
    this.doneTokens = new Int32Array(Math.min(this.#capacity, REAP_MAX))
    this.doneResults = new Int32Array(this.doneTokens.length)
    if (this.#shared) this.#device.turnstile.enter(this.#visitor)
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
    ordered = false,
  ): boolean {
    if (this.#outstanding >= this.#capacity) return false
    invariant(this.#busy[token] === 0, `token ${token} of ${this.tokens} is out of range or has a step outstanding`)
    invariant(
      this.#canDo(op, dsync, ordered),
      `step ${op} (dsync ${dsync}, ordered ${ordered}) is beyond what this backend said it can do`,
    )
    const transfer = op === STEP_READ || op === STEP_WRITE
    invariant(
      !transfer || (memory !== undefined && memoryOffset + lengthBytes <= memory.bytes.length),
      `a transfer of ${lengthBytes} bytes at ${memoryOffset} does not fit into its memory`,
    )
    this.#busy[token] = 1
    this.#outstanding++
    this.#queued.push(
      this.#flightOf({op, token, memory, memoryOffset, range: {offsetBytes, lengthBytes}, dsync}, ordered),
    )
    return true
  }

  #flightOf(step: Step, ordered: boolean): Flight {
    const passage = new Passage(ordered, this.#processor, {
      start: () => this.#start(flight),
      end: (beforeNs, nowNs) => this.#end(flight, beforeNs, nowNs),
      report: () => void this.#finished.push(flight),
    })
    // What a SYNC owes is settled when it is queued, unless its tag makes it wait for more.
    const sync = isSync(step.op) && !ordered ? this.#disk.beginSync() : undefined
    const flight: Flight = {step, passage, begun: {change: undefined, sync}, result: 0}
    return flight
  }

  #canDo(op: StepOp, dsync: boolean, ordered: boolean): boolean {
    if ((dsync && !this.canDsync) || (ordered && !this.ordersTags)) return false
    return op === STEP_ZERO ? this.canZero : op === STEP_PUNCH ? this.canPunch : true
  }

  submit(wait: boolean): Promise<void> | undefined {
    this.#handOver()
    if (this.#shared) {
      return wait && this.#outstanding > 0 ? this.#device.turnstile.wait(this.#visitor) : undefined
    }
    // With a model, waiting costs what the model says and nothing else.
    this.#device.pass(wait && this.#host ? 0 : SUBMIT_NS)
    while (wait && this.#finished.length === 0 && this.#device.next());
    return undefined
  }

  passTo(untilNs: number): boolean {
    invariant(!this.#shared, 'time on a shared simulated device passes for all that share it')
    this.#handOver()
    while (this.#finished.length === 0 && this.#device.nextBy(untilNs));
    if (this.#finished.length > 0) return true
    this.#device.pass(Math.max(0, untilNs - this.#device.nowNs))
    return this.#finished.length > 0
  }

  reap(): number {
    const taken = this.#finished.splice(0, this.doneTokens.length)
    taken.forEach(({step, result}, i) => {
      this.#busy[step.token] = 0
      this.doneTokens[i] = step.token
      this.doneResults[i] = result
    })
    this.#outstanding -= taken.length
    if (this.#shared && taken.length > 0) this.#device.turnstile.turn()
    return taken.length
  }

  #handOver(): void {
    this.#device.hand(this.#queued.map(({passage}) => passage))
    this.#queued = []
  }

  /** Nanoseconds of simulated time; 0 at the start of the device. */
  nowNs(): number {
    return this.#device.nowNs
  }

  /** Answers the question which blocks a write would have to allocate; see SimDisk. */
  freshRanges(offsetBytes: number, lengthBytes: number, view?: 'committed' | 'extents'): Range[] {
    return this.#disk.freshRanges(offsetBytes, lengthBytes, view)
  }

  /** What one crash right now leaves; this backend goes on. See SimDisk.crash(). */
  powerCut(kind: CrashKind, crashSeed: number): SimDisk {
    return this.#disk.crash(kind, crashSeed)
  }

  /** Also leaves a shared device, even if it then complains of steps outstanding: the others go on. */
  async close(): Promise<void> {
    const busy = this.#outstanding - this.#finished.length
    if (this.#shared) this.#device.turnstile.leave(this.#visitor)
    invariant(busy === 0, `the simulated backend was closed with ${busy} steps outstanding`)
  }

  #start(flight: Flight): readonly Phase[] {
    const {step, begun} = flight
    const fate = this.#faults.next(faultStepOf(step.op), step.range)
    const refusal = refusalOf(step, this.#disk, this.#readOnly)
    const phases = this.#phasesOf(step, refusal !== 0, fate.delayNs)
    this.#flights.push(flight)
    const sync = isSync(step.op) ? (begun.sync ?? this.#disk.beginSync()) : undefined
    flight.result = -refusal || -fate.errno || transferableBytes(step, this.#disk, fate.shortBytes)
    // A write that will fail still reaches for all of its sectors; how far it got is only known when it ends.
    const reached = fate.errno ? transferableBytes(step, this.#disk) : flight.result
    flight.begun = {sync, change: refusal ? undefined : beginChange(step, this.#disk, reached)}
    return phases
  }

  /** What the step costs: by the model if there is one. A fault's delay comes last, and keeps the host waiting only. */
  #phasesOf(step: Step, refused: boolean, delayNs: number): readonly Phase[] {
    const {op, range} = step
    const dsync = step.dsync || this.#disk.mode.dsync
    if (!this.#host) {
      const facts = {direct: this.#disk.mode.direct, dsync, volatileBytes: this.#disk.volatileBytes}
      return [{kind: 'pause', ns: latencyNs(op, range.lengthBytes, facts, this.#prng) + delayNs}]
    }
    const transfer = op === STEP_READ || op === STEP_WRITE
    const lengthBytes = transfer ? transferableBytes(step, this.#disk) : range.lengthBytes
    const phases = refused
      ? this.#host.refusal()
      : this.#host.phasesOf({op, range: {...range, lengthBytes}, dsync: dsync && op === STEP_WRITE})
    return delayNs > 0 ? [...phases, {kind: 'pause', ns: delayNs}] : phases
  }

  /** The step ends, and the rest of the world has moved on since something last happened. */
  #end(flight: Flight, beforeNs: number, nowNs: number): void {
    const flights = new Map(this.#flights.map((one) => [one.begun.change, one]))
    this.#disk.progress((change) => {
      const one = flights.get(change)
      if (!one) return 0
      // The disk decides at its end how far a failing change got.
      if (one.result < 0 && one.passage.untilNs <= nowNs) return 0
      return one.passage.share(beforeNs, nowNs)
    })
    this.#disk.drift()
    this.#flights.splice(this.#flights.indexOf(flight), 1)
    endStep(flight.step, flight.begun, flight.result, this.#disk)
  }
}
