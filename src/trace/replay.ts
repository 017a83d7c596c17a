import {cacheModeOf, type CacheMode} from '../cache-mode/index.js'
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
 * The same requests in the same order, as though the device had run under another mode: plans are left to the reader (who lowers a
 * request without one as a plain device would), and what each completion says of stability is what that plan comes to. Which
 * request waited for which stays as it was: a barrier that drained has drained.
 *
 * A SCSI command cannot be lowered again without its bytes. Its flushes stay; its own data is taken to be stable only where every
 * write is, or where it was under a mode in which only a request for it could be the reason.
 */
export function replayUnder(reading: TraceReading, mode: CacheMode, ordering: OrderingMode): TraceReading {
  const recorded = cacheModeOf(reading.header.mode)
  const planFor = (event: SubmitEvent): Plan | undefined =>
    event.plan?.kind.operands === 'cdb' ? commandPlan(event.plan, recorded, mode) : undefined
  return {
    header: {...reading.header, mode: mode.name, ordering: ordering.name},
    before: reading.before,
    events: {
      *[Symbol.iterator]() {
        const open = new Map<number, Plan | undefined>()
        for (const traced of reading.events) yield replayed(traced, open, planFor, mode, ordering)
      },
    },
  }
}

function commandPlan(plan: Plan, recorded: CacheMode, mode: CacheMode): Plan {
  const {writes} = plan.kind
  if (mode.dsync) return {...plan, dsync: writes, ignoresSync: false}
  if (mode.noFlush) {
    const asks = plan.preSync || plan.postSync || plan.ignoresSync || (plan.dsync && !recorded.dsync)
    return {...plan, preSync: false, postSync: false, dsync: false, ignoresSync: asks}
  }
  return recorded.dsync ? {...plan, dsync: false, postSync: false} : plan
}

function replayed(
  traced: TracedEvent,
  open: Map<number, Plan | undefined>,
  planFor: (event: SubmitEvent) => Plan | undefined,
  mode: CacheMode,
  ordering: OrderingMode,
): TracedEvent {
  const {event} = traced
  switch (event.kind) {
    case 'submit': {
      const plan = planFor(event)
      open.set(event.id, plan ?? plainPlan(event, mode, ordering))
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
