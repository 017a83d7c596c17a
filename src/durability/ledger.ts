import {SECTOR_BYTES} from '../base/index.js'
import type {CacheMode} from '../cache-mode/index.js'
import {orderingModeOf, type OrderingMode} from '../ordering/index.js'
import {NOTIFY, type Plan} from '../request/index.js'
import type {CompleteEvent, SubmitEvent, TraceEvent} from '../trace/index.js'
import type {CrashKind} from './crash-kind.js'
import {Epochs} from './epochs.js'
import {Flights, outcomeOf, type Flight} from './flights.js'
import {FreshRanges} from './fresh.js'
import {indexIntervals, type IntervalIndex} from './interval-index.js'
import {DISK, effectiveMode, type Medium} from './medium.js'
import {riskOf, type AtRisk} from './risk.js'
import {stabilityOf, type FlushReach, type Stability} from './stability.js'
import {tiesOf, type LooseWrite, type Tie} from './ties.js'
import {VolatileQueue} from './volatile-queue.js'
import {
  WRITE_FAILED,
  WRITE_POISONED,
  WRITE_STABLE_FLUSH,
  WRITE_STABLE_OWN,
  WRITE_VOID,
  WRITE_VOLATILE,
  WriteLog,
} from './write-log.js'

/** A sync that failed, and the writes it leaves in doubt. */
export interface Poisoning {
  /** The request whose sync it was; null when the host reported a failed sync that no request answered for. */
  readonly request: number | null
  /** Number of the host sync, null when unknown. */
  readonly sync: number | null
  /** Ids of the writes that no later sync can make stable. */
  readonly writes: readonly number[]
}

interface Note {
  /** Index in the log, -1 for a request that writes nothing. */
  readonly write: number
  /** Which poisoning hit it while in flight, -1 if none. */
  poisoning: number
  syncsAtStart: number
  poisoningsAtStart: number
}

type LedgerFlight = Flight<Note>

/**
 * Knows at every moment which writes are stable, which a crash may lose, and what each sector may hold afterwards. Follows
 * the events of one run of one image. observe() costs O(1) on average and remembers nothing of reads; the interval work is
 * done when asked. Rules: semantics 8.2 (what may be present), 8.5 (what each mode keeps), 8.6 (what flushes add), 8.8 (errors).
 *
 * The content found at open is taken as stable and has the id 0.
 */
