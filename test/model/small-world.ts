import {SECTOR_BYTES, type Range} from '../../src/base/index.js'
import {trustsStableWrites} from '../../src/cache-mode/index.js'
import {CRASH_KINDS, type CrashKind} from '../../src/durability/index.js'
import {FLUSH, type Plan} from '../../src/request/index.js'
import type {TraceEvent} from '../../src/trace/index.js'
import {byDefinition, byLedger, type Judge, type Rules} from './crash-model.js'
import {continuations, planOf, tellHistory, type Bounds, type History, type SmallRequest, type Step} from './program.js'
import {StateGraph, type DiskCall} from './state-graph.js'

const SECTORS = 2

/** Two sectors of a disk. */
export interface Layout {
  readonly name: string
  readonly blockBytes: 512 | 1024
  readonly holes: boolean
  /** Where the host asks for holes: in the file's extent map, or by knowing what is committed. */
  readonly view: 'committed' | 'extents'
}

export const LAYOUTS = [
  {name: 'two sectors in one block', blockBytes: 1024, holes: false, view: 'extents'},
  {name: 'two blocks of a sector', blockBytes: 512, holes: false, view: 'extents'},
  {name: 'two sectors in one hole', blockBytes: 1024, holes: true, view: 'extents'},
  {name: 'two holes of a sector', blockBytes: 512, holes: true, view: 'extents'},
  {name: 'two sectors in one hole, asking what is committed', blockBytes: 1024, holes: true, view: 'committed'},
] as const satisfies readonly Layout[]

/**
 * Which step of its plan a started request is at; a request not started or completed has none. Where the device keeps an order,
 * it may be `held` there, and `over` before that is known.
 */
type Phase = 'none' | 'held' | 'pre' | 'data' | 'post' | 'nothing' | 'over'

/** Everything that can be so, as far as the trace tells: the phase of each request, and the states of the disk by those. */
type Members = ReadonlyMap<string, ReadonlySet<number>>

/** One trace a history can make. There are several where the disk answers which blocks are fresh. */
interface Branch {
  readonly events: readonly TraceEvent[]
  readonly members: Members
}

export interface Moment {
  readonly history: History
  readonly branches: readonly Branch[]
}

/** How a host deals with its disk. */
export interface Host {
  readonly ignoresTags?: boolean
  /**
   * Requests in flight at a time, as far as they decide how a write is made stable: with one, or past the page cache, within its
   * step; else by a sync behind it, as the engine does. One when left out.
   */
  readonly depth?: number
}

/** A disk, the rules its traces are judged by, and every moment of every small program on it. */
export class SmallWorld {
  readonly rules: Rules
  readonly layout: Layout
  readonly graph: StateGraph
  readonly #ignoresTags: boolean
  /** No step makes a write stable: a sync behind it does. */
  readonly #syncsBehind: boolean

