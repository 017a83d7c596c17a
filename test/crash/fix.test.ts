import {describe, expect, it} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {
  countStates,
  CrashModel,
  explore,
  findFix,
  withInsertions,
  type Check,
  type CrashOptions,
  type Fix,
} from '../../src/crash/index.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {lower, OUT, SCSI_CMD} from '../../src/request/index.js'
import type {Trace} from '../../src/trace/index.js'
import {brown, tdb, twoFiles} from './protocols.js'
import {TraceWriter} from './traces.js'

function fixOf(trace: Trace, check: Check, options: CrashOptions = {}): Fix | undefined {
  const [violation] = explore(new CrashModel(trace, options), check).violations
  if (violation === undefined) throw new Error('nothing to fix')
  return findFix(trace, options, check, violation)
}

/** Every sector that shows its write needs all sectors before it to show theirs. */
function inOrder(sectors: number): Check {
  return ({read, fail}) => {
    const isThere = Array.from({length: sectors}, (_, sector) => read(sector * 512, 1)[0] !== 0)
    if (isThere.some((there, sector) => there && isThere.slice(0, sector).includes(false))) fail(isThere.join())
  }
}

describe('the fix that is named', () => {
  it("is the sync behind the data of commit 1 for Brown's log: FUA on the write that can be lost", () => {
    const {write, check} = brown({slots: 2, replays: 'newest', commits: ['AB', 'A']})
    expect(fixOf(write('flush').trace(), check)).toEqual({insertions: [{insert: 'FUA', after: 4}], isWhole: true})
  })

  // With one commit: 1 old contents, 2 header, 3 data, 4 header cleared, and the three syncs that are left in between.
  it.each([
    [1, {insert: 'FUA', after: 1}],
    [2, {insert: 'FUA', after: 3}],
    [3, {insert: 'FUA', after: 5}],
    [4, {insert: 'FUA', after: 7}],
  ] as const)('is where TDB has its sync, when sync %i is missing', (without, insertion) => {
    const {write, check} = tdb(without, false, 2)
    const fix = fixOf(write('flush').trace(), check)
    // The second commit lacks its sync too, so that the trace as a whole is not mended by one insertion.
    expect(fix?.insertions).toHaveLength(1)
    expect((fix?.insertions[0]?.after ?? 0) % 7).toBe(insertion.after % 7)
  })

  it('is a FLUSH where several writes have to be stable and one FUA is not enough', () => {
    const writer = new TraceWriter()
    writer.out(0)
    writer.out(1)
    writer.out(2)
    const check: Check = ({read, fail}) => {
      if (read(1024, 1)[0] !== 0 && (read(0, 1)[0] === 0 || read(512, 1)[0] === 0)) fail('early')
    }
    expect(fixOf(writer.trace(), check)).toEqual({insertions: [{insert: 'FLUSH', after: 2}], isWhole: true})
  })

  it('is the one that mends everything rather than a cheaper one that leaves other violations', () => {
    const writer = new TraceWriter()
    for (let sector = 0; sector < 4; sector++) writer.out(sector)
    const check: Check = ({read, fail}) => {
      const isThere = (sector: number): boolean => read(sector * 512, 1)[0] !== 0
      if ((isThere(2) && !isThere(0)) || (isThere(3) && !isThere(1))) fail('early')
    }
    // FUA on #1 prevents the first violation alone.
    expect(fixOf(writer.trace(), check)).toEqual({insertions: [{insert: 'FLUSH', after: 2}], isWhole: true})
  })

  it('is a pair where no single one will do', () => {
    const writer = new TraceWriter()
    for (let sector = 0; sector < 3; sector++) writer.out(sector)
    expect(fixOf(writer.trace(), inOrder(3))).toEqual({
      insertions: [
        {insert: 'FUA', after: 1},
        {insert: 'FUA', after: 2},
      ],
      isWhole: true,
    })
  })

  it('says when it mends only what came up to the violation', () => {
    const {write, check} = tdb(4, true, 3)
    expect(fixOf(write('flush').trace(), check)?.isWhole).toBe(false)
  })

  it('does not exist under a mode that ignores flushes, or for a check that nothing satisfies', () => {
    const {write, check} = twoFiles('notify')
    expect(fixOf(write('flush').trace(), check, {mode: 'unsafe'})).toBeUndefined()
    const writer = new TraceWriter()
    writer.out(0)
    expect(fixOf(writer.trace(), ({fail}) => fail('always'))).toBeUndefined()
  })

  it('is not claimed when the budget ends before it is found', () => {
    const {write, check} = twoFiles('barrier')
    const trace = write('flush').trace()
    const [violation] = explore(new CrashModel(trace), check).violations
    expect(violation && findFix(trace, {}, check, violation, {budget: 1})).toBeUndefined()
    expect(violation && findFix(trace, {}, check, violation)?.insertions).toEqual([{insert: 'FUA', after: 1}])
  })
})

/** A trace of SCSI writes: plans as the engine records them, without FUA. */
function scsiWrites(sectors: number): Trace {
  const writer = new TraceWriter()
  for (let sector = 0; sector < sectors; sector++) writer.out(sector)
  const trace = writer.trace()
  const plan = lower(OUT, 0, cacheModeOf('writeback'), orderingModeOf('drain'))
  const kind = {...SCSI_CMD, operands: OUT.operands, writes: true, step: OUT.step}
  return {
    ...trace,
    events: trace.events.map((traced) =>
      traced.event.kind === 'submit'
        ? {...traced, event: {...traced.event, type: SCSI_CMD.type, plan: {...plan, kind}}}
        : traced,
    ),
  }
}

describe('a fix among SCSI commands', () => {
  it.each([undefined, 'none'] as const)('is FUA on the write that has to be there, which still writes (%s)', (mode) => {
    const trace = scsiWrites(2)
    expect(fixOf(trace, inOrder(2), {mode})).toEqual({insertions: [{insert: 'FUA', after: 1}], isWhole: true})
    const changed = new CrashModel(withInsertions(trace, [{insert: 'FUA', after: 1}]), {mode})
    expect(countStates(changed.at(changed.lastPoint)).atLeast).toBe(2n)
  })
})

describe('a trace with insertions', () => {
  it('has the FLUSH behind the completion, with an id between its neighbours, and FUA on the write', () => {
    const writer = new TraceWriter()
    writer.out(0)
    writer.out(1)
    const changed = withInsertions(writer.trace(), [
      {insert: 'FLUSH', after: 1},
      {insert: 'FUA', after: 2},
    ])
    const told = changed.events.map(({event}) => ('id' in event ? `${event.kind} ${Math.ceil(event.id)}` : event.kind))
    expect(told).toEqual([
      ...['submit 1', 'start 1', 'complete 1', 'submit 2', 'start 2', 'complete 2'],
      ...['submit 2', 'start 2', 'complete 2'],
    ])
    const ids = changed.events.flatMap(({event}) => (event.kind === 'submit' ? [event.id] : []))
    expect(ids[1]).toBeGreaterThan(1)
    expect(ids[1]).toBeLessThan(2)
    const last = changed.events[6]
    expect(last?.event).toMatchObject({kind: 'submit', id: 2, flags: 1})
    expect(last?.data).toEqual(writer.events[3]?.data)
  })
})