export class Ledger {
  readonly #mode: CacheMode
  readonly #medium: Medium
  readonly #flights: Flights<Note>
  readonly #log = new WriteLog()
  readonly #volatile = new VolatileQueue()
  /** Writes that stay in doubt for ever: failed or poisoned. */
  readonly #stuck: number[] = []
  readonly #poisonings: {request: number | null; sync: number | null; writes: number[]}[] = []
  /** Where allocation matters: data in the drive, block map in host memory; and it decides about survival. */
  readonly #fresh: FreshRanges | undefined
  /** The successful flush that covers most, and the position it covers up to. */
  #widestFlush: FlushReach = {id: 0, covers: 0}
  /** The same among those that failed, and among those that never ran. */
  #widestFailure: FlushReach = {id: 0, covers: 0}
  #widestRefusal: FlushReach = {id: 0, covers: 0}
  #latestStableBegin = 0
  #syncs = 0
  #flushesIgnored = 0
  readonly #epochs: Epochs
  readonly #noteOf = (plan: Plan, event: SubmitEvent): Note => ({
    write: plan.kind.writes ? this.#log.add(event.id, event.offsetBytes, event.lengthBytes, this.#flights.now) : -1,
    poisoning: -1,
    syncsAtStart: 0,
    poisoningsAtStart: 0,
  })
  #index: {readonly count: number; readonly writes: IntervalIndex} | undefined

  /**
   * @param ordering what BARRIER means; drain (no flush) unless told
   * @param medium what the image rests on; a disk unless told
   */
  constructor(asked: CacheMode, ordering: OrderingMode = orderingModeOf('drain'), medium: Medium = DISK) {
    const mode = effectiveMode(asked, medium)
    this.#mode = mode
    this.#medium = medium
    this.#epochs = new Epochs(medium.kind === 'disk' && medium.keepsEpochs)
    this.#flights = new Flights(mode, ordering)
    // Where epochs are kept, a write whose allocation is lost takes along what comes behind it: only a sync is sure.
    const inPlaceIsSure = mode.direct && !mode.dsync && !mode.noFlush && !this.#epochs.areKept
    this.#fresh = inPlaceIsSure ? new FreshRanges(this.#log) : undefined
  }

  /** FLUSH requests that were answered OK without syncing anything. */
  get flushesIgnored(): number {
    return this.#flushesIgnored
  }

  /** Writes completed OK that the next FLUSH can make stable. */
  get volatileCount(): number {
    return this.#volatile.size
  }

  /** True once a write has failed or a sync has left one in doubt. */
  get isInDoubt(): boolean {
    return this.#stuck.length > 0
  }

  /** Follows one event. Events must come in the order they were observed. */
  observe(event: TraceEvent): void {
    switch (event.kind) {
      case 'submit':
        this.#flights.submit(event, this.#noteOf)
        return
      case 'start': {
        const flight = this.#flights.start(event)
        if (flight === undefined) return
        flight.note.syncsAtStart = this.#syncs
        flight.note.poisoningsAtStart = this.#poisonings.length
        this.#epochs.started(flight.plan, flight.note.write)
        if (flight.note.write < 0) return
        this.#log.begins[flight.note.write] = flight.begin
        this.#noteFresh(flight, event.fresh)
        return
      }
      case 'complete':
        this.#complete(event)
        return
      case 'sync-start':
        this.#syncs++
        return
      case 'sync-end':
        if (event.errno === 0 || this.#mode.noFlush) return
        this.#poison(null, event.sync)
        return
      case 'mark':
        return
    }
  }

  /** Since when, or why not, the data of a request is stable against power loss. */
  stability(id: number): Stability {
    return stabilityOf(id, {
      mode: this.#mode,
      medium: this.#medium,
      log: this.#log,
      index: () => this.#writes(),
      latestStableBegin: this.#latestStableBegin,
      widestFlush: this.#widestFlush,
      widestFailure: this.#widestFailure,
      widestRefusal: this.#widestRefusal,
      flushes: [...this.#flights.values()].filter((flight) => flight.syncsFirst),
      poisonings: this.#poisonings,
    })
  }

  /** True for a write that completed OK and that the next FLUSH can make stable. */
  isVolatile(id: number): boolean {
    return this.#log.states[this.#log.find(id)] === WRITE_VOLATILE
  }

  /** The data of writes completed, failed or in flight that a crash of this kind, now, may lose or change. */
  atRisk(kind: CrashKind): AtRisk {
    const lost = [...this.#stuck]
    for (const flight of this.#flights.values()) if (flight.note.write >= 0) lost.push(flight.note.write)
    const unsure: number[] = []
    const fresh = kind === 'osCrash' ? this.#fresh : undefined
    const undecided = fresh === undefined ? lost : unsure
    if (kind !== 'processKill') for (const write of this.#volatile) undecided.push(write)
    if (lost.length + unsure.length === 0) return {bytes: 0, ranges: []}

    const firstEnd = (writes: readonly number[]): number =>
      writes.reduce((first, index) => Math.min(first, this.#log.ends[index] ?? Infinity), Infinity)
    const earliest = Math.min(firstEnd(lost), firstEnd(unsure))
    const durable: number[] = []
    for (let index = 0; index < this.#log.count; index++) {
      const keeps = this.#log.isStable(index) || (kind === 'processKill' && this.#log.states[index] === WRITE_VOLATILE)
      if (keeps && (this.#log.begins[index] ?? 0) > earliest) durable.push(index)
    }
    return riskOf({log: this.#log, lost, unsure, durable, fresh: fresh?.live() ?? []})
  }

  /**
   * What a sector may hold after a crash of this kind, now: the ids of the writes, ascending, 0 for the content before the run.
   * The id of a DISCARD stands for any content at all. Sectors are independent of each other, so the possible images are all
   * combinations, less those that ties() rules out.
   *
   * @param among ids of all writes that ever touch the sector, where the caller knows them: saves the search for them
   */
  candidates(kind: CrashKind, sector: number, among?: readonly number[]): number[] {
    const from = sector * SECTOR_BYTES
    const to = from + SECTOR_BYTES
    const freshSince = (kind === 'osCrash' ? this.#fresh?.since(from, to) : undefined) ?? Infinity
    const writes: number[] = []
    let floor = 0
    const take = (index: number): boolean => {
      if (this.#log.states[index] === WRITE_VOID) return true
      writes.push(index)
      if (this.#survives(index, kind, freshSince)) floor = Math.max(floor, this.#log.begins[index] ?? 0)
      return true
    }
    if (among === undefined) this.#writes().visit(from, to, take)
    else for (const index of among.map((id) => this.#log.find(id))) if (index >= 0) take(index)
    const ids = writes
      .filter((index) => (this.#log.ends[index] ?? 0) > floor)
      .map((index) => this.#log.ids[index] ?? 0)
      .toSorted((a, b) => a - b)
    return floor === 0 ? [0, ...ids] : ids
  }

  /** True when the first write is ordered before the second on every sector they share; the content at open is before all. */
  isBefore(first: number, second: number): boolean {
    if (first === 0 || second === 0) return first !== second && first === 0
    const [a, b] = [this.#log.find(first), this.#log.find(second)]
    return (this.#log.ends[a] ?? Infinity) < (this.#log.begins[b] ?? 0)
  }

  /** What binds sectors together: see Tie. Without ties, sectors are independent of each other. */
  ties(kind: CrashKind): Tie[] {
    return tiesOf({kind, flights: this.#flights.values(), loose: this.#loose(kind), keepsEpochs: this.#epochs.areKept})
  }

  #loose(kind: CrashKind): LooseWrite[] {
    const {ids, ends} = this.#log
    const flying = [...this.#flights.values()].filter(({started, note}) => started && note.write >= 0)
    const writes = [...this.#volatile, ...flying.map(({note}) => note.write)]
    return writes.map((write) => ({
      id: ids[write] ?? 0,
      end: ends[write] ?? Infinity,
      epoch: this.#epochs.of(write),
      keepsWhatIsExecuted: this.#keepsWhatIsExecuted(write, kind),
    }))
  }

  /**
   * Whether a crash spares a write as soon as the device has executed it, before that is known: the host's memory survives a process
   * kill; the drive an OS crash, for a write past the page cache none of whose blocks is fresh; the medium everything.
   */
  #keepsWhatIsExecuted(write: number, kind: CrashKind): boolean {
    const {direct, dsync, noFlush} = this.#mode
    if (kind === 'processKill' || (direct && dsync && !noFlush)) return true
    if (kind !== 'osCrash' || this.#fresh === undefined) return false
    return this.#fresh.since(this.#log.froms[write] ?? 0, this.#log.tos[write] ?? Infinity) === Infinity
  }

  /** The failed syncs of the run, with the writes each left in doubt. */
  poisonings(): Poisoning[] {
    return this.#poisonings.map(({request, sync, writes}) => ({request, sync, writes: this.#idsOf(writes)}))
  }

  /** Ids, ascending, of writes that completed OK, are not stable, and are not overwritten by stable ones: a FLUSH would help. */
  unflushed(): number[] {
    const ids = new Set<number>()
    for (const range of this.atRisk('powerLoss').ranges) {
      for (const id of range.requests) if (this.isVolatile(id)) ids.add(id)
    }
    return [...ids].toSorted((a, b) => a - b)
  }

  #survives(index: number, kind: CrashKind, freshSince: number): boolean {
    if (this.#log.isStable(index)) return true
    if (this.#log.states[index] !== WRITE_VOLATILE) return false
    switch (kind) {
      case 'processKill':
        return true
      case 'osCrash':
        return this.#fresh !== undefined && !(freshSince < (this.#log.ends[index] ?? Infinity))
      case 'powerLoss':
        return false
    }
  }

  #complete(event: CompleteEvent): void {
    const flight = this.#flights.complete(event)
    if (flight === undefined) return
    const outcome = outcomeOf(flight, event)
    const {plan, note} = flight
    if (outcome === 'done') {
      if (plan.kind.flushes && (event.ignored || plan.ignoresSync)) this.#flushesIgnored++
      if (flight.syncsFirst || flushesBehind(plan)) this.#cover(flight)
      if (plan.kind === NOTIFY && !this.#mode.noFlush) this.#coverRange(flight)
    }
    if (outcome === 'failed') this.#failedWithSync(flight)
    if (outcome === 'void' && flight.syncsFirst) this.#widestRefusal = wider(this.#widestRefusal, flight)
    if (note.write < 0) return
    this.#log.ends[note.write] = flight.end
    this.#log.begins[note.write] = flight.begin
    switch (outcome) {
      case 'void':
        this.#log.states[note.write] = WRITE_VOID
        return
      case 'failed':
        this.#log.states[note.write] = WRITE_FAILED
        this.#stuck.push(note.write)
        return
      case 'done':
        this.#writeDone(flight, event.stable && !this.#mode.noFlush)
    }
  }

  #writeDone(flight: LedgerFlight, stable: boolean): void {
    const {write, poisoning} = flight.note
    if (!flight.started) this.#noteFresh(flight, undefined)
    if (stable) {
      this.#log.states[write] = WRITE_STABLE_OWN
      this.#latestStableBegin = Math.max(this.#latestStableBegin, flight.begin)
      const epoch = this.#epochs.of(write)
      // So is what barriers keep before it, all of which ended earlier. Without epochs there is none.
      this.#settle(flight.id, (earlier) => this.#epochs.of(earlier) < epoch)
    } else if (poisoning >= 0) {
      this.#log.states[write] = WRITE_POISONED
      this.#log.causes[write] = poisoning
      this.#poisonings[poisoning]?.writes.push(write)
      this.#stuck.push(write)
    } else {
      this.#log.states[write] = WRITE_VOLATILE
      this.#volatile.push(write)
    }
  }

  /** A flush succeeded: what ended before its begin is stable. The queue is in the order of completion. */
  #cover({id, covers}: LedgerFlight): void {
    this.#widestFlush = wider(this.#widestFlush, {id, covers})
    this.#settle(id, (write) => (this.#log.ends[write] ?? Infinity) <= covers)
  }

  /** The volatile writes that ended first are stable, as far as this holds for them. @param id the request that made them so */
  #settle(id: number, isStable: (write: number) => boolean): void {
    const {begins, states, causes} = this.#log
    for (let next = this.#volatile.first; next !== undefined && isStable(next); next = this.#volatile.first) {
      this.#volatile.shift()
      states[next] = WRITE_STABLE_FLUSH
      causes[next] = id
      this.#latestStableBegin = Math.max(this.#latestStableBegin, begins[next] ?? 0)
    }
  }

  /** A NOTIFY was answered: what had been written to its range when it started is stable, whoever's sync it was. */
  #coverRange(notify: LedgerFlight): void {
    const {froms, tos, ends, begins, states, causes} = this.#log
    const from = notify.offsetBytes
    const to = from + notify.lengthBytes
    this.#volatile.remove((write) => {
      const isInside = (froms[write] ?? 0) < to && from < (tos[write] ?? 0)
      if (!isInside || (ends[write] ?? Infinity) > notify.covers) return false
      states[write] = WRITE_STABLE_FLUSH
      causes[write] = notify.id
      this.#latestStableBegin = Math.max(this.#latestStableBegin, begins[write] ?? 0)
      return true
    })
  }

  /** A request failed. If a sync was part of it, that sync may be what failed. */
  #failedWithSync(flight: LedgerFlight): void {
    const {plan, note, id, syncsFirst} = flight
    if (syncsFirst) this.#widestFailure = wider(this.#widestFailure, flight)
    if (!syncsFirst && !plan.postSync && !plan.dsync) return
    const since = this.#poisonings.slice(note.poisoningsAtStart)
    if (since.some((poisoning) => poisoning.sync !== null)) {
      // The host's own report came first and has poisoned already: only the name was missing.
      for (const poisoning of since) poisoning.request ??= id
      return
    }
    // Where host syncs are reported, silence means that none failed for this request, unless the sync is inside its write: it
    // failed at its data, or because an earlier sync had failed and the engine no longer asks.
    const hostIsSilent = this.#syncs > note.syncsAtStart && !plan.kind.flushes
    const isRepeat = this.#syncs > 0 && this.#poisonings.length > 0
    if (!plan.dsync && (hostIsSilent || isRepeat)) return
    this.#poison(id, null)
  }

  /**
   * A sync failed: the host reports lost pages once and marks them clean, so that a later sync succeeds without them. That holds
   * for every write issued before the failed sync returned, not only for those it had to cover: a write in flight beside
   * it may have been picked up by the same writeback (semantics 3.2 and 8.8, fsync(2)).
   */
  #poison(request: number | null, sync: number | null): void {
    const number = this.#poisonings.length
    const writes = [...this.#volatile]
    this.#volatile.clear()
    for (const write of writes) {
      this.#log.states[write] = WRITE_POISONED
      this.#log.causes[write] = number
      this.#stuck.push(write)
    }
    for (const {started, note} of this.#flights.values()) {
      if (started && note.write >= 0 && note.poisoning < 0) note.poisoning = number
    }
    this.#poisonings.push({request, sync, writes})
  }

  /** Allocation changes are metadata themselves, whatever was allocated before; unknown counts as fresh. */
  #noteFresh(
    flight: LedgerFlight,
    fresh: readonly {readonly offsetBytes: number; readonly lengthBytes: number}[] | undefined,
  ): void {
    if (this.#fresh === undefined) return
    // The host was asked before the device got there: what is ahead may still give blocks back.
    const stale = [...this.#flights.aheadByTag(flight)].filter((ahead) => changesAllocation(ahead))
    const ranges = fresh === undefined || changesAllocation(flight) ? [flight, ...(fresh ?? [])] : fresh
    for (const {offsetBytes, lengthBytes} of [...ranges, ...stale]) {
      const owner = flight.note.write
      this.#fresh.add({from: offsetBytes, to: offsetBytes + lengthBytes, owner, since: this.#flights.now})
    }
  }

  #writes(): IntervalIndex {
    if (this.#index?.count !== this.#log.count) {
      const {count, froms, tos} = this.#log
      this.#index = {count, writes: indexIntervals(count, froms, tos)}
    }
    return this.#index.writes
  }

  #idsOf(writes: readonly number[]): number[] {
    return writes.map((index) => this.#log.ids[index] ?? 0).toSorted((a, b) => a - b)
  }
}

function changesAllocation({plan}: LedgerFlight): boolean {
  return plan.kind.operands === 'segment'
}

/**
 * The driver sends a flush behind the data, in place of a FUA that the device has not. It covers what one ahead of the data would
 * have covered; what has ended meanwhile as well, but when the data ended is in no event.
 */
function flushesBehind({preSync, postSync, flushCommands}: Plan): boolean {
  return postSync && flushCommands > (preSync ? 1 : 0)
}

function wider(known: FlushReach, {id, covers}: FlushReach): FlushReach {
  return covers > known.covers ? {id, covers} : known
}
