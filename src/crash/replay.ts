import {cacheModeOf, type CacheMode} from '../cache-mode/index.js'
import {orderingModeOf, type OrderingMode} from '../ordering/index.js'
import {STATUS_OK, STATUS_UNSUPP, type Plan} from '../request/index.js'
import {
  endMarks,
  planUnder,
  type CompleteEvent,
  type StartEvent,
  type SubmitEvent,
  type Trace,
  type TraceEvent,
} from '../trace/index.js'
import type {CrashOptions} from './options.js'

/** The events of a trace as a reader of stability has to see them. */
export interface Replay {
  readonly mode: CacheMode
  readonly ordering: OrderingMode
  /** One step per event of the trace: the event, and behind the submission of a request whose start was left out, that start. */
  readonly steps: readonly (readonly TraceEvent[])[]
  /** Requests the engine had not issued yet, by id: from their submission to the step here, exclusive. Infinity: never issued. */
  readonly startedAt: ReadonlyMap<number, number>
  /** What each request amounts to under the mode, by id; nothing for types that no device knows. */
  readonly plans: ReadonlyMap<number, Plan>
}

/**
 * Reads a trace under a mode and an ordering, its own unless told. Under another one the plans are dropped: each request is
 * lowered anew, for a driver and a device that are as good as the mode, and what its completion says of stability follows from the
 * new plan. A request that was refused when it was recorded stays refused. Which event came when stays as recorded;
 * an order that only the old barriers enforced is dropped with them, never one added. A request without a plan (a trace written by
 * hand) is always lowered here.
 */
export function replayTrace(trace: Trace, options: CrashOptions = {}): Replay {
  const {header, events} = trace
  const mode = cacheModeOf(options.mode ?? header.mode)
  const ordering = orderingModeOf(options.ordering ?? header.ordering)
  const isSame = mode.name === header.mode && ordering.name === header.ordering
  const keepsHolds = ordering.name === header.ordering
  const plans = new Map<number, Plan>()
  const recorded = new Set<number>()
  const startedAt = startSteps(events.map(({event}) => event))
  const steps = events.map(({event}): readonly TraceEvent[] => {
    switch (event.kind) {
      case 'submit': {
        const kept = isSame ? event.plan : undefined
        const plan = kept ?? planUnder(event, mode, ordering)
        if (plan !== undefined) plans.set(event.id, plan)
        if (kept !== undefined) recorded.add(event.id)
        const submitted: SubmitEvent = {...event, plan}
        return startedAt.get(event.id) === SUBMISSION_STARTS ? [submitted, startOf(event)] : [submitted]
      }
      case 'start':
        return [keepsHolds || !event.held ? event : {...event, held: false}]
      case 'complete': {
        const plan = plans.get(event.id)
        return [plan === undefined || recorded.has(event.id) ? event : completed(event, plan)]
      }
      case 'sync-start':
      case 'sync-end':
      case 'mark':
        return [event]
    }
  })
  return {mode, ordering, steps, startedAt, plans}
}

/** Marks a request that starts with its submission, because the trace says nothing of starts. */
const SUBMISSION_STARTS = -1

/** Nobody recorded which of its blocks had an allocation, so it counts as having none. */
function startOf({id, atNs}: SubmitEvent): StartEvent {
  return {kind: 'start', id, held: false, fresh: undefined, atNs}
}

function completed(event: CompleteEvent, plan: Plan): CompleteEvent {
  if (plan.refused) return {...event, status: STATUS_UNSUPP, stable: false, ignored: false}
  return {...event, ...endMarks(plan, event.status, event.errno)}
}

/**
 * The step of each request's start. A trace without any start was written by hand: there each request starts with its submission.
 * In one that has starts, a request without one was never issued, unless it did its work.
 */
function startSteps(events: readonly TraceEvent[]): Map<number, number> {
  const hasStarts = events.some(({kind}) => kind === 'start')
  const steps = new Map<number, number>()
  events.forEach((event, step) => {
    if (event.kind === 'submit') steps.set(event.id, hasStarts ? Infinity : SUBMISSION_STARTS)
    else if (event.kind === 'start') steps.set(event.id, step)
    else if (event.kind === 'complete' && event.status === STATUS_OK && steps.get(event.id) === Infinity) {
      steps.set(event.id, SUBMISSION_STARTS)
    }
  })
  return steps
}
