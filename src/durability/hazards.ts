import type {CacheMode} from '../cache-mode/index.js'
import type {OrderingMode} from '../ordering/index.js'
import {BARRIER, FLAG_BARRIER, FLAG_BARRIER_BIT, FLAG_PREFLUSH, FSYNC} from '../request/index.js'
import type {CompleteEvent, StartEvent, SubmitEvent, TraceEvent} from '../trace/index.js'
import {Flights, outcomeOf, type Flight} from './flights.js'
import {HAZARD_CODES, sentenceOf, type HazardCode} from './hazard-codes.js'
import {Ledger} from './ledger.js'
import {DISK, type Medium} from './medium.js'
import {notePartners, settlePartners, type OverlapNote} from './overlap.js'

/** A dangerous or pointless use of flushes and barriers, found in a run. */
export interface Hazard {
  readonly code: HazardCode
  /** Ids of all requests concerned, ascending. */
  readonly requests: readonly number[]
  /** A sentence that names the requests; long lists are shortened there. */
  readonly message: string
}

interface Note extends OverlapNote {
  readonly partners: HazardFlight[]
  /** Writes in flight when this flush began that it does not cover. */
  uncovered: number[]
  redundant: boolean
  hole: boolean
  /** Writes that had failed, since the barrier before, when this barrier started. */
  failedBefore: readonly number[]
  /** Syncs that had failed when it was submitted. */
  failuresBefore: number
}

type HazardFlight = Flight<Note>

interface Tally {
  /** The flushes, barriers or writes that are at fault. */
  readonly subjects: Set<number>
  /** The writes that suffer, where they are others. */
  readonly objects: Set<number>
}

/**
 * Finds hazards in the events of one run. One hazard per code, naming every request concerned. Costs O(1) an event on average,
 * and a step per request in flight at each write and flush.
 */
export class HazardWatch {
  readonly #mode: CacheMode
  readonly #ordering: OrderingMode
  readonly #medium: Medium
  readonly #ledger: Ledger
  readonly #feedsLedger: boolean
  readonly #flights: Flights<Note>
  readonly #tallies = new Map<HazardCode, Tally>()
  readonly #void = new Set<number>()
  /** Writes completed and not stable at once, since a barrier last looked at them. */
  #sinceBarrier: number[] = []
  /** The same, since a flush that was not sent named them. */
  #sinceUnsent: number[] = []
  /** Writes that failed since a barrier last looked at them. */
  #failedSinceBarrier: number[] = []
  #sawWrite = false
  /** Writes completed, kept only where nothing lasts. */
  readonly #written: number[] = []
  /** Host syncs and stable writes that failed: after the first one no FLUSH is believed, nor tried. */
  #syncFailures = 0
  #sawFlush = false

  /**
   * @param ledger one on a disk that sees each event before this watch does; without it the watch keeps one of its own
   * @param medium what the image rests on
   */
  constructor(mode: CacheMode, ordering: OrderingMode, ledger?: Ledger, medium: Medium = DISK) {
    this.#medium = medium
    this.#mode = mode
    this.#ordering = ordering
    this.#feedsLedger = ledger === undefined
    this.#ledger = ledger ?? new Ledger(mode, ordering)
    this.#flights = new Flights(mode, ordering)
  }

