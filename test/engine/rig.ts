import type {Memory} from '../../src/aio/index.js'
import {invariant} from '../../src/base/index.js'
import {cacheModeOf, type CacheModeName} from '../../src/cache-mode/index.js'
import {
  Engine,
  type CancelAnswer,
  type EngineOptions,
  type ScsiCommandBlock,
  type ScsiOutcome,
} from '../../src/engine/index.js'
import {orderingModeOf, type OrderingName} from '../../src/ordering/index.js'
import {
  idBytes,
  plainLink,
  REQUEST_KINDS,
  statusName,
  STEP_NONE,
  STEP_PUNCH,
  STEP_READ,
  STEP_SYNC,
  STEP_SYNC_ALL,
  STEP_WRITE,
  STEP_ZERO,
  WISH_KINDS,
  type Link,
  type RequestName,
  type StepOp,
} from '../../src/request/index.js'
import type {TraceEvent} from '../../src/trace/index.js'
import {isSync, ManualBackend, type ManualBackendOptions, type ManualStep} from './manual-backend.js'

export interface RigOptions extends ManualBackendOptions {
  readonly mode?: CacheModeName
  readonly ordering?: OrderingName
  readonly depth?: number
  readonly alignmentBytes?: number
  readonly soleWriter?: boolean
  readonly readOnly?: boolean
  readonly logicalBlockBytes?: number
  readonly id?: string
  readonly freshRanges?: EngineOptions['freshRanges']
  /** What differs from a link that is as good as the mode. */
  readonly link?: Partial<Link>
  readonly tracksRanges?: boolean
  /** The disk that SCSI commands are for; with it the device takes them. */
  readonly scsi?: EngineOptions['scsi']
}

export interface Operands {
  readonly flags?: number
  readonly after?: readonly number[]
  readonly memory?: Memory
  readonly memoryOffset?: number
  readonly command?: ScsiCommandBlock
}

export interface Ending {
  readonly status: string
  readonly errno: number
  /** Only of a SCSI command that ran. */
  readonly outcome?: ScsiOutcome
}

const KINDS = [...REQUEST_KINDS, ...WISH_KINDS]

/** What a device takes that offers the SCSI feature. */
const TYPES_WITH_SCSI: ReadonlySet<number> = new Set(REQUEST_KINDS.map(({type}) => type))

const STEP_NAMES: Record<StepOp, string> = {
  [STEP_NONE]: 'nothing',
  [STEP_READ]: 'read',
  [STEP_WRITE]: 'write',
  [STEP_ZERO]: 'zero',
  [STEP_PUNCH]: 'punch',
  [STEP_SYNC]: 'sync',
  [STEP_SYNC_ALL]: 'sync all',
}

/** A sync of the backend, by places in the history. */
export interface RanSync {
  readonly ordered: boolean
  readonly queuedAt: number
  /** -1 while it runs. */
  endedAt: number
  ok: boolean
}

/** An engine on a ManualBackend, with requests called by their ids and everything that happens written down. */
export class Rig {
  readonly backend: ManualBackend
  readonly engine: Engine
  readonly events: TraceEvent[] = []
  /** What the engine does and what the backend is given, one line each: "start 3", "write 3", "sync", "complete 3 OK". */
  readonly log: string[] = []
  /** The log with the ends of steps in between: "ended write 3", "ended sync", "failed sync". An ordered tag is "tagged sync". */
  readonly history: string[] = []
  /** Every sync, in order of queueing. */
  readonly ranSyncs: RanSync[] = []
  /** How requests ended, in order of completion. */
  readonly endings = new Map<number, Ending>()
  readonly #slots = new Map<number, number>()
  readonly #syncOf = new Map<ManualStep, RanSync>()

  constructor(options: RigOptions = {}) {
    this.backend = new ManualBackend({
      ...options,
      onQueue: (step) => this.#queued(step),
      onEnd: (step, result) => this.#ended(step, result),
    })
    const observer = (event: TraceEvent): void => this.#observe(event)
    this.engine = new Engine({...engineOptions(this.backend, options), observer})
  }

  /** Submits a request. @returns its id */
  submit(name: RequestName | number, offsetBytes = 0, lengthBytes = 0, operands: Operands = {}): number {
    const type = typeof name === 'number' ? name : (KINDS.find((kind) => kind.name === name)?.type ?? -1)
    const {flags = 0, after, memoryOffset = 0, command} = operands
    const memory = operands.memory ?? memoryOf(lengthBytes)
    const id = this.engine.nextId
    const slot = this.engine.submit(type, flags, offsetBytes, lengthBytes, memory, memoryOffset, after, command)
    invariant(slot >= 0, 'the engine is full')
    this.#slots.set(id, slot)
    this.#take()
    return id
  }

  write(sector: number, operands: Operands = {}): number {
    return this.submit('OUT', sector * 512, 512, operands)
  }

  read(sector: number, operands: Operands = {}): number {
    return this.submit('IN', sector * 512, 512, operands)
  }

  /** Submits a request that has no data and no range. */
  wish(name: RequestName, flags = 0, operands: Operands = {}): number {
    return this.submit(name, 0, 0, {...operands, flags})
  }

  flush(operands: Operands = {}): number {
    return this.submit('FLUSH', 0, 0, operands)
  }

