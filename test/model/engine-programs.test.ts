import {describe, expect, it} from 'vitest'
import {CACHE_MODES, cacheModeOf} from '../../src/cache-mode/index.js'
import {ORDERING_MODES, orderingModeOf} from '../../src/ordering/index.js'
import {FLAG_BARRIER, FLAG_FUA, FLAG_PREFLUSH, FLUSH, OUT} from '../../src/request/index.js'
import type {TraceEvent} from '../../src/trace/index.js'
import {byLedger, type Judge, type Rules} from './crash-model.js'
import {EngineTraces} from './engine-traces.js'
import {excess, everyRun, type Ask} from './engine-world.js'

// The real engine runs every program of a few requests, its steps ending in every order, on every disk there can be: whenever the
// power is cut, what is left is what the ledger allows; and of whatever it allows some disk keeps every image.

const SECTORS = 2
const write = (from: number, flags = 0): Ask => ({kind: OUT, from, sectors: 1, flags})
const ORDERED: readonly Ask[] = [write(0), write(1, FLAG_BARRIER), {kind: FLUSH}]
const FLAGGED: readonly Ask[] = [
  write(0),
  write(1, FLAG_FUA),
  write(1, FLAG_PREFLUSH | FLAG_FUA),
  write(1, FLAG_BARRIER | FLAG_PREFLUSH),
  {kind: FLUSH, flags: FLAG_BARRIER},
]

interface Findings {
  runs: number
  /** Images the disk can keep and the ledger does not allow, told. */
  readonly faults: string[]
  readonly traces: EngineTraces
}

/** Every program of so many requests. */
function explore(rules: Rules, asks: readonly Ask[], most: number, judge: Judge = byLedger): Findings {
  const findings: Findings = {runs: 0, faults: [], traces: new EngineTraces(rules)}
  findings.runs = everyRun(
    rules,
    (random, sent) => (sent < most ? random.pick(asks) : undefined),
    (moment) => {
      findings.faults.push(...excess(moment, rules, judge))
      findings.traces.add(moment)
    },
  )
  return findings
}

describe('the engine, whatever order its steps end in', {timeout: 240_000}, () => {
  for (const ordering of ORDERING_MODES) {
    for (const mode of CACHE_MODES) {
      it(`leaves what the ledger allows, no more and no less, under ${mode.name} with barriers as ${ordering.name}`, () => {
        const rules = {mode, ordering, sectors: SECTORS}
        for (const {runs, faults, traces} of [explore(rules, ORDERED, 3), explore(rules, FLAGGED, 2)]) {
          expect(faults.slice(0, 3)).toEqual([])
          expect(runs).toBeGreaterThan(25)
          const {told, excused} = traces.unequal()
          expect(told.slice(0, 3)).toEqual([])
          expect(excused).toBeLessThan(traces.size / 20)
        }
      })
    }
  }

  it('would be caught if the ledger took a FLUSH for nothing, although that is always on the safe side', () => {
    const timid: Judge = (events, rules, kind) =>
      byLedger(
        events.filter((event) => !('id' in event) || !isFlush(events, event.id)),
        rules,
        kind,
      )
    const {faults, traces} = explore(
      {mode: cacheModeOf('writeback'), ordering: orderingModeOf('none'), sectors: SECTORS},
      ORDERED,
      2,
      timid,
    )
    expect(faults).toEqual([])
    expect(traces.unequal(timid).told[0]).toBe(
      'writeback, none, osCrash: submit #1 1@0+512; start #1; complete #1; submit #2 4@0+0; start #2; ' +
        'sync-start; sync-end; complete #2: allowed 0 0, 1 0; found 1 0',
    )
  })

  it('would be caught if a barrier that only drains were believed to flush', () => {
    // As if each barrier had asked for the flushes of another policy.
    const believing: Judge = (events, rules, kind) =>
      byLedger(
        events.map((event) => (event.kind === 'submit' ? {...event, plan: undefined} : event)),
        {...rules, ordering: orderingModeOf('drain-flush')},
        kind,
      )
    const rules = {mode: cacheModeOf('writeback'), ordering: orderingModeOf('drain'), sectors: SECTORS}
    expect(explore(rules, ORDERED, 3, believing).faults.length).toBeGreaterThan(0)
  })
})

function isFlush(events: readonly TraceEvent[], id: number): boolean {
  return events.some((event) => event.kind === 'submit' && event.id === id && event.type === FLUSH.type)
}
