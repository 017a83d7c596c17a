import type {CacheMode} from '../../src/cache-mode/index.js'
import type {OrderingMode} from '../../src/ordering/index.js'
import {FLAG_BARRIER, FLAG_FUA, lower, REQUEST_KINDS, type Plan} from '../../src/request/index.js'

/** A request of a small program: an OUT of one or both sectors, or a FLUSH. */
export interface SmallRequest {
  /** As it is written in a counterexample. */
  readonly text: string
  readonly name: 'OUT' | 'FLUSH'
  readonly from: number
  readonly sectors: number
  readonly flags: number
}

function out(text: string, from: number, sectors: number, flags = 0): SmallRequest {
  return {text, name: 'OUT', from, sectors, flags}
}

export const W0 = out('W(s0)', 0, 1)
export const W1 = out('W(s1)', 1, 1)
export const W01 = out('W(s0..s1)', 0, 2)
export const FUA0 = out('FUA W(s0)', 0, 1, FLAG_FUA)
export const FUA1 = out('FUA W(s1)', 1, 1, FLAG_FUA)
export const BARRIER0 = out('BARRIER W(s0)', 0, 1, FLAG_BARRIER)
export const BARRIER1 = out('BARRIER W(s1)', 1, 1, FLAG_BARRIER)
export const FLUSH: SmallRequest = {text: 'FLUSH', name: 'FLUSH', from: 0, sectors: 0, flags: 0}

/** Something that can be seen of a program from outside. `held`: it starts later than it was submitted. */
export type Step =
  | {readonly step: 'submit'; readonly id: number}
  | {readonly step: 'start'; readonly id: number; readonly held: boolean}
  | {readonly step: 'complete'; readonly id: number}

/** Requests, numbered from 1, and what happened to them so far. Every history is a beginning of others. */
export interface History {
  readonly requests: readonly SmallRequest[]
  readonly steps: readonly Step[]
}

export function planOf(request: SmallRequest, mode: CacheMode, ordering: OrderingMode): Plan {
  const kind = REQUEST_KINDS.find(({name}) => name === request.name)
  if (kind === undefined) throw new Error(`no request ${request.name}`)
  return lower(kind, request.flags, mode, ordering)
}

/** "W(s0) submitted, started; FLUSH submitted" */
export function tellHistory({requests, steps}: History): string {
  const words = {submit: 'submitted', start: 'started', complete: 'completed'}
  return steps.map(({step, id}) => `#${id} ${requests[id - 1]?.text} ${words[step]}`).join('; ')
}

export interface Bounds {
  /** With each request its mirror image on the other sector. */
  readonly alphabet: readonly SmallRequest[]
  readonly requests: number
  /** Requests whose start comes later than their submission. */
  readonly lateStarts: number
}

/** What a request has come to. */
type Standing = 'submitted' | 'started' | 'completed'

function standings({requests, steps}: History): Standing[] {
  const standing: Standing[] = requests.map(() => 'submitted')
  for (const {step, id} of steps) {
    if (step === 'start') standing[id - 1] = 'started'
    if (step === 'complete') standing[id - 1] = 'completed'
  }
  return standing
}

/**
 * Whether an ordering policy lets a request start. One that drains waits for everything before it, and everything behind it waits
 * for its end. A tagged one waits until everything before it has its last step at the device; what is behind it follows at once.
 */
function mayStart(id: number, standing: readonly Standing[], plans: readonly Plan[]): boolean {
  const own = plans[id - 1]
  return standing.slice(0, id - 1).every((earlier, i) => {
    const plan = plans[i]
    if (earlier === 'completed' || plan === undefined || own === undefined) return true
    if (own.drains || plan.drains) return false
    if (own.tags) return earlier === 'started' && !plan.tags && !plan.preSync && !plan.postSync
    return !plan.tags || earlier === 'started'
  })
}

/** Whether a request may have ended: not beside a tag that keeps it behind something that has not. */
function mayComplete(id: number, standing: readonly Standing[], plans: readonly Plan[]): boolean {
  return standing
    .slice(0, id - 1)
    .every((earlier, i) => earlier === 'completed' || !(plans[id - 1]?.tags === true || plans[i]?.tags === true))
}

/** The histories one step longer than this one. Of two that differ by the names of the sectors, only one is told. */
export function continuations(
  history: History,
  {alphabet, requests: most, lateStarts}: Bounds,
  plan: (request: SmallRequest) => Plan,
): History[] {
  const {requests, steps} = history
  const standing = standings(history)
  const plans = requests.map(plan)
  const late = steps.filter((step) => step.step === 'start' && step.held).length
  const waiting = standing.filter((one) => one === 'submitted').length
  const latest = steps.at(-1)
  // Whatever comes between a submission and its start makes that start a late one.
  const mayWait = late + waiting <= lateStarts
  const found: History[] = []
  const add = (...more: Step[]): void => void found.push({requests, steps: [...steps, ...more]})
  standing.forEach((one, i) => {
    const id = i + 1
    if (one === 'started' && mayWait && mayComplete(id, standing, plans)) add({step: 'complete', id})
    if (one !== 'submitted' || !mayStart(id, standing, plans)) return
    const held = latest?.step !== 'submit' || latest.id !== id
    if (!held || mayWait) add({step: 'start', id, held})
  })
  if (!mayWait || requests.length === most) return found
  for (const request of alphabet) {
    const more = [...requests, request]
    if (more.find(({sectors}) => sectors === 1)?.from === 1) continue
    found.push({requests: more, steps: [...steps, {step: 'submit', id: more.length}]})
  }
  return found
}