  /** @param graph of a world with the same layout and the same open flags, to go on with */
  constructor(
    rules: Omit<Rules, 'sectors'>,
    layout: Layout,
    lies?: 'flush' | 'fua',
    graph?: StateGraph,
    {ignoresTags = false, depth = 1}: Host = {},
  ) {
    this.#ignoresTags = ignoresTags
    this.#syncsBehind = !trustsStableWrites(rules.mode, depth)
    this.rules = {...rules, sectors: SECTORS}
    this.layout = layout
    this.graph =
      graph ??
      new StateGraph({
        sizeBytes: SECTORS * SECTOR_BYTES,
        mode: {...rules.mode, dsync: rules.mode.dsync && !this.#syncsBehind},
        blockBytes: layout.blockBytes,
        allocated: () => !layout.holes,
        careless: true,
        ...(lies && {lies}),
      })
  }

  /** Visits every moment within the bounds, short histories before the longer ones they begin, until the visitor answers false. */
  explore(bounds: Bounds, visit: (moment: Moment) => boolean): boolean {
    const planned = (request: SmallRequest): Plan => this.#planOf(request)
    const first: Branch = {events: [], members: new Map([['', new Set([this.graph.start])]])}
    let moments: Moment[] = [{history: {requests: [], steps: []}, branches: [first]}]
    while (moments.length > 0) {
      const longer: Moment[] = []
      for (const {history, branches} of moments) {
        for (const next of continuations(history, bounds, planned)) {
          const moment = {history: next, branches: this.#advance(next, branches)}
          if (!visit(moment)) return false
          longer.push(moment)
        }
      }
      moments = longer
    }
    return true
  }

  #planOf(request: SmallRequest): Plan {
    const plan = planOf(request, this.rules.mode, this.rules.ordering)
    return plan.dsync && this.#syncsBehind ? {...plan, dsync: false, postSync: true} : plan
  }

  #advance(history: History, branches: readonly Branch[]): readonly Branch[] {
    const step = history.steps.at(-1)
    const request = step && history.requests[step.id - 1]
    if (step === undefined || request === undefined) return branches
    return branches.flatMap((branch) => this.#afterStep(branch, step, request, history.requests))
  }

  #afterStep(
    {events, members}: Branch,
    step: Step,
    request: SmallRequest,
    requests: readonly SmallRequest[],
  ): readonly Branch[] {
    const {id} = step
    const plan = this.#planOf(request)
    switch (step.step) {
      case 'submit': {
        const range = {offsetBytes: request.from * SECTOR_BYTES, lengthBytes: request.sectors * SECTOR_BYTES}
        const event = {kind: 'submit', id, type: plan.kind.type, flags: request.flags, ...range, atNs: 0} as const
        return [{events: [...events, event], members: phased(members, id, 'none')}]
      }
      case 'start':
        return [...this.#byFreshness(members, request, plan)].map(([told, found]) => {
          const fresh = told === '' ? undefined : (JSON.parse(told) as Range[])
          const event = {kind: 'start', id, held: step.held, fresh, atNs: 0} as const
          return {events: [...events, event], members: this.#goOn(this.#started(found, id, request, plan), requests)}
        })
      case 'complete': {
        const stable = plan.kind.writes && (plan.dsync || plan.postSync)
        const event = {kind: 'complete', id, status: 0, errno: 0, stable, ignored: plan.ignoresSync, atNs: 0} as const
        const ended = this.#ended(members, id, plan)
        return [{events: [...events, event], members: this.#goOn(ended, requests)}]
      }
    }
  }

  /** The members by what the host says of the freshness of a write's blocks, as text; '' where it does not ask. */
  #byFreshness(members: Members, request: SmallRequest, plan: Plan): Map<string, Map<string, Set<number>>> {
    const {mode} = this.rules
    const asks = mode.direct && !mode.dsync && plan.kind.writes
    const found = new Map<string, Map<string, Set<number>>>()
    for (const [phases, states] of members) {
      for (const state of states) {
        const range = [request.from * SECTOR_BYTES, request.sectors * SECTOR_BYTES] as const
        const told = asks ? JSON.stringify(this.graph.freshRanges(state, ...range, this.layout.view)) : ''
        const branch = found.get(told) ?? new Map<string, Set<number>>()
        found.set(told, branch)
        put(branch, phases, [state])
      }
    }
    return found
  }

  #started(members: Members, id: number, request: SmallRequest, plan: Plan): Members {
    // What a sync owes is settled when it is sent, unless its tag makes it wait for more.
    if (this.rules.ordering.tags && (plan.tags || !plan.preSync)) return phased(members, id, 'held')
    if (plan.preSync) return this.#called(phased(members, id, 'pre'), {call: 'sync', id})
    return plan.kind.writes ? this.#data(members, id, request, plan) : phased(members, id, 'nothing')
  }