  /** The outstanding step of a request's own data. */
  stepOf(id: number): ManualStep | undefined {
    return this.backend.outstanding.find((step) => !isSync(step) && this.engine.idOf(step.token) === id)
  }

  /** Ends the outstanding step of a request and lets the engine see it. */
  end(id: number, result?: number): void {
    const step = this.stepOf(id)
    invariant(step !== undefined, `request ${id} has no step outstanding`)
    this.backend.end(step, result)
    this.tick()
  }

  /** Ends the outstanding sync, of several the one queued first. */
  endSync(result = 0): void {
    const {sync} = this.backend
    invariant(sync !== undefined, 'no sync is outstanding')
    this.backend.end(sync, result)
    this.tick()
  }

  tick(): void {
    invariant(this.engine.tick(false) === undefined, 'a tick that does not wait returned a promise')
    this.#take()
  }

  /** A tick of somebody who has nothing else to do. */
  wait(): void {
    invariant(this.engine.tick(true) === undefined, 'the manual backend makes nobody wait')
    this.#take()
  }

  cancel(id: number): CancelAnswer {
    const answer = this.engine.cancel(id)
    this.#take()
    return answer
  }

  /** Ends every step, well and in order, until nothing is pending. Fails when there is nothing to end before that. */
  settle(): void {
    while (this.engine.pending > 0) {
      const next = this.backend.outstanding[0]
      if (next) this.backend.end(next)
      const before = this.backend.steps.length
      if (next) this.tick()
      else this.wait()
      const moved = next !== undefined || this.backend.steps.length > before
      invariant(moved || this.engine.pending === 0, `${this.engine.pending} requests pending, and no step to wait for`)
    }
  }

  /** "OK", "IOERR" ... or undefined while it has not ended. */
  status(id: number): string | undefined {
    return this.endings.get(id)?.status
  }

  describe(step: ManualStep): string {
    const name = STEP_NAMES[step.op]
    const tag = step.ordered ? 'tagged ' : ''
    return tag + (isSync(step) ? name : `${name}${step.dsync ? ' dsync' : ''} ${this.engine.idOf(step.token)}`)
  }

  /** Where a line stands in the log; -1 when it does not. */
  at(line: string): number {
    return this.log.indexOf(line)
  }

  /** Outstanding steps, described, in order of queueing. */
  get outstanding(): string[] {
    return this.backend.outstanding.map((step) => this.describe(step))
  }

  /** How many syncs the backend was asked for. */
  get syncs(): number {
    return this.backend.steps.filter(isSync).length
  }

  /** The steps of one request so far, as transfers. */
  transfersOf(id: number): string[] {
    const suffix = ` ${id}`
    return this.log.filter((line) => line.endsWith(suffix) && !/^(submit|start|complete)/.test(line))
  }

  #queued(step: ManualStep): void {
    if (isSync(step)) {
      const sync = {ordered: step.ordered, queuedAt: this.history.length, endedAt: -1, ok: false}
      this.ranSyncs.push(sync)
      this.#syncOf.set(step, sync)
    }
    this.#note(this.describe(step))
  }

  #ended(step: ManualStep, result: number): void {
    const sync = this.#syncOf.get(step)
    if (sync) {
      sync.endedAt = this.history.length
      sync.ok = result >= 0
    }
    this.history.push(`${result < 0 ? 'failed' : 'ended'} ${this.describe(step)}`)
  }

  #observe(event: TraceEvent): void {
    this.events.push(event)
    if (event.kind === 'submit' || event.kind === 'start') this.#note(`${event.kind} ${event.id}`)
    if (event.kind === 'complete') this.#note(`complete ${event.id} ${statusName(event.status)}`)
  }

  #note(line: string): void {
    this.log.push(line)
    this.history.push(line)
  }

  #take(): void {
    for (let slot = this.engine.takeDone(); slot >= 0; slot = this.engine.takeDone()) {
      const id = this.engine.idOf(slot)
      invariant(!this.endings.has(id), `request ${id} ended twice`)
      const outcome = this.engine.scsiOutcomeOf(slot)
      const status = statusName(this.engine.statusOf(slot))
      this.endings.set(id, {status, errno: this.engine.errnoOf(slot), ...(outcome && {outcome})})
      this.engine.release(slot)
    }
  }
}

/** What an engine on this backend is opened with; what is left out is as harmless as possible. */
export function engineOptions(backend: ManualBackend, options: RigOptions = {}): EngineOptions {
  const mode = cacheModeOf(options.mode ?? 'writeback')
  const ordering = orderingModeOf(options.ordering ?? 'drain')
  return {
    device: {
      capacitySectors: backend.image.length / 512,
      readOnly: options.readOnly ?? false,
      logicalBlockBytes: options.logicalBlockBytes ?? 512,
      types: options.scsi && TYPES_WITH_SCSI,
    },
    mode,
    ordering,
    link: options.link && {...plainLink(mode, ordering), ...options.link},
    scsi: options.scsi,
    tracksRanges: options.tracksRanges,
    backend,
    depth: options.depth ?? 128,
    alignmentBytes: options.alignmentBytes ?? 512,
    soleWriter: options.soleWriter ?? false,
    id: idBytes(options.id ?? 'disk'),
    freshRanges: options.freshRanges,
  }
}

/** Memory of this many bytes, filled with one value. */
export function memoryOf(bytes: number, value = 0): Memory {
  return {bytes: new Uint8Array(bytes).fill(value), free: () => {}}
}
