import {yieldToSignals, type Backend, type Memory} from '../aio/index.js'
import {ERRNO, errnoName, Prng} from '../base/index.js'
import type {Engine} from '../engine/index.js'
import {FLUSH, IN, OUT, STATUS_OK, statusName} from '../request/index.js'
import type {CheckedContent, UnitMap} from './content.js'
import {Pace, sleepTowards} from './pace.js'
import {FENCE_DRAIN, FENCE_FLUSH, type Region, type RequestStream} from './request-stream.js'
import type {RoundResult} from './result.js'
import type {SyncsAsked} from './syncs-asked.js'
import {Tally} from './tally.js'
import type {Workload} from './workload.js'

/** What a job is driven with. */
export interface JobOptions {
  readonly engine: Engine
  readonly backend: Backend
  readonly stream: RequestStream
  readonly workload: Workload
  readonly region: Region
  readonly syncsAsked: SyncsAsked
  /** Requests come when they are due, at a rate, or with pauses. */
  readonly paced: boolean
  /** Checked content, and the units that get it. */
  readonly checked: {readonly content: CheckedContent; readonly units: UnitMap} | undefined
  /** Told what a write carries, right before it is submitted. */
  readonly offer?: ((bytes: Uint8Array) => void) | undefined
  readonly signal: AbortSignal
  /** Called between ramp and measurement, with nothing in flight, and waited for. */
  readonly beforeMeasuring: () => Promise<void>
  /** Requests ended so far, and the time since measuring began; a few times a second. */
  readonly progress: (requests: number, elapsedNs: number) => void
}

/** What one job did in one round; what a round is made of. */
export type JobResult = Pick<
  RoundResult,
  | 'runtimeNs'
  | 'read'
  | 'write'
  | 'flush'
  | 'flushesWanted'
  | 'flushesSent'
  | 'depths'
  | 'submits'
  | 'completes'
  | 'errno'
  | 'cutBy'
> & {
  /** What ended it with an error, for people. */
  readonly failure: string | undefined
}

const PROGRESS_NS = 250e6

const READ = 0
const WRITE = 1
const FLUSHES = 2
/** What only a replay has: runs, and is in no figure. */
const OTHER = 3
type Kind = typeof READ | typeof WRITE | typeof FLUSHES | typeof OTHER

/**
 * Keeps one engine as full as its depth allows with the requests of a stream, until the stream, the time or a signal ends it, and
 * counts what becomes of them. Nothing is allocated for a request.
 */
export class Job {
  readonly #options: JobOptions
  readonly #engine: Engine
  readonly #stream: RequestStream
  readonly #syncsAsked: SyncsAsked
  readonly #checked: JobOptions['checked']
  readonly #paced: boolean
  readonly #offer: JobOptions['offer']
  readonly #memory: Memory
  readonly #bufferBytes: number
  readonly #buffers: Float64Array
  #free: number
  readonly #bufferOf: Float64Array
  readonly #lengthOf: Float64Array
  readonly #kindOf: Uint8Array
  /** Requests given by how many were in flight with them. */
  readonly #depths: Float64Array
  readonly #submits: Float64Array
  readonly #completes: Float64Array
  readonly #pace: Pace
  #tallies = newTallies()
  #inFlight = 0
  #flushes = 0
  /** The stream stands on a request that has not been submitted. */
  #hasNext = false
  /** Nothing is submitted before nothing is in flight. */
  #holds = false
  #wanted = 0
  #ended = 0
  #failure: string | undefined
  #errno = 0

