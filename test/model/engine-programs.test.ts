import {describe, expect, it} from 'vitest'
import {CACHE_MODES, cacheModeOf} from '../../src/cache-mode/index.js'
import {ORDERING_MODES, orderingModeOf} from '../../src/ordering/index.js'
import {FLAG_BARRIER, FLAG_FUA, FLAG_PREFLUSH, FLUSH, OUT} from '../../src/request/index.js'
import {byLedger, type Judge, type Rules} from './crash-model.js'
import {compare, everyRun, type Ask} from './engine-world.js'

// The real engine runs every program of a few requests, its steps ending in every order, on every disk there can be: whenever the
// power is cut, what is left is what the ledger allows.

const SECTORS = 2
const write = (from: number, flags = 0): Ask => ({kind: OUT, from, sectors: 1, flags})
const ORDERED: readonly Ask[] = [write(0), write(1, FLAG_BARRIER), {kind: FLUSH}]
const FLAGGED: readonly Ask[] = [
  write(0),
  write(1, FLAG_PREFLUSH | FLAG_FUA),
  write(1, FLAG_BARRIER | FLAG_PREFLUSH),
  {kind: FLUSH, flags: FLAG_BARRIER},
]

interface Findings {
  runs: number
  /** Images the disk can keep and the ledger does not allow, told. */
  readonly faults: string[]
  /** Images that the ledger allows after some trace, and those of them the disk can keep. */
  allowed: number
  kept: number
}

/** Every program of so many requests. */
function explore(rules: Rules, asks: readonly Ask[], most: number, judge: Judge = byLedger): Findings {
  const findings: Findings = {runs: 0, faults: [], allowed: 0, kept: 0}
  findings.runs = everyRun(
    rules,
    (random, sent) => (sent < most ? random.pick(asks) : undefined),
    (moment) => {
      const {faults, allowed, kept} = compare(moment, rules, judge)
      findings.faults.push(...faults)
      findings.allowed += allowed
      findings.kept += kept
    },
  )
  return findings
}

describe('the engine, whatever order its steps end in', {timeout: 240_000}, () => {
  for (const ordering of ORDERING_MODES) {
    for (const mode of CACHE_MODES) {
      it(`leaves only what the ledger allows under ${mode.name} with barriers as ${ordering.name}`, () => {
        const rules = {mode, ordering, sectors: SECTORS}
        for (const {runs, faults, kept, allowed} of [explore(rules, ORDERED, 3), explore(rules, FLAGGED, 2)]) {
          expect(faults.slice(0, 3)).toEqual([])
          expect(runs).toBeGreaterThan(25)
          // Most of what is allowed is kept by some disk, so that the check has something to catch.
          expect(kept).toBeGreaterThan(allowed / 2)
        }
      })
    }
  }

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