  #data(members: Members, id: number, {from, sectors}: SmallRequest, {dsync}: Plan): Members {
    return this.#called(phased(members, id, 'data'), {call: 'write', id, from, sectors, dsync})
  }

  #ended(members: Members, id: number, plan: Plan): Members {
    if (this.rules.ordering.tags) {
      return phased(new Map([...members].filter(([phases]) => phaseOf(phases, id) === 'over')), id, 'none')
    }
    const last: Phase = plan.postSync ? 'post' : plan.kind.writes ? 'data' : plan.preSync ? 'pre' : 'nothing'
    const found = new Map([...members].filter(([phases]) => phaseOf(phases, id) === last))
    const none = phased(found, id, 'none')
    switch (last) {
      case 'post':
      case 'pre':
        return this.#called(none, {call: 'endSync', id, ok: true})
      case 'data':
        return this.#called(none, {call: 'endWrite', id, ok: true})
      case 'nothing':
        return none
    }
  }

  #called(members: Members, call: DiskCall): Members {
    return new Map([...members].map(([phases, states]) => [phases, this.graph.after(states, call)]))
  }

  /** Adds what is reached when requests go on from one step of their plan to the next, which nobody sees. */
  #goOn(members: Members, requests: readonly SmallRequest[]): Members {
    const all = new Map<string, Set<number>>()
    const add = (more: Members): void => {
      for (const [phases, states] of more) {
        const known = all.get(phases)
        const added = [...states].filter((state) => !known?.has(state))
        if (known && added.length === 0) continue
        put(all, phases, added)
        const one = new Map([[phases, new Set(added)]])
        const next = this.rules.ordering.tags ? this.#nextAtDevice.bind(this) : this.#nextStep.bind(this)
        requests.forEach((_, i) => add(next(one, phases, i + 1, requests)))
      }
    }
    add(members)
    return all
  }

  #nextStep(members: Members, phases: string, id: number, requests: readonly SmallRequest[]): Members {
    const request = requests[id - 1] as SmallRequest
    const plan = this.#planOf(request)
    const phase = phaseOf(phases, id)
    if (phase === 'pre' && plan.kind.writes) {
      return this.#data(this.#called(members, {call: 'endSync', id, ok: true}), id, request, plan)
    }
    if (phase === 'data' && plan.postSync) {
      const written = this.#called(members, {call: 'endWrite', id, ok: true})
      return this.#called(phased(written, id, 'post'), {call: 'sync', id})
    }
    return new Map()
  }

  /** What a device with ordered tags may do next for a request: each step ends there before that is known. */
  #nextAtDevice(members: Members, phases: string, id: number, requests: readonly SmallRequest[]): Members {
    const request = requests[id - 1] as SmallRequest
    const plan = this.#planOf(request)
    if (this.#isKeptBack(phases, id, requests)) return new Map()
    switch (phaseOf(phases, id)) {
      case 'held':
        if (plan.preSync) return this.#called(phased(members, id, 'pre'), {call: 'sync', id})
        return plan.kind.writes ? this.#data(members, id, request, plan) : phased(members, id, 'over')
      case 'pre': {
        const synced = this.#called(members, {call: 'endSync', id, ok: true})
        return plan.kind.writes ? this.#data(synced, id, request, plan) : phased(synced, id, 'over')
      }
      case 'data': {
        const written = this.#called(members, {call: 'endWrite', id, ok: true})
        if (!plan.postSync) return phased(written, id, 'over')
        return this.#called(phased(written, id, 'post'), {call: 'sync', id})
      }
      case 'post':
        return phased(this.#called(members, {call: 'endSync', id, ok: true}), id, 'over')
      case 'none':
      case 'nothing':
      case 'over':
        return new Map()
    }
  }

  /** Whether a tag keeps a request behind one that is not over. */
  #isKeptBack(phases: string, id: number, requests: readonly SmallRequest[]): boolean {
    if (this.#ignoresTags) return false
    const tags = (request: SmallRequest | undefined): boolean => request !== undefined && this.#planOf(request).tags
    return requests.slice(0, id - 1).some((earlier, i) => {
      const isOver = ['over', 'none'].includes(phaseOf(phases, i + 1))
      return !isOver && (tags(requests[id - 1]) || tags(earlier))
    })
  }
}

function put(members: Map<string, Set<number>>, phases: string, states: Iterable<number>): void {
  const known = members.get(phases) ?? new Set<number>()
  for (const state of states) known.add(state)
  members.set(phases, known)
}

function phaseOf(phases: string, id: number): Phase {
  return (phases.split(' ')[id - 1] ?? 'none') as Phase
}

function phased(members: Members, id: number, phase: Phase): Members {
  const found = new Map<string, Set<number>>()
  for (const [phases, states] of members) {
    const parts = phases === '' ? [] : phases.split(' ')
    parts[id - 1] = phase
    put(found, parts.join(' '), states)
  }
  return found
}

/** What the disk can be made to keep in a branch. */
function kept({graph}: SmallWorld, {members}: Branch, kind: CrashKind): Set<string> {
  const images = new Set<string>()
  for (const states of members.values()) for (const image of graph.images(states, kind)) images.add(image)
  return images
}

/** What a comparison is made with. `demandsAll`: the crashes for which what is allowed must be kept by some disk. */
export interface Demands {
  readonly judge?: Judge
  readonly demandsAll?: readonly CrashKind[]
}

/**
 * Whether one write's sync may have brought the allocation of another: there the disk keeps more than it must, by what the ledger
 * does not know. It does not know what a block is: where one holds both writes, the host commits it once, for both. And it learns of
 * fresh blocks when a write is given to the device, which behind a tag executes it later, maybe in a block committed by then.
 */
