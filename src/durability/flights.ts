import type {CacheMode} from '../cache-mode/index.js'
import type {OrderingMode} from '../ordering/index.js'
import {
  FLAG_BARRIER,
  FLAG_BARRIER_BIT,
  FSYNC,
  kindIndex,
  kindOfType,
  lower,
  NOTIFY,
  STATUS_OK,
  STATUS_UNSUPP,
  type Plan,
} from '../request/index.js'
import type {CompleteEvent, StartEvent, SubmitEvent} from '../trace/index.js'

/** A request between its submission and its completion. Positions count the events of tracked requests, from 1. */
export interface Flight<Note> {
  readonly id: number
  readonly plan: Plan
  readonly flags: number
  readonly offsetBytes: number
  readonly lengthBytes: number
  /**
   * What ended before this position is ordered before the request: the position of its submission, or of its start when an
   * ordering rule held it back until then; at completion also what an ordered tag settles.
   */
  begin: number
  /** What ended before this position is covered by the sync that comes first. */
  covers: number
  /** Position of its completion; Infinity while in flight. */
  end: number
  started: boolean
  /** A sync comes before its data: its plan says so, or an order that an earlier request asked for. */
  syncsFirst: boolean
  /** What the owner of the table remembers about it. */
  readonly note: Note
}

/** How a request ended: it did its work; it may have done any part of it; it did nothing at all. */
export type Outcome = 'done' | 'failed' | 'void'

/**
 * The outcome behind a status. A request that was never started touched nothing, whatever its status; UNSUPP touches nothing
 * either. One that started and then failed leaves its range indeterminate (semantics 8.8).
 */
export function outcomeOf(flight: {readonly started: boolean}, event: CompleteEvent): Outcome {
  if (event.status === STATUS_OK && event.errno === 0) return 'done'
  if (event.status === STATUS_UNSUPP || !flight.started) return 'void'
  return 'failed'
}

/** What a plan amounts to where no sync counts: on a medium that keeps nothing, whatever the host was asked. */
function withoutSyncs(plan: Plan): Plan {
  if (!plan.preSync && !plan.postSync && !plan.dsync) return plan
  return {...plan, preSync: false, postSync: false, dsync: false, ignoresSync: true}
}

/**
 * The requests in flight that matter for stability: writes, flushes and barriers. Plain reads are not remembered, so that
 * they cost one table look-up an event.
 */
export class Flights<Note> {
  readonly #mode: CacheMode
  readonly #ordering: OrderingMode
  readonly #plans = new Map<number, Plan>()
  /** Tagged barriers that have completed, in the order of their completion. */
  readonly #tagged: {readonly id: number; readonly end: number}[] = []
  readonly #byId = new Map<number, Flight<Note>>()
  #now = 0

  constructor(mode: CacheMode, ordering: OrderingMode) {
    this.#mode = mode
    this.#ordering = ordering
  }

  /** Position of the latest event of a tracked request. */
  get now(): number {
    return this.#now
  }

  /** Those in flight, in the order of their submission. */
  values(): IterableIterator<Flight<Note>> {
    return this.#byId.values()
  }

  /** Those in flight that nothing keeps apart from a request submitted now: no ordered tag lies between them. */
  *beside(flight: Flight<Note>): IterableIterator<Flight<Note>> {
    if (flight.plan.tags) return
    let tag = 0
    for (const other of this.#byId.values()) if (other.plan.tags) tag = Math.max(tag, other.id)
    for (const other of this.#byId.values()) if (other.id > tag) yield other
  }

  /** Those in flight that an ordered tag keeps ahead of another: they have ended by the time the device comes to it. */
  *aheadByTag({id, plan}: Flight<Note>): IterableIterator<Flight<Note>> {
    if (!this.#ordering.tags) return
    const earlier = [...this.#byId.values()].filter((other) => other.id < id)
    const tag = plan.tags ? id : earlier.findLast((other) => other.plan.tags)?.id
    for (const other of earlier) if (tag !== undefined && other.id <= tag) yield other
  }

  /** Remembers a request, or answers undefined when it has no part in stability. */
  submit(event: SubmitEvent, noteOf: (plan: Plan, event: SubmitEvent) => Note): Flight<Note> | undefined {
    const made = event.plan ?? this.#planOf(event.type, event.flags)
    if (made === undefined) return undefined
    const plan = this.#mode.noFlush ? withoutSyncs(made) : made
    const {kind, drains, tags, preSync, unsent} = plan
    const isBarrier = drains || tags || (event.flags & (FLAG_BARRIER | FLAG_BARRIER_BIT)) !== 0
    if (
      !kind.writes &&
      !kind.flushes &&
      !isBarrier &&
      !preSync &&
      !unsent &&
      !plan.refused &&
      !plan.ignoresSync &&
      kind !== NOTIFY &&
      kind !== FSYNC
    ) {
      return undefined
    }
    this.#now++
    const flight: Flight<Note> = {
      id: event.id,
      plan,
      flags: event.flags,
      offsetBytes: event.offsetBytes,
      lengthBytes: event.lengthBytes,
      begin: this.#now,
      covers: this.#now,
      end: Infinity,
      started: false,
      syncsFirst: preSync,
      note: noteOf(plan, event),
    }
    this.#byId.set(event.id, flight)
    return flight
  }

  /** Notes that the first step was issued; undefined for a request that is not tracked. */
  start(event: StartEvent): Flight<Note> | undefined {
    const flight = this.#byId.get(event.id)
    if (flight === undefined) return undefined
    this.#now++
    flight.started = true
    if (event.preSync === true && !this.#mode.noFlush) flight.syncsFirst = true
    if (event.held) flight.begin = flight.covers = this.#now
    return flight
  }

  /** Takes a request out of the table; undefined for one that is not tracked. */
  complete(event: CompleteEvent): Flight<Note> | undefined {
    const flight = this.#byId.get(event.id)
    if (flight === undefined) return undefined
    this.#now++
    this.#orderByTags(flight)
    flight.end = this.#now
    this.#byId.delete(event.id)
    return flight
  }

  /**
   * The device keeps what is before and behind a tagged barrier apart: whatever ended before it ended is ordered before it, and what
   * was submitted behind it began after its end. A flush behind it still covers only what it would have covered anyway.
   */
  #orderByTags(flight: Flight<Note>): void {
    const last = this.#tagged.findLast(({id}) => id < flight.id)
    if (last !== undefined) flight.begin = Math.max(flight.begin, last.end + 0.5)
    if (!flight.plan.tags || !flight.started) return
    flight.begin = flight.covers = this.#now - 0.5 // behind every end before, and ahead of its own
    this.#tagged.push({id: flight.id, end: this.#now})
  }

  #planOf(type: number, flags: number): Plan | undefined {
    const kind = kindOfType(type)
    if (kind === undefined) return undefined
    const key = kindIndex(type) * 2 ** 32 + flags
    let plan = this.#plans.get(key)
    if (plan === undefined) this.#plans.set(key, (plan = lower(kind, flags, this.#mode, this.#ordering)))
    return plan
  }
}