  constructor(options: JobOptions) {
    const {workload, backend} = options
    const depth = workload.iodepth
    this.#options = options
    this.#engine = options.engine
    this.#stream = options.stream
    this.#syncsAsked = options.syncsAsked
    this.#checked = options.checked
    this.#paced = options.paced
    this.#offer = options.offer
    this.#bufferBytes = Math.ceil(workload.bs.maxBytes / 4096) * 4096
    this.#memory = backend.createMemory(depth * this.#bufferBytes)
    new Prng(workload.randseed).fill(this.#memory.bytes)
    this.#buffers = Float64Array.from({length: depth}, (_, i) => i * this.#bufferBytes)
    this.#free = depth
    this.#bufferOf = new Float64Array(depth)
    this.#lengthOf = new Float64Array(depth)
    this.#kindOf = new Uint8Array(depth)
    this.#depths = new Float64Array(depth + 1)
    this.#submits = new Float64Array(depth + 1)
    this.#completes = new Float64Array(depth + 1)
    this.#pace = new Pace(workload.rateIops, workload.thinktimeNs)
  }

  /** Runs it once. A request that fails ends the round; whatever happens, nothing is in flight afterwards. */
  async run(): Promise<JobResult> {
    const {engine, workload, signal, beforeMeasuring} = this.#options
    if (workload.rampNs > 0) {
      await this.#drive(workload.rampNs)
      this.#tallies = newTallies()
      this.#wanted = 0
      this.#ended = 0
      for (const counts of [this.#depths, this.#submits, this.#completes]) counts.fill(0)
    }
    await beforeMeasuring()
    const syncsBefore = engine.syncs
    const startNs = engine.readClock()
    const runs = this.#failure === undefined && !signal.aborted
    if (runs) await this.#drive(workload.runtimeNs ?? Number.POSITIVE_INFINITY)
    if (runs && this.#failure === undefined && workload.fsyncOnClose) await this.#closingFlush()
    const [read, write, flush] = this.#tallies
    return {
      runtimeNs: engine.readClock() - startNs,
      read,
      write,
      flush,
      flushesWanted: this.#wanted,
      flushesSent: engine.syncs - syncsBefore,
      depths: Array.from(this.#depths),
      submits: Array.from(this.#submits),
      completes: Array.from(this.#completes),
      errno: this.#errno,
      cutBy: this.#failure !== undefined ? 'error' : signal.aborted ? 'signal' : undefined,
      failure: this.#failure,
    }
  }

  /** Gives the memory back. Nothing is in flight after run(). */
  close(): void {
    this.#memory.free()
  }

  async #drive(limitNs: number): Promise<void> {
    const {signal, progress} = this.#options
    const engine = this.#engine
    const paced = this.#paced
    const startNs = engine.readClock()
    this.#pace.start(startNs)
    let running = true
    let reportNs = startNs + PROGRESS_NS
    for (;;) {
      const before = this.#inFlight
      if (running) running = this.#submit(engine.nowNs)
      count(this.#submits, this.#inFlight - before)
      if (!running && this.#inFlight === 0) break
      const idles = paced && running && !this.#holds && this.#inFlight < this.#bufferOf.length
      const waiting = idles ? this.#pass(startNs + limitNs) : engine.tick(true)
      if (waiting !== undefined) {
        await waiting
        if (signal.aborted) running = false
      }
      this.#take()
      const nowNs = engine.nowNs
      if (nowNs - startNs >= limitNs || this.#failure !== undefined) running = false
      if (nowNs < reportNs) continue
      reportNs = nowNs + PROGRESS_NS
      progress(this.#ended, nowNs - startNs)
    }
    this.#hasNext = false
  }

  /** A paced job waits for a time, not for a completion; and not behind its end. */
  async #pass(endNs: number): Promise<void> {
    const {engine, stream, backend} = this.#options
    const nextNs = this.#hasNext ? Math.min(endNs, this.#pace.nextNs(stream.dueNs)) : engine.nowNs
    if (backend.passTo !== undefined) {
      // Where a fence holds the next request back, only a completion helps.
      const ends = nextNs <= engine.nowNs || backend.passTo(Math.ceil(nextNs))
      if (ends) await engine.tick(true)
      else await yieldToSignals()
    } else {
      await engine.tick(false)
      const nowNs = engine.readClock()
      if (this.#inFlight > 0) await yieldToSignals()
      else await sleepTowards(nextNs, nowNs)
    }
    engine.readClock()
  }

  /** Submits what may be submitted now. @returns false when there is no more */
  #submit(nowNs: number): boolean {
    const engine = this.#engine
    const stream = this.#stream
    if (this.#holds) {
      if (this.#inFlight > 0) return true
      this.#holds = false
    }
    while (this.#free > 0) {
      if (!this.#hasNext && !stream.next()) return false
      this.#hasNext = true
      const {fence} = stream
      if (fence === FENCE_DRAIN && this.#inFlight > 0) return true
      if (fence === FENCE_FLUSH && this.#flushes > 0) return true
      if (this.#paced) {
        if (this.#pace.nextNs(stream.dueNs) > nowNs) return true
        this.#pace.submitted()
        engine.readClock()
      }
      this.#hasNext = false
      this.#give(stream.type, stream.flags, stream.offsetBytes, stream.lengthBytes)
      if (fence === FENCE_DRAIN) {
        this.#holds = true
        return true
      }
      if (fence === FENCE_FLUSH) this.#flushes++
    }
    return true
  }

  #give(type: number, flags: number, offsetBytes: number, lengthBytes: number): void {
    const engine = this.#engine
    const buffer = this.#buffers[--this.#free] as number
    if (this.#checked !== undefined && type === OUT.type) this.#fill(this.#checked, buffer, offsetBytes, lengthBytes)
    if (this.#offer !== undefined && type === OUT.type)
      this.#offer(this.#memory.bytes.subarray(buffer, buffer + lengthBytes))
    this.#wanted += this.#syncsAsked.of(type, flags)
    const slot = engine.submit(type, flags, offsetBytes, lengthBytes, this.#memory, buffer)
    this.#bufferOf[slot] = buffer
    this.#lengthOf[slot] = lengthBytes
    this.#kindOf[slot] = kindOf(type)
    const depth = ++this.#inFlight
    this.#depths[depth] = (this.#depths[depth] as number) + 1
  }

  #fill(
    {content, units}: NonNullable<JobOptions['checked']>,
    buffer: number,
    offsetBytes: number,
    lengthBytes: number,
  ): void {
    const {region, workload} = this.#options
    content.fill(this.#memory.bytes.subarray(buffer, buffer + lengthBytes), offsetBytes)
    const unit = workload.bs.minBytes
    units.add((offsetBytes - region.offsetBytes) / unit, lengthBytes / unit)
  }

  #take(): void {
    const engine = this.#engine
    const before = this.#inFlight
    for (let slot = engine.takeDone(); slot >= 0; slot = engine.takeDone()) {
      const kind = this.#kindOf[slot] as Kind
      const tally = this.#tallies[kind]
      const status = engine.statusOf(slot)
      if (status === STATUS_OK) {
        tally.ended(this.#lengthOf[slot] as number, engine.latencyNsOf(slot))
      } else {
        tally.errors++
        if (this.#failure === undefined) this.#errno = engine.errnoOf(slot)
        this.#failure ??= failureOf(kind, status, engine.errnoOf(slot))
      }
      if (kind === FLUSHES && this.#flushes > 0) this.#flushes--
      if (this.#paced) this.#pace.ended(engine.nowNs)
      this.#buffers[this.#free++] = this.#bufferOf[slot] as number
      this.#inFlight--
      this.#ended++
      engine.release(slot)
    }
    count(this.#completes, before - this.#inFlight)
  }

  async #closingFlush(): Promise<void> {
    this.#give(FLUSH.type, 0, 0, 0)
    while (this.#inFlight > 0) {
      await this.#options.engine.tick(true)
      this.#take()
    }
  }
}

/** One more of this many; nothing is not counted. */
function count(counts: Float64Array, many: number): void {
  if (many > 0) counts[many] = (counts[many] as number) + 1
}

function newTallies(): readonly [Tally, Tally, Tally, Tally] {
  return [new Tally(), new Tally(), new Tally(), new Tally()]
}

function kindOf(type: number): Kind {
  if (type === IN.type) return READ
  if (type === OUT.type) return WRITE
  return type === FLUSH.type ? FLUSHES : OTHER
}

function failureOf(kind: Kind, status: number, errno: number): string {
  const what = ['a read', 'a write', 'a FLUSH', 'a request'][kind] ?? ''
  const why = errno === 0 ? statusName(status) : errnoName(errno)
  return errno === ERRNO.ENOSPC
    ? `${what} failed: ${why}: no block is left for a part of the image that had none`
    : `${what} failed: ${why}`
}
