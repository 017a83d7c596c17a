import type {CacheMode} from '../cache-mode/index.js'
import type {OrderingMode} from '../ordering/index.js'
import {kindOfType, lower, STATUS_OK, type Plan} from '../request/index.js'
import type {CompleteEvent, SubmitEvent} from './event.js'
import type {TracedEvent, TraceReading} from './traced.js'

/** What a plain device makes of a request under a mode; undefined for a type it does not know. */
export function plainPlan(event: SubmitEvent, mode: CacheMode, ordering: OrderingMode): Plan | undefined {
  const kind = kindOfType(event.type)
  return kind === undefined ? undefined : lower(kind, event.flags, mode, ordering)
}

/** What a completion says of stability, by the plan of its request. */
export function endMarks(
  plan: Plan | undefined,
  status: number,
  errno: number,
): Pick<CompleteEvent, 'stable' | 'ignored'> {
  const done = plan !== undefined && status === STATUS_OK && errno === 0
  return {
    stable: done && plan.kind.writes && (plan.dsync || plan.postSync),
    ignored: done && plan.ignoresSync,
  }
}

/**
 * What a request amounts to under another mode than the one it was recorded under; undefined for a type no device knows. A SCSI
 * command cannot be lowered again without its bytes: what it does, its FUA and its flushes are taken from its recorded plan.
 */
export function planUnder(event: SubmitEvent, mode: CacheMode, ordering: OrderingMode): Plan | undefined {
  const isCommand = kindOfType(event.type)?.operands === 'cdb'
  return isCommand && event.plan !== undefined ? commandPlan(event.plan, mode) : plainPlan(event, mode, ordering)
}

function commandPlan(plan: Plan, mode: CacheMode): Plan {
  const {writes, flushes, operands} = plan.kind
  // Where flushes are ignored the recorded plan has none: it says only that something was asked for.
  const syncsFirst = plan.preSync || flushes || (plan.ignoresSync && !writes)
  const isStable = writes && (mode.dsync || plan.fua)
  const syncs = !mode.noFlush
  return {
    ...plan,
    preSync: syncs && syncsFirst,
    dsync: syncs && isStable && operands === 'data',
    postSync: syncs && isStable && operands !== 'data',
    ignoresSync: !syncs && (syncsFirst || isStable || plan.ignoresSync),
  }
}

/**
 * The same requests in the same order, as though the device had run under another mode: each has the plan that planUnder gives it, and
 * what its completion says of stability is what that plan comes to. Which request waited for which stays as it was: a barrier that
 * drained has drained.
 */
export function replayUnder(reading: TraceReading, mode: CacheMode, ordering: OrderingMode): TraceReading {
  return {
    header: {...reading.header, mode: mode.name, ordering: ordering.name},
    before: reading.before,
    events: {
      *[Symbol.iterator]() {
        const open = new Map<number, Plan | undefined>()
        for (const traced of reading.events) yield replayed(traced, open, mode, ordering)
      },
    },
  }
}

function replayed(
  traced: TracedEvent,
  open: Map<number, Plan | undefined>,
  mode: CacheMode,
  ordering: OrderingMode,
): TracedEvent {
  const {event} = traced
  switch (event.kind) {
    case 'submit': {
      const plan = planUnder(event, mode, ordering)
      open.set(event.id, plan)
      return {
        event: {...event, plan},
        get data() {
          return traced.data
        },
      }
    }
    case 'complete': {
      const plan = open.get(event.id)
      open.delete(event.id)
      return {event: {...event, ...endMarks(plan, event.status, event.errno)}}
    }
    case 'start':
    case 'sync-start':
    case 'sync-end':
    case 'mark':
      return traced
  }
}
