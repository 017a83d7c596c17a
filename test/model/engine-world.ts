import {forEveryChoice, SECTOR_BYTES, type Random} from '../../src/base/index.js'
import {trustsStableWrites} from '../../src/cache-mode/index.js'
import {CRASH_KINDS} from '../../src/durability/index.js'
import {Engine} from '../../src/engine/index.js'
import {idBytes, type RequestKind} from '../../src/request/index.js'
import type {TraceEvent} from '../../src/trace/index.js'
import {byLedger, type Judge, type Rules} from './crash-model.js'
import {OrderedBackend} from './ordered-backend.js'
import {StateGraph, type DiskCall} from './state-graph.js'

/** Requests in flight at a time. */
export const DEPTH = 4

/** A request for the engine, as an application sends it. */
export interface Ask {
  readonly kind: RequestKind
  readonly flags?: number
  readonly from?: number
  readonly sectors?: number
  /** Ids that the engine lets it come after. */
  readonly after?: readonly number[]
  /** Id whose end the application waits for before it sends this. */
  readonly awaits?: number
}

/** Says what is asked next, when so many have been sent; undefined at the end. */
export type Program = (random: Random, sent: number) => Ask | undefined

/** What has happened in one run up to now, and every state the disk can be in. */
export interface EngineMoment {
  readonly events: readonly TraceEvent[]
  readonly graph: StateGraph
  readonly states: ReadonlySet<number>
  /** The engine waits for the device, or is done. Anywhere else it has not yet given away what it is about to. */
  readonly waits: boolean
}

type Happened = {readonly event: TraceEvent} | {readonly call: DiskCall} | {readonly waits: true}

/** Runs a program to its end. @returns everything that happened, in order */
function run({mode, ordering, sectors}: Rules, program: Program, random: Random): Happened[] {
  const happened: Happened[] = []
  const backend = new OrderedBackend(
    random,
    (call) => happened.push({call}),
    () => happened.push({waits: true}),
  )
  const ended = new Set<number>()
  const engine = new Engine({
    device: {capacitySectors: sectors, readOnly: false, logicalBlockBytes: SECTOR_BYTES},
    mode,
    ordering,
    backend,
    depth: DEPTH,
    alignmentBytes: 1,
    soleWriter: true,
    id: idBytes('model'),
    observer: (event) => happened.push({event}),
    freshRanges: () => [],
    tracksRanges: true,
  })
  let next = program(random, 0)
  while (next !== undefined || engine.pending > 0) {
    const mustWait = next?.awaits !== undefined && !ended.has(next.awaits)
    if (next !== undefined && !mustWait && (engine.pending === 0 || random.chance(0.5))) {
      submit(engine, backend, next)
      next = program(random, engine.nextId - 1)
    } else {
      void engine.tick(true)
    }
    for (let slot = engine.takeDone(); slot >= 0; slot = engine.takeDone()) {
      ended.add(engine.idOf(slot))
      engine.release(slot)
    }
  }
  happened.push({waits: true})
  return happened
}

function submit(engine: Engine, backend: OrderedBackend, {kind, flags, from, sectors, after}: Ask): void {
  const lengthBytes = (sectors ?? 0) * SECTOR_BYTES
  const memory = backend.createMemory(lengthBytes)
  memory.bytes.fill(engine.nextId)
  engine.submit(kind.type, flags ?? 0, (from ?? 0) * SECTOR_BYTES, lengthBytes, memory, 0, after)
}

/** What is known of each disk so far. */
const graphs = new Map<string, StateGraph>()

function graphOf({mode, sectors}: Rules): StateGraph {
  const dsync = mode.dsync && trustsStableWrites(mode, DEPTH)
  const key = [mode.direct, dsync, sectors].join()
  const options = {mode: {...mode, dsync}, blockBytes: SECTOR_BYTES, careless: true}
  const graph = graphs.get(key) ?? new StateGraph({sizeBytes: sectors * SECTOR_BYTES, ...options})
  graphs.set(key, graph)
  return graph
}

/** Which flags a request was sent with, and whether it was held. */
function tellPlan(event: TraceEvent): string {
  if (event.kind === 'submit') return ` ${event.flags}`
  return event.kind === 'start' ? ` ${event.held} ${event.preSync === true}` : ''
}

/**
 * Runs a program with its steps ending in every order, on every disk there can be, and visits each moment once.
 *
 * @returns the number of runs
 */
export function everyRun(rules: Rules, program: Program, visit: (moment: EngineMoment) => void): number {
  const graph = graphOf(rules)
  const seen = new Map<string, ReadonlySet<number>>()
  return forEveryChoice(
    (chooser) => {
      const events: TraceEvent[] = []
      let states: ReadonlySet<number> = new Set([graph.start])
      let key = ''
      for (const one of run(rules, program, chooser)) {
        key += 'event' in one ? tellEvents([one.event]) + tellPlan(one.event) : JSON.stringify(one)
        if ('event' in one) events.push(one.event)
        const known = seen.get(key)
        if (known === undefined && 'call' in one) states = graph.after(states, one.call)
        if (known !== undefined) states = known
        else visit({events, graph, states, waits: 'waits' in one})
        seen.set(key, states)
      }
    },
    {limit: 200_000},
  )
}

/** What the disk can keep at a moment beyond what a judge allows, told. */
export function excess(
  {events, graph, states}: EngineMoment,
  rules: Rules,
  judge: Judge = byLedger,
): readonly string[] {
  return CRASH_KINDS.flatMap((kind) => {
    const allowed = judge(events, rules, kind)
    const kept = graph.images(states, kind)
    if ([...kept].every((image) => allowed.has(image))) return []
    const lists = `allowed ${[...allowed].join(', ')}; found ${[...kept].join(', ')}`
    return [`${rules.mode.name}, ${rules.ordering.name}, ${kind}: ${tellEvents(events)}: ${lists}`]
  })
}

/** "submit #1 1@0+512; start #1" */
export function tellEvents(events: readonly TraceEvent[]): string {
  return events
    .map((event) => {
      if (!('id' in event)) return event.kind
      const what = event.kind === 'submit' ? ` ${event.type}@${event.offsetBytes}+${event.lengthBytes}` : ''
      return `${event.kind} #${event.id}${what}`
    })
    .join('; ')
}
