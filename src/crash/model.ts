import type {CacheModeName} from '../cache-mode/index.js'
import {EPOCH_DISK, DISK, Ledger, type CrashKind} from '../durability/index.js'
import type {OrderingName} from '../ordering/index.js'
import {STATUS_OK} from '../request/index.js'
import type {Trace} from '../trace/index.js'
import {BeforeContent} from './before.js'
import {ContentStore} from './contents.js'
import {KIND_OF_NAME, type Atom, type CrashName, type CrashOptions, type DeviceOrder} from './options.js'
import {CrashPoint} from './point.js'
import {fingerprintOf} from './fingerprint.js'
import {replayTrace, type Replay} from './replay.js'
import {pointsThatMatter} from './turning-points.js'
import {tracedWrites, Units, type TracedWrite} from './units.js'

/** The options of a model with everything that was left out filled in. */
export interface Settled {
  readonly kind: CrashName
  readonly mode: CacheModeName
  readonly ordering: OrderingName
  readonly device: DeviceOrder
  readonly atom: Atom
}

/** What the ledger, and the order of completion, are after a number of events. */
export interface Moment {
  readonly event: number
  readonly ledger: Ledger
  /** Ids of the requests that completed OK, in that order. */
  readonly completed: readonly number[]
  /** Ids issued and not completed, in the order in which they were issued. */
  readonly inFlight: ReadonlySet<number>
}

/**
 * Every image that a crash of one kind may leave, at every point of a trace. The ledger says what a sector may hold; this adds what
 * tears, what the device keeps in order, and the bytes. Source: semantics 8.1 to 8.8.
 */
export class CrashModel {
  readonly trace: Trace
  readonly options: Settled
  readonly replay: Replay
  readonly writes: ReadonlyMap<number, TracedWrite>
  readonly units: Units
  readonly contents: ContentStore
  /** What was there before the trace. */
  readonly before: BeforeContent
  /** A few letters that differ when the trace or the options do: state ids carry them. */
  readonly fingerprint: string
  /** Names of the marks, in the order of the trace. */
  readonly marks: readonly string[]
  /** How many marks come before each point. */
  readonly #markCounts: Int32Array
  #now: {event: number; ledger: Ledger; completed: number[]; inFlight: Set<number>}

  constructor(trace: Trace, options: CrashOptions = {}) {
    this.trace = trace
    this.options = {
      kind: options.kind ?? 'power',
      mode: options.mode ?? trace.header.mode,
      ordering: options.ordering ?? trace.header.ordering,
      device: options.device ?? 'unordered',
      atom: options.atom ?? 512,
    }
    this.replay = replayTrace(trace, options)
    this.writes = tracedWrites(trace)
    this.units = new Units(this.writes.values(), this.options.atom)
    this.before = new BeforeContent(trace, options.base)
    this.contents = new ContentStore(this.before, this.writes, this.units)
    this.fingerprint = fingerprintOf(trace, this.options)
    this.#markCounts = new Int32Array(trace.events.length + 1)
    const marks: string[] = []
    trace.events.forEach(({event}, index) => {
      if (event.kind === 'mark') marks.push(event.name)
      this.#markCounts[index + 1] = marks.length
    })
    this.marks = marks
    this.#now = this.#atStart()
  }

  /** Number of the last point: the crash comes after all events. Point 0 comes before the first. */
  get lastPoint(): number {
    return this.trace.events.length
  }

  /** The points that have to be looked at, ascending: every image of any other point, with the same marks, is at one of them. */
  pointsThatMatter(): number[] {
    return pointsThatMatter(this)
  }

  /** How many marks had been reached at a point. */
  marksBefore(point: number): number {
    return this.#markCounts[point] ?? 0
  }

  /** The crash after so many events. @throws RangeError for a point the trace does not have */
  at(point: number): CrashPoint {
    if (!Number.isInteger(point) || point < 0 || point > this.lastPoint) {
      throw new RangeError(`the trace has the points 0 to ${this.lastPoint}, not ${point}`)
    }
    return new CrashPoint(this, point)
  }

  /** The state of affairs at a point; good until the next call. Going forward costs the events between, going back all of them. */
  moment(point: number): Moment {
    if (point < this.#now.event) this.#now = this.#atStart()
    const now = this.#now
    for (; now.event < point; now.event++) {
      for (const event of this.replay.steps[now.event] ?? []) {
        now.ledger.observe(event)
        if (event.kind === 'start') now.inFlight.add(event.id)
        if (event.kind !== 'complete') continue
        now.inFlight.delete(event.id)
        if (event.status === STATUS_OK && event.errno === 0) now.completed.push(event.id)
      }
    }
    return now
  }

  #atStart(): {event: number; ledger: Ledger; completed: number[]; inFlight: Set<number>} {
    const {mode, ordering} = this.replay
    const medium = this.options.device === 'epoch' ? EPOCH_DISK : DISK
    return {event: 0, ledger: new Ledger(mode, ordering, medium), completed: [], inFlight: new Set()}
  }

  /** The crash kind as the ledger calls it. */
  get kind(): CrashKind {
    return KIND_OF_NAME[this.options.kind]
  }
}
