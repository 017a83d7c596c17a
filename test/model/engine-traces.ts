import {trustsStableWrites} from '../../src/cache-mode/index.js'
import {CRASH_KINDS, type CrashKind} from '../../src/durability/index.js'
import {FLAG_BARRIER, FLAG_FUA, FLAG_PREFLUSH, FLUSH} from '../../src/request/index.js'
import type {SubmitEvent, TraceEvent} from '../../src/trace/index.js'
import {byLedger, type Judge, type Rules} from './crash-model.js'
import {DEPTH, tellEvents, type EngineMoment} from './engine-world.js'

/** Everything the disk can keep after one trace, whatever happened below it. */
interface Found {
  readonly events: readonly TraceEvent[]
  readonly kept: ReadonlyMap<CrashKind, Set<string>>
  /** In some run the engine waits here for the device. */
  waits: boolean
  /** In some run the engine does here what it promises and nothing more. */
  isPlain: boolean
}

function nothingYet(events: readonly TraceEvent[]): Found {
  const kept = new Map(CRASH_KINDS.map((kind) => [kind, new Set<string>()]))
  return {events: [...events], kept, waits: false, isPlain: false}
}

/**
 * What each trace leaves open, gathered over all runs that make it. Of two traces that differ only by the host's syncs the ledger says
 * the same, so they count as one.
 */
export class EngineTraces {
  readonly #rules: Rules
  readonly #found = new Map<string, Found>()

  constructor(rules: Rules) {
    this.#rules = rules
  }

  get size(): number {
    return this.#found.size
  }

  add({events, graph, states, waits}: EngineMoment): void {
    const key = JSON.stringify(events.filter(({kind}) => kind !== 'sync-start' && kind !== 'sync-end'))
    const found = this.#found.get(key) ?? nothingYet(events)
    this.#found.set(key, found)
    found.waits ||= waits
    found.isPlain ||= !this.#flushesLate(events) && !this.#flushesBehindTag(events) && !this.#flushesBehindFua(events)
    for (const kind of CRASH_KINDS) for (const image of graph.images(states, kind)) found.kept.get(kind)?.add(image)
  }

  /**
   * Where what a judge allows is not what some disk keeps, told; and how many such traces there are of which the engine does more than
   * it promises. A write that was submitted and not started is allowed to show, but nobody can have begun it. Where the engine never
   * waits there is nothing to compare: it is in the middle of giving away what the trace says it has started.
   */
  unequal(judge: Judge = byLedger): {readonly told: readonly string[]; readonly excused: number} {
    const told: string[] = []
    const excused = new Set<Found>()
    for (const found of this.#found.values()) {
      for (const kind of found.waits ? CRASH_KINDS : []) {
        const kept = found.kept.get(kind) ?? new Set()
        const waiting = unstarted(found.events)
        const allowed = [...judge(found.events, this.#rules, kind)].filter((image) => !shows(image, waiting))
        if (allowed.length === kept.size && allowed.every((image) => kept.has(image))) continue
        if (!found.isPlain) {
          excused.add(found)
          continue
        }
        const {mode, ordering} = this.#rules
        const lists = `allowed ${allowed.join(', ')}; found ${[...kept].join(', ')}`
        told.push(`${mode.name}, ${ordering.name}, ${kind}: ${tellEvents(found.events)}: ${lists}`)
      }
    }
    return {told, excused: excused.size}
  }

  /**
   * A FLUSH promises what had completed when it was submitted. One that comes while a sync runs is answered by the next, which the
   * engine issues later: that covers what has completed meanwhile, and tells of what the first one found.
   */
  #flushesLate(events: readonly TraceEvent[]): boolean {
    let syncs = 0
    const late = new Set<number>()
    for (const event of events) {
      if (event.kind === 'sync-start') syncs++
      if (event.kind === 'sync-end') syncs--
      if (event.kind === 'start' && syncs > 0) late.add(event.id)
    }
    const flushes = submitted(events).filter(({type, id}) => type === FLUSH.type && late.has(id))
    return flushes.some(({id}) => events.some((event) => event.kind === 'complete' && event.id === id))
  }

  /**
   * FUA promises its own data. Through the page cache, with more than one request in flight, the engine syncs behind the write, and the
   * sync takes along what had completed.
   */
  #flushesBehindFua(events: readonly TraceEvent[]): boolean {
    if (trustsStableWrites(this.#rules.mode, DEPTH)) return false
    const isFua = ({flags}: SubmitEvent): boolean => (flags & (FLAG_FUA | FLAG_PREFLUSH)) === FLAG_FUA
    const writes = submitted(events).filter(isFua)
    return writes.some(({id}) => events.some((event) => event.kind === 'complete' && event.id === id))
  }

  /**
   * A device with tags could execute a write with a flush of its own right behind a tag that nobody knows to have ended. The engine
   * sends that write only when its flush has been answered, so that the tag has been as well.
   */
  #flushesBehindTag(events: readonly TraceEvent[]): boolean {
    if (!this.#rules.ordering.tags) return false
    const ended = new Set(events.flatMap((event) => (event.kind === 'complete' ? [event.id] : [])))
    const flying = submitted(events).filter(({id}) => !ended.has(id))
    const isTag = ({flags}: SubmitEvent): boolean => (flags & FLAG_BARRIER) !== 0
    return flying.some(
      (write) =>
        (write.flags & FLAG_PREFLUSH) !== 0 && !isTag(write) && flying.some((tag) => isTag(tag) && tag.id < write.id),
    )
  }
}

function submitted(events: readonly TraceEvent[]): readonly SubmitEvent[] {
  return events.filter((event) => event.kind === 'submit')
}

function unstarted(events: readonly TraceEvent[]): readonly number[] {
  const started = new Set(events.flatMap((event) => (event.kind === 'start' ? [event.id] : [])))
  return submitted(events).flatMap(({id}) => (started.has(id) ? [] : [id]))
}

function shows(image: string, ids: readonly number[]): boolean {
  return image.split(' ').some((id) => ids.includes(Number(id)))
}
