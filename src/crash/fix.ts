import {cacheModeOf} from '../cache-mode/index.js'
import {orderingModeOf} from '../ordering/index.js'
import {FLAG_FUA, FLUSH, kindOfType, STATUS_OK} from '../request/index.js'
import {planUnder, type SubmitEvent, type Trace, type TracedEvent} from '../trace/index.js'
import type {Check} from './check.js'
import {explore} from './explore.js'
import {CrashModel} from './model.js'
import type {CrashOptions} from './options.js'
import type {Violation} from './violation.js'

/** One change to what the program sends: a FLUSH, waited for, behind the completion of a request, or FUA on the request itself. */
export interface Insertion {
  readonly insert: 'FLUSH' | 'FUA'
  readonly after: number
}

export interface FixOptions {
  /** Runs of the check for all candidates together; ten million unless told. */
  readonly budget?: number | undefined
  /** Asked now and then: true ends the search without a fix. */
  readonly isCancelled?: (() => boolean) | undefined
}

/** What prevents a violation. */
export interface Fix {
  readonly insertions: readonly Insertion[]
  /** The check passes at every crash point of the trace, not only up to the violation. */
  readonly isWhole: boolean
}

const BUDGET = 10_000_000

/**
 * The cheapest change that prevents a violation: the trace is explored again with each candidate. Of single changes, the first with
 * which the check passes everywhere is named; if there is none, the first without a violation up to the crash point of this one;
 * if there is none of those either, the first such pair. One FUA is cheaper than one FLUSH, and earlier requests come first. Undefined
 * when none of them helps, or the budget ends before one is found that does: a candidate counts only when its exploration is complete.
 */
export function findFix(
  trace: Trace,
  crash: CrashOptions,
  check: Check,
  violation: Violation,
  options: FixOptions = {},
): Fix | undefined {
  const {model} = violation.state.point
  if (model.replay.mode.noFlush) return undefined // nobody hears a flush
  const until = model.pointsThatMatter().find((point) => point >= violation.event) ?? model.lastPoint
  const part: Trace = {...trace, events: trace.events.slice(0, until)}
  let budget = options.budget ?? BUDGET
  const passes = (events: Trace, insertions: readonly Insertion[]): boolean => {
    const changed = new CrashModel(withInsertions(events, insertions), crash)
    const {complete, violations, states} = explore(changed, check, {
      budget,
      stopsAtViolation: true,
      isCancelled: options.isCancelled,
    })
    budget -= states
    return complete && violations.length === 0
  }
  const search = fixSearch(part)
  let next = search.next()
  while (!next.done) {
    const isOver = budget <= 0 || options.isCancelled?.() === true
    const insertions = next.value
    if (isOver) next = search.next('stop')
    else if (!passes(part, insertions)) next = search.next('fails')
    else next = search.next(passes(trace, insertions) ? 'is whole' : 'prevents')
  }
  return next.value
}

/** What a candidate turned out to do; `stop` when nobody can tell any more. */
type CandidateAnswer = 'fails' | 'prevents' | 'is whole' | 'stop'

/** The order in which candidates are tried, for whoever can tell what each does. @returns the best of those tried */
export function* fixSearch(trace: Trace): Generator<readonly Insertion[], Fix | undefined, CandidateAnswer> {
  const candidates = candidatesOf(trace)
  let partial: Fix | undefined
  for (const one of candidates) {
    const answer = yield [one]
    if (answer === 'is whole') return {insertions: [one], isWhole: true}
    if (answer === 'prevents') partial ??= {insertions: [one], isWhole: false}
    if (answer === 'stop') return partial
  }
  if (partial !== undefined) return partial
  for (const pair of pairsOf(candidates)) {
    const answer = yield pair
    if (answer === 'stop') return undefined
    if (answer !== 'fails') return {insertions: pair, isWhole: answer === 'is whole'}
  }
  return undefined
}

/** The trace of a program with these changes. Request ids stay; an inserted FLUSH gets one between those of its neighbours. */
export function withInsertions(trace: Trace, insertions: readonly Insertion[]): Trace {
  const fua = new Set(insertions.filter(({insert}) => insert === 'FUA').map(({after}) => after))
  const flushed = new Set(insertions.filter(({insert}) => insert === 'FLUSH').map(({after}) => after))
  const hasStarts = trace.events.some(({event}) => event.kind === 'start')
  let latest = 0
  const events = trace.events.flatMap((traced): TracedEvent[] => {
    const {event, data} = traced
    if (event.kind === 'submit') {
      latest = Math.max(latest, event.id)
      return fua.has(event.id) ? [{event: withFua(event, trace), data}] : [traced]
    }
    if (event.kind !== 'complete') return [traced]
    const ended = fua.has(event.id)
      ? {event: {...event, stable: event.status === STATUS_OK && event.errno === 0}}
      : traced
    if (!flushed.has(event.id)) return [ended]
    latest += 0.5 / (trace.events.length + 1)
    return [ended, ...flushEvents(latest, event.atNs, hasStarts)]
  })
  return {...trace, events}
}

/** Without its plan a request is lowered anew; a SCSI command cannot be, so that its plan is changed as its FUA bit would have. */
function withFua(event: SubmitEvent, {header}: Trace): SubmitEvent {
  const flags = event.flags | FLAG_FUA
  const isCommand = kindOfType(event.type)?.operands === 'cdb'
  if (!isCommand || event.plan === undefined) return {...event, flags, plan: undefined}
  const asked = {...event, plan: {...event.plan, fua: true}}
  return {...asked, plan: planUnder(asked, cacheModeOf(header.mode), orderingModeOf(header.ordering))}
}

function flushEvents(id: number, atNs: number, hasStarts: boolean): TracedEvent[] {
  const submit: TracedEvent = {
    event: {kind: 'submit', id, type: FLUSH.type, flags: 0, offsetBytes: 0, lengthBytes: 0, atNs},
  }
  const start: TracedEvent = {event: {kind: 'start', id, held: false, fresh: [], atNs}}
  const complete: TracedEvent = {
    event: {kind: 'complete', id, status: STATUS_OK, errno: 0, stable: false, ignored: false, atNs},
  }
  return hasStarts ? [submit, start, complete] : [submit, complete]
}

/** FUA on each write that succeeded, then a FLUSH behind each completion that something new could be flushed at. */
function candidatesOf(trace: Trace): Insertion[] {
  const {writes} = new CrashModel(trace)
  const done = trace.events.flatMap(({event}) =>
    event.kind === 'complete' && event.status === STATUS_OK && writes.has(event.id) ? [event.id] : [],
  )
  const ascending = done.toSorted((a, b) => a - b)
  return [
    ...ascending.map((after): Insertion => ({insert: 'FUA', after})),
    ...ascending.map((after): Insertion => ({insert: 'FLUSH', after})),
  ]
}

/** Pairs, cheapest first. */
function* pairsOf(candidates: readonly Insertion[]): Generator<readonly Insertion[]> {
  const cost = (insertion: Insertion): number => (insertion.insert === 'FUA' ? 0 : 1)
  for (const wanted of [0, 1, 2]) {
    for (const [i, one] of candidates.entries()) {
      for (const other of candidates.slice(i + 1)) if (cost(one) + cost(other) === wanted) yield [one, other]
    }
  }
}
