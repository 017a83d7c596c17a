import {describe, expect, it} from 'vitest'
import {forEveryChoice, SECTOR_BYTES, type Random} from '../../src/base/index.js'
import {CACHE_MODES, cacheModeOf, trustsStableWrites} from '../../src/cache-mode/index.js'
import {CRASH_KINDS} from '../../src/durability/index.js'
import {Engine} from '../../src/engine/index.js'
import {ORDERING_MODES, orderingModeOf} from '../../src/ordering/index.js'
import {idBytes} from '../../src/request/index.js'
import type {TraceEvent} from '../../src/trace/index.js'
import {byLedger, type Judge, type Rules} from './crash-model.js'
import {OrderedBackend} from './ordered-backend.js'
import {BARRIER1, FLUSH, planOf, W0, type SmallRequest} from './program.js'
import {StateGraph, type DiskCall} from './state-graph.js'

// The real engine runs every program of a few requests, its steps ending in every order, on every disk there can be: whenever the
// power is cut, what is left is what the ledger allows.

const SECTORS = 2
const DEPTH = 4
const ALPHABET = [W0, BARRIER1, FLUSH]

type Happened = {readonly event: TraceEvent} | {readonly call: DiskCall}

/** Runs up to three requests to their ends. @returns everything that happened, in order */
function run({mode, ordering}: Rules, random: Random): Happened[] {
  const happened: Happened[] = []
  const backend = new OrderedBackend(random, (call) => happened.push({call}))
  const engine = new Engine({
    device: {capacitySectors: SECTORS, readOnly: false, logicalBlockBytes: SECTOR_BYTES},
    mode,
    ordering,
    backend,
    depth: DEPTH,
    alignmentBytes: 1,
    soleWriter: true,
    id: idBytes('model'),
    observer: (event) => happened.push({event}),
    freshRanges: () => [],
  })
  let left = 3
  while (left > 0 || engine.pending > 0) {
    if (left > 0 && (engine.pending === 0 || random.chance(0.5))) {
      submit(engine, backend, random.pick(ALPHABET), {mode, ordering, sectors: SECTORS})
      left--
    } else {
      void engine.tick(true)
    }
    for (let slot = engine.takeDone(); slot >= 0; slot = engine.takeDone()) engine.release(slot)
  }
  return happened
}

function submit(engine: Engine, backend: OrderedBackend, request: SmallRequest, {mode, ordering}: Rules): void {
  const {kind} = planOf(request, mode, ordering)
  const memory = backend.createMemory(request.sectors * SECTOR_BYTES)
  memory.bytes.fill(engine.nextId)
  engine.submit(kind.type, request.flags, request.from * SECTOR_BYTES, memory.bytes.length, memory, 0)
}

interface Findings {
  runs: number
  /** Images the disk can keep and the ledger does not allow, told. */
  readonly faults: string[]
  /** Images that the ledger allows after some trace, and those of them the disk can keep. */
  allowed: number
  kept: number
}

function explore(rules: Rules, judge: Judge = byLedger): Findings {
  const {mode} = rules
  const graph = new StateGraph({
    sizeBytes: SECTORS * SECTOR_BYTES,
    mode: {...mode, dsync: mode.dsync && trustsStableWrites(mode, DEPTH)},
    blockBytes: SECTOR_BYTES,
    careless: true,
  })
  const findings: Findings = {runs: 0, faults: [], allowed: 0, kept: 0}
  const seen = new Set<string>()
  findings.runs = forEveryChoice(
    (chooser) => {
      const events: TraceEvent[] = []
      let states = new Set([graph.start])
      let key = ''
      for (const one of run(rules, chooser)) {
        if ('event' in one) events.push(one.event)
        else states = graph.after(states, one.call)
        key += JSON.stringify(one)
        if (seen.has(key)) continue
        seen.add(key)
        check(graph, states, events, {rules, judge, findings})
      }
    },
    {limit: 100_000},
  )
  return findings
}

function check(
  graph: StateGraph,
  states: ReadonlySet<number>,
  events: readonly TraceEvent[],
  {rules, judge, findings}: {rules: Rules; judge: Judge; findings: Findings},
): void {
  for (const kind of CRASH_KINDS) {
    const allowed = judge(events, rules, kind)
    const kept = graph.images(states, kind)
    findings.allowed += allowed.size
    findings.kept += kept.size
    const tooMuch = [...kept].filter((image) => !allowed.has(image))
    if (tooMuch.length === 0) continue
    const told = events
      .map((event) =>
        'id' in event
          ? `${event.kind} #${event.id}${event.kind === 'submit' ? ` ${event.type}@${event.offsetBytes}+${event.lengthBytes}` : ''}`
          : event.kind,
      )
      .join('; ')
    findings.faults.push(
      `${rules.mode.name}, ${rules.ordering.name}, ${kind}: ${told}: allowed ${[...allowed].join(', ')}; found ${[...kept].join(', ')}`,
    )
  }
}

describe('the engine, whatever order its steps end in', {timeout: 240_000}, () => {
  for (const ordering of ORDERING_MODES) {
    for (const mode of CACHE_MODES) {
      it(`leaves only what the ledger allows under ${mode.name} with barriers as ${ordering.name}`, () => {
        const {runs, faults, kept, allowed} = explore({mode, ordering, sectors: SECTORS})
        expect(faults).toEqual([])
        expect(runs).toBeGreaterThan(100)
        // Most of what is allowed is kept by some disk, so that the check has something to catch.
        expect(kept).toBeGreaterThan(allowed / 2)
      })
    }
  }

  it('would be caught if a barrier that only drains were believed to flush', () => {
    const believing: Judge = (events, rules, kind) =>
      byLedger(events, {...rules, ordering: orderingModeOf('drain-flush')}, kind)
    const rules = {mode: cacheModeOf('writeback'), ordering: orderingModeOf('drain'), sectors: SECTORS}
    expect(explore(rules, believing).faults.length).toBeGreaterThan(0)
  })
})
