import {joinRanges, type Range} from '../base/index.js'
import type {CacheMode} from '../cache-mode/index.js'
import {listIds} from './id-list.js'
import type {IntervalIndex} from './interval-index.js'
import type {Medium} from './medium.js'
import {
  WRITE_FAILED,
  WRITE_IN_FLIGHT,
  WRITE_POISONED,
  WRITE_STABLE_FLUSH,
  WRITE_STABLE_OWN,
  WRITE_VOID,
  type WriteLog,
} from './write-log.js'

/** Since when, or why not, the data of a request is stable against power loss. */
export interface Stability {
  /** `completion`: the mode makes every write stable; `fua`: its own sync; `flush`: a FLUSH or a flushing barrier. */
  readonly by: 'completion' | 'flush' | 'fua' | 'none'
  /** The request that made it stable, where that is another one. */
  readonly request: number | null
  /** A sentence that names request numbers. */
  readonly why: string
}

/** A flush, and the position before which a write must have ended for it to be covered. */
export interface FlushReach {
  readonly id: number
  readonly covers: number
}

/** What a ledger knows, as far as one request's stability depends on it. */
export interface StabilityFacts {
  readonly mode: CacheMode
  readonly medium: Medium
  readonly log: WriteLog
  readonly index: () => IntervalIndex
  /** No stable write begins after this position. */
  readonly latestStableBegin: number
  /** Among the flushes that succeeded, those that failed and those that never ran, the one that reaches furthest. */
  readonly widestFlush: FlushReach
  readonly widestFailure: FlushReach
  readonly widestRefusal: FlushReach
  /** Flushing requests in flight. */
  readonly flushes: readonly FlushReach[]
  readonly poisonings: readonly {readonly request: number | null; readonly sync: number | null}[]
}

/** Explains one request. Ids that are no write of the run are "not a write". */
export function stabilityOf(id: number, facts: StabilityFacts): Stability {
  const {log, mode} = facts
  const write = log.find(id)
  if (write < 0) return not(`#${id} is not a write`)
  const state = log.states[write] ?? WRITE_VOID
  switch (state) {
    case WRITE_STABLE_OWN:
      return mode.dsync
        ? {by: 'completion', request: null, why: `#${id} was stable when it completed: ${mode.name} syncs every write`}
        : {by: 'fua', request: null, why: `#${id} was synced by itself before it completed`}
    case WRITE_STABLE_FLUSH: {
      const flush = log.causes[write] ?? 0
      return {by: 'flush', request: flush, why: `#${flush} flushed after #${id} had completed`}
    }
    case WRITE_VOID:
      return not(`#${id} was refused or cancelled and wrote nothing`)
    case WRITE_IN_FLIGHT:
      return not(`#${id} is still in flight`)
  }
  if (log.froms[write] === log.tos[write]) return not(`#${id} wrote no bytes`)
  const superseders = supersedersOf(write, facts)
  if (superseders.length > 0) {
    const are = superseders.length === 1 ? 'is' : 'are'
    return not(`#${id} is superseded by ${listIds(superseders)}, which ${are} stable`)
  }
  if (state === WRITE_FAILED) return not(`#${id} failed: its range is indeterminate`)
  if (state === WRITE_POISONED) return not(poisonedWhy(id, log.causes[write] ?? -1, facts))
  return not(volatileWhy(id, write, facts))
}

function not(why: string): Stability {
  return {by: 'none', request: null, why}
}

function poisonedWhy(id: number, number: number, facts: StabilityFacts): string {
  const poisoning = facts.poisonings[number]
  const by = poisoning?.request ?? null
  const culprit = by === null ? `host sync ${poisoning?.sync ?? '?'}` : `the sync of #${by}`
  return `${culprit} failed before #${id} was stable, and no later FLUSH can settle it: write the range again, then FLUSH`
}

function volatileWhy(id: number, write: number, facts: StabilityFacts): string {
  const {log, mode, medium, widestFlush, widestFailure, widestRefusal, flushes} = facts
  if (medium.kind === 'volatile') return `nothing is sure to keep #${id} when the host stops: ${medium.why}`
  if (mode.noFlush) return `FLUSH and FUA are ignored under ${mode.name}: #${id} is never stable`
  const end = log.ends[write] ?? 0
  const pending = flushes.find((flush) => flush.covers > end)
  if (pending !== undefined) return `#${pending.id} would cover #${id} but has not completed`
  if (widestFailure.covers > end) return `#${widestFailure.id}, whose sync would have covered #${id}, failed`
  if (widestRefusal.covers > end)
    return `#${widestRefusal.id}, which would have covered #${id}, was refused or cancelled`
  if (widestFlush.covers > (log.begins[write] ?? 0)) {
    return `FLUSH #${widestFlush.id} was submitted while #${id} was in flight, and no FLUSH followed`
  }
  return `no FLUSH was submitted after #${id} completed`
}

/**
 * Stable writes, ordered after this one, that together overwrite all of it: one if one is enough. Empty when some byte of it
 * is not overwritten.
 */
function supersedersOf(write: number, facts: StabilityFacts): number[] {
  const {log} = facts
  const end = log.ends[write] ?? Infinity
  if (facts.latestStableBegin < end) return []
  const from = log.froms[write] ?? 0
  const to = log.tos[write] ?? 0
  const over: {id: number; range: Range}[] = []
  let whole: number | undefined
  facts.index().visit(from, to, (other) => {
    if (!log.isStable(other) || (log.begins[other] ?? 0) < end) return true
    const start = Math.max(from, log.froms[other] ?? 0)
    const stop = Math.min(to, log.tos[other] ?? 0)
    if (start === from && stop === to) whole = log.ids[other]
    over.push({id: log.ids[other] ?? 0, range: {offsetBytes: start, lengthBytes: stop - start}})
    return whole === undefined
  })
  if (whole !== undefined) return [whole]
  const joined = joinRanges(over.map(({range}) => range))
  const covered = joined.length === 1 && joined[0]?.lengthBytes === to - from
  return covered ? over.map(({id}) => id).toSorted((a, b) => a - b) : []
}
