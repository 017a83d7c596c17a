import {cacheModeOf} from '../cache-mode/index.js'
import {CRASH_KINDS, Ledger, type CrashKind, type Stability} from '../durability/index.js'
import {orderingModeOf} from '../ordering/index.js'
import {kindOfType} from '../request/index.js'
import type {SubmitEvent, TraceEvent, TraceReading} from '../trace/index.js'

/** A write that has just become stable. */
export interface Settled {
  readonly id: number
  readonly stability: Stability
}

/** How things stand after an event. */
export interface Moment {
  /** Events are counted from 1; 0 is the moment before the first. */
  readonly number: number
  /** Undefined at moment 0. */
  readonly event: TraceEvent | undefined
  /** What the event is about, for start and complete. */
  readonly request: SubmitEvent | undefined
  /** In flight, in the order of submission. */
  readonly inFlight: readonly SubmitEvent[]
  /** Writes completed OK that the next flush can make stable, in the order of completion. */
  readonly volatile: readonly number[]
  readonly settled: readonly Settled[]
  /** Worked out when asked for, and only until the walk goes on. */
  readonly atRisk: (kind: CrashKind) => ReturnType<Ledger['atRisk']>
}

/**
 * Walks over a trace event by event. What a Moment holds is true until the next one is asked for.
 *
 * @throws ToolError of kind format where the trace is damaged
 */
export function* walk(reading: TraceReading): Generator<Moment> {
  const {mode, ordering} = reading.header
  const ledger = new Ledger(cacheModeOf(mode), orderingModeOf(ordering))
  const follower = new Follower(ledger)
  yield follower.moment(0, undefined)
  let number = 0
  for (const {event} of reading.events) yield follower.moment(++number, event)
}

class Follower {
  readonly #ledger: Ledger
  readonly #open = new Map<number, SubmitEvent>()
  readonly #volatile: number[] = []
  readonly #risks = new Map<CrashKind, ReturnType<Ledger['atRisk']>>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  moment(number: number, event: TraceEvent | undefined): Moment {
    const request = event === undefined ? undefined : this.#requestOf(event)
    if (event !== undefined) this.#observe(event, request)
    const settled = event?.kind === 'complete' ? this.#settle(event.id) : []
    if (event?.kind === 'sync-end' && event.errno !== 0) this.#settle(undefined)
    const open = this.#open
    const volatile = this.#volatile
    return {
      number,
      event,
      request,
      get inFlight() {
        return [...open.values()]
      },
      volatile,
      settled,
      atRisk: (kind) => this.#atRisk(kind),
    }
  }

  #requestOf(event: TraceEvent): SubmitEvent | undefined {
    switch (event.kind) {
      case 'submit':
        return event
      case 'start':
      case 'complete':
        return this.#open.get(event.id)
      case 'sync-start':
      case 'sync-end':
      case 'mark':
        return undefined
    }
  }

  #observe(event: TraceEvent, request: SubmitEvent | undefined): void {
    if (event.kind === 'submit') this.#open.set(event.id, event)
    if (event.kind === 'complete') this.#open.delete(event.id)
    this.#ledger.observe(event)
    if (request !== undefined ? matters(request) : event.kind === 'sync-end') this.#risks.clear()
  }

  /** Writes that left the volatile state at this event and are stable now; one that came to it goes to the end of the list. */
  #settle(completed: number | undefined): Settled[] {
    // A flush covers those that completed first, a failed sync all of them.
    let covered = 0
    while (covered < this.#volatile.length && !this.#ledger.isVolatile(this.#volatile[covered] ?? 0)) covered++
    const left = this.#volatile.splice(0, covered)
    // A notification is about a range: what it made stable may be anywhere in the list.
    if (this.#volatile.length > this.#ledger.volatileCount) left.push(...this.#takeStable())
    if (completed !== undefined) {
      if (this.#ledger.isVolatile(completed)) this.#volatile.push(completed)
      else left.push(completed)
    }
    return left
      .map((id) => ({id, stability: this.#ledger.stability(id)}))
      .filter(({stability}) => stability.by !== 'none')
  }

  #takeStable(): number[] {
    const stable = this.#volatile.filter((id) => !this.#ledger.isVolatile(id))
    const still = this.#volatile.filter((id) => this.#ledger.isVolatile(id))
    this.#volatile.splice(0, Infinity, ...still)
    return stable
  }

  #atRisk(kind: CrashKind): ReturnType<Ledger['atRisk']> {
    let risk = this.#risks.get(kind)
    if (risk === undefined) this.#risks.set(kind, (risk = this.#ledger.atRisk(kind)))
    return risk
  }
}

/** Whether what is at risk may change when the request moves on: reads change nothing. */
function matters({type, plan}: SubmitEvent): boolean {
  const kind = plan?.kind ?? kindOfType(type)
  return kind === undefined || kind.writes || kind.name !== 'IN'
}

/** Bytes at risk for each kind of crash, mildest first. */
export function riskBytes(moment: Moment): Readonly<Record<CrashKind, number>> {
  const entries = CRASH_KINDS.map((kind) => [kind, moment.atRisk(kind).bytes])
  return Object.fromEntries(entries) as Record<CrashKind, number>
}
