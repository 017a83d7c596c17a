import type {CacheMode} from '../cache-mode/index.js'
import type {OrderingMode} from '../ordering/index.js'
import {
  FLAG_BARRIER,
  FLAG_COMBINATIONS,
  kindOfType,
  lower,
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
   * What ended before this position is ordered before the request, and covered when it syncs first: the position of its
   * submission, or of its start when an ordering rule held it back until then.
   */
  begin: number
  /** Position of its completion; Infinity while in flight. */
  end: number
  started: boolean
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

/**
 * The requests in flight that matter for stability: writes, flushes and barriers. Plain reads are not remembered, so that
 * they cost one table look-up an event.
 */
export class Flights<Note> {
  readonly #mode: CacheMode
  readonly #ordering: OrderingMode
  readonly #plans: (Plan | undefined)[] = []
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

  /** Remembers a request, or answers undefined when it has no part in stability. */
  submit(event: SubmitEvent, noteOf: (plan: Plan, event: SubmitEvent) => Note): Flight<Note> | undefined {
    const kind = kindOfType(event.type)
    if (kind === undefined) return undefined
    if (!kind.writes && !kind.flushes && (event.flags & FLAG_BARRIER) === 0) return undefined
    const plan = this.#planOf(event.type, event.flags)
    this.#now++
    const flight: Flight<Note> = {
      id: event.id,
      plan,
      flags: event.flags,
      offsetBytes: event.offsetBytes,
      lengthBytes: event.lengthBytes,
      begin: this.#now,
      end: Infinity,
      started: false,
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
    if (event.held) flight.begin = this.#now
    return flight
  }

  /** Takes a request out of the table; undefined for one that is not tracked. */
  complete(event: CompleteEvent): Flight<Note> | undefined {
    const flight = this.#byId.get(event.id)
    if (flight === undefined) return undefined
    this.#now++
    flight.end = this.#now
    this.#byId.delete(event.id)
    return flight
  }

  #planOf(type: number, flags: number): Plan {
    const slot = type * FLAG_COMBINATIONS + (flags & (FLAG_COMBINATIONS - 1))
    const known = this.#plans[slot]
    if (known !== undefined) return known
    const kind = kindOfType(type)
    if (kind === undefined) throw new Error(`no request kind ${type}`)
    return (this.#plans[slot] = lower(kind, flags, this.#mode, this.#ordering))
  }
}