  /** Follows one event. */
  observe(event: TraceEvent): void {
    if (this.#feedsLedger) this.#ledger.observe(event)
    switch (event.kind) {
      case 'submit':
        this.#submit(event)
        return
      case 'start':
        this.#start(event)
        return
      case 'complete':
        this.#complete(event)
        return
      case 'sync-end':
        if (event.errno !== 0) this.#syncFailures++
        return
      case 'sync-start':
      case 'mark':
        return
    }
  }

  /** The hazards up to now, most serious first. Writes not flushed by now count as never flushed. */
  hazards(): Hazard[] {
    const tallies = new Map(this.#tallies)
    const unflushed = this.#ledger.unflushed()
    const nothingLasts = this.#medium.kind === 'volatile'
    const lost = nothingLasts ? this.#written : unflushed
    if (lost.length > 0) {
      tallies.set(nothingLasts ? 'NOTHING_LASTS' : 'NOT_FLUSHED', {subjects: new Set(lost), objects: new Set()})
    }
    tallies.set('FLUSH_FAILED', this.#failedSyncs())
    const found: Hazard[] = []
    for (const code of HAZARD_CODES) {
      const tally = tallies.get(code)
      if (tally === undefined || (nothingLasts && ABOUT_SYNCS.has(code))) continue
      const subjects = ascending([...tally.subjects])
      const touched = (id: number): boolean => code === 'BARRIER_AFTER_ERROR' || !this.#void.has(id)
      const objects = ascending([...tally.objects].filter(touched))
      if (subjects.length + objects.length === 0 || (NEEDS_OBJECTS.has(code) && objects.length === 0)) continue
      found.push({
        code,
        requests: ascending([...new Set([...subjects, ...objects])]),
        message: sentenceOf(code, subjects, objects, this.#mode, this.#ordering, this.#medium),
      })
    }
    return found
  }

  readonly #noteOf = (): Note => {
    return {
      partners: [],
      uncovered: [],
      redundant: false,
      hole: false,
      failedBefore: [],
      failuresBefore: this.#syncFailures,
    }
  }

  #submit(event: SubmitEvent): void {
    const flight = this.#flights.submit(event, this.#noteOf)
    if (flight === undefined) return
    const {kind, preSync, tags} = flight.plan
    if (kind.writes) notePartners(flight, this.#flights.beside(flight))
    if (preSync && !tags) this.#look(flight)
    if (flight.plan.refused && isBarrier(flight)) this.#tally('BARRIER_REFUSED', [event.id])
    if (kind.flushes && (event.offsetBytes !== 0 || event.lengthBytes !== 0)) this.#tally('FLUSH_OPERANDS', [event.id])
  }

  #start(event: StartEvent): void {
    const flight = this.#flights.start(event)
    if (flight === undefined) return
    if (flight.plan.preSync && event.held && !flight.plan.tags) this.#look(flight)
    this.#noteErrorHole(flight)
    if (!flight.plan.kind.writes || !this.#mode.direct) return
    flight.note.hole = event.fresh === undefined || event.fresh.length > 0 || flight.plan.kind.operands === 'segment'
  }

  /** What a flush would find at the position from which it covers. */
  #look(flush: HazardFlight): void {
    flush.note.uncovered = []
    // A request that waits for the writes it is about has none of them beside it; what came later is nobody's mistake.
    for (const {id, plan} of flush.plan.awaitsWrites ? [] : this.#flights.values()) {
      const stableByItself = plan.dsync || plan.postSync
      if (plan.kind.writes && id < flush.id && !stableByItself) flush.note.uncovered.push(id)
    }
    flush.note.redundant =
      (this.#sawWrite || this.#sawFlush) &&
      this.#ledger.volatileCount === 0 &&
      flush.note.uncovered.length === 0 &&
      !this.#ledger.isInDoubt
  }

  #complete(event: CompleteEvent): void {
    const flight = this.#flights.complete(event)
    if (flight === undefined) return
    switch (outcomeOf(flight, event)) {
      case 'void':
        this.#void.add(flight.id)
        if (flight.plan.kind.writes) this.#failedSinceBarrier.push(flight.id)
        return
      case 'failed':
        if (flight.plan.kind.writes) {
          this.#tally('WRITE_FAILED', [flight.id])
          this.#failedSinceBarrier.push(flight.id)
        }
        if (flight.plan.kind.flushes) {
          const refused = flight.note.failuresBefore > 0 && flight.note.failuresBefore === this.#syncFailures
          this.#tally(refused ? 'FLUSH_REFUSED' : 'FLUSH_FAILED', [flight.id])
        }
        if (flight.plan.dsync) this.#syncFailures++
        this.#settleOverlaps(flight)
        return
      case 'done':
        if (flight.plan.kind.writes) this.#writeDone(flight, event)
        this.#flushDone(flight, event)
        this.#barrierDone(flight)
    }
  }

  #writeDone(flight: HazardFlight, event: CompleteEvent): void {
    this.#sawWrite = true
    if (this.#medium.kind === 'volatile' && flight.lengthBytes > 0) this.#written.push(flight.id)
    this.#settleOverlaps(flight)
    if (flight.plan.fua && (event.ignored || flight.plan.ignoresSync)) this.#tally('FUA_IGNORED', [flight.id])
    if (event.stable && !this.#mode.noFlush) return
    this.#sinceBarrier.push(flight.id)
    this.#sinceUnsent.push(flight.id)
    const {direct, dsync} = this.#mode
    if (direct && !dsync && flight.lengthBytes > 0 && (flight.note.hole || !flight.started))
      this.#tally('HOLE_UNDER_NONE', [flight.id])
  }

  #flushDone(flight: HazardFlight, event: CompleteEvent): void {
    const {id, plan, note} = flight
    if (asksFlush(flight, event)) this.#tally('FLUSH_IGNORED', [id])
    if (plan.unsent || (plan.kind === FSYNC && !flight.syncsFirst && !this.#mode.noFlush)) this.#flushUnsent(flight)
    if (!flight.syncsFirst) return
    if (note.uncovered.length > 0) this.#tally('FLUSH_DID_NOT_COVER', [id], note.uncovered)
    // What a disk flushes of itself, when its cache goes off, nobody could have left out.
    if (plan.kind.flushes && plan.flushCommands > 0 && note.redundant) this.#tally('REDUNDANT_FLUSH', [id])
    this.#sawFlush = true
    // Forgetting only when most of it is stable keeps a flush O(1) on average.
    if (this.#sinceBarrier.length > this.#ledger.volatileCount * 2) {
      this.#sinceBarrier = this.#sinceBarrier.filter((write) => this.#ledger.isVolatile(write))
      this.#sinceUnsent = this.#sinceUnsent.filter((write) => this.#ledger.isVolatile(write))
    }
  }

  /** What a request believed to be flushed by it, and is not: no command told the device. */
  #flushUnsent({id, plan}: HazardFlight): void {
    const left = this.#sinceUnsent.filter((write) => this.#ledger.isVolatile(write))
    this.#sinceUnsent = []
    if (this.#ledger.volatileCount > 0 || plan.kind.writes) this.#tally('FLUSH_NOT_SENT', [id], left)
  }

  /** A barrier goes ahead although a write before it has failed: its data may reach the medium without what it depends on. */
  #noteErrorHole(flight: HazardFlight): void {
    const {drains, tags, kind} = flight.plan
    if ((drains || tags) && kind.writes) flight.note.failedBefore = [...this.#failedSinceBarrier]
  }

  #barrierDone({id, flags, plan, note}: HazardFlight): void {
    if (!plan.drains && !plan.tags) {
      if ((flags & FLAG_BARRIER_BIT) !== 0) this.#tally('BARRIER_STRIPPED', [id])
      return
    }
    const failed = plan.tags ? this.#failedSinceBarrier.filter((write) => write < id) : note.failedBefore
    if (plan.kind.writes && failed.length > 0) this.#tally('BARRIER_AFTER_ERROR', [id], failed)
    this.#failedSinceBarrier = []
    if (plan.preSync || plan.unsent || plan.ignoresSync || !isBarrier({flags, plan})) return
    const own = plan.kind.writes && this.#ledger.isVolatile(id) ? 1 : 0
    // Each write is named once, by the first barrier that left it volatile; the barriers after that are counted only.
    const named = this.#sinceBarrier.filter((write) => write !== id && this.#ledger.isVolatile(write))
    this.#sinceBarrier = own > 0 ? [id] : []
    if (this.#ledger.volatileCount > own) this.#tally('BARRIER_NOT_PERSISTED', [id], named)
  }

  #settleOverlaps(flight: HazardFlight): void {
    const others = settlePartners(flight)
    if (others.length > 0) this.#tally('OVERLAP', [], [flight.id, ...others])
  }

  /** The FLUSH requests that failed, and whatever else failed at a sync that writes depended on. */
  #failedSyncs(): Tally {
    const harmful = this.#ledger.poisonings().filter(({writes}) => writes.length > 0)
    const named = harmful.flatMap(({request}) => (request === null ? [] : [request]))
    return {
      subjects: new Set([...(this.#tallies.get('FLUSH_FAILED')?.subjects ?? []), ...named]),
      objects: new Set(harmful.flatMap(({writes}) => writes)),
    }
  }

  #tally(code: HazardCode, subjects: readonly number[], objects: readonly number[] = []): void {
    let tally = this.#tallies.get(code)
    if (tally === undefined) this.#tallies.set(code, (tally = {subjects: new Set(), objects: new Set()}))
    for (const id of subjects) tally.subjects.add(id)
    for (const id of objects) tally.objects.add(id)
  }
}

/** These say nothing once the writes they are about turn out to have been refused. */
const NEEDS_OBJECTS: ReadonlySet<HazardCode> = new Set(['FLUSH_DID_NOT_COVER', 'BARRIER_NOT_PERSISTED', 'OVERLAP'])

/** Beside the point where no sync reaches anything that lasts. */
const ABOUT_SYNCS: ReadonlySet<HazardCode> = new Set([
  'FLUSH_IGNORED',
  'FUA_IGNORED',
  'FLUSH_NOT_SENT',
  'FLUSH_DID_NOT_COVER',
  'BARRIER_NOT_PERSISTED',
  'HOLE_UNDER_NONE',
  'NOT_FLUSHED',
  'REDUNDANT_FLUSH',
])

/** Whether a flush was wished for and is ignored; a FUA that is has a code of its own. */
function asksFlush({plan, flags}: HazardFlight, event: CompleteEvent): boolean {
  const isFlush = !plan.kind.writes || (flags & (FLAG_BARRIER | FLAG_PREFLUSH)) !== 0
  return isFlush && (event.ignored || plan.ignoresSync)
}

function isBarrier({flags, plan}: Pick<HazardFlight, 'flags' | 'plan'>): boolean {
  return plan.kind === BARRIER || (flags & (FLAG_BARRIER | FLAG_BARRIER_BIT)) !== 0
}

function ascending(ids: number[]): number[] {
  return ids.toSorted((a, b) => a - b)
}