function commitsForOthers({rules, layout}: SmallWorld, {branches}: Moment): boolean {
  const {direct, dsync} = rules.mode
  if (!direct || dsync || !layout.holes) return false
  const {tags} = rules.ordering
  const mayShare = layout.blockBytes > SECTOR_BYTES
  return branches.some(({events}) => {
    const flushes = events.filter((event) => event.kind === 'submit' && event.type === FLUSH.type)
    return events.some((event) => {
      if (event.kind !== 'complete') return false
      const isFlush = flushes.some((flush) => flush.kind === 'submit' && flush.id === event.id)
      return (event.stable && (mayShare || tags)) || (isFlush && mayShare && tags)
    })
  })
}

/**
 * Compares the disk with a judge at one moment: what the disk keeps must be allowed, branch by branch; and what is allowed must be
 * kept by some disk, over all branches: a branch tells more of its disk than the judge makes use of. A write that was submitted and
 * not started is allowed to show by definition, but no host can have begun it.
 *
 * @returns the first disagreement, in words
 */
export function disagreement(
  world: SmallWorld,
  moment: Moment,
  {judge = byLedger, demandsAll = commitsForOthers(world, moment) ? [] : CRASH_KINDS}: Demands = {},
): string | undefined {
  const waiting = unstarted(moment.history)
  for (const kind of CRASH_KINDS) {
    const allowedByAny = new Set<string>()
    const keptByAny = new Set<string>()
    for (const branch of moment.branches) {
      const allowed = judge(branch.events, world.rules, kind)
      const found = kept(world, branch, kind)
      const tooMuch = [...found].filter((image) => !allowed.has(image))
      if (tooMuch.length > 0) return tell(world, moment, kind, allowed, found)
      for (const image of allowed) if (!shows(image, waiting)) allowedByAny.add(image)
      for (const image of found) keptByAny.add(image)
    }
    if (demandsAll.includes(kind) && keptByAny.size !== allowedByAny.size)
      return tell(world, moment, kind, allowedByAny, keptByAny)
  }
  return undefined
}

function unstarted({requests, steps}: History): number[] {
  const started = new Set(steps.filter(({step}) => step === 'start').map(({id}) => id))
  return requests.map((_, i) => i + 1).filter((id) => !started.has(id))
}

function shows(image: string, ids: readonly number[]): boolean {
  return image.split(' ').some((id) => ids.includes(Number(id)))
}

/** Compares two judges at one moment. @returns the first disagreement, in words */
function dissent(world: SmallWorld, moment: Moment): string | undefined {
  for (const kind of CRASH_KINDS) {
    for (const {events} of moment.branches) {
      const ledger = byLedger(events, world.rules, kind)
      const definition = byDefinition(events, world.rules, kind)
      const isSame = ledger.size === definition.size && [...ledger].every((image) => definition.has(image))
      if (!isSame) return `${tell(world, moment, kind, ledger, definition)} by definition`
    }
  }
  return undefined
}

function tell(
  {rules, layout}: SmallWorld,
  {history}: Moment,
  kind: CrashKind,
  allowed: ReadonlySet<string>,
  found: ReadonlySet<string>,
): string {
  const list = (images: ReadonlySet<string>): string => [...images].toSorted().join(', ')
  return `${rules.mode.name}, ${rules.ordering.name}, ${layout.name}, ${kind}: ${tellHistory(history)}: allowed ${list(allowed)}; found ${list(found)}`
}

/** What is wrong at the first moments where something is: the disk with the ledger, or the ledger with the definition. */
export function faultsOf(
  world: SmallWorld,
  bounds: Bounds,
  demands: Demands = {},
): {readonly moments: number; readonly faults: readonly string[]} {
  const faults: string[] = []
  let moments = 0
  world.explore(bounds, (moment) => {
    moments++
    for (const fault of [disagreement(world, moment, demands), dissent(world, moment)])
      if (fault !== undefined) faults.push(fault)
    return faults.length < 3
  })
  return {moments, faults}
}

/** The first and smallest disagreement with a judge, in words; 'nothing' where there is none. */
export function firstFault(world: SmallWorld, bounds: Bounds, judge: Judge = byLedger): string {
  let found = 'nothing'
  world.explore(bounds, (moment) => {
    found = disagreement(world, moment, {judge, demandsAll: []}) ?? found
    return found === 'nothing'
  })
  return found
}
