import {describe, expect, it} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {type Hazard, HazardWatch, Ledger} from '../../src/durability/index.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {
  FLAG_BARRIER,
  FLAG_BARRIER_BIT,
  FLAG_FUA,
  lower,
  plainLink,
  STATUS_UNSUPP,
  WISH_KINDS,
  type Link,
  type Plan,
  type RequestName,
} from '../../src/request/index.js'
import type {TraceEvent} from '../../src/trace/index.js'
import {done, failed, flush, out, start, startUnknown, submit, syncEnd, syncStart} from './history.js'

/** What a plain device under writeback makes of a wish, but for what is told of the link. */
function planOf(name: RequestName, link: Partial<Link>): Plan {
  const kind = WISH_KINDS.find((candidate) => candidate.name === name)
  if (kind === undefined) throw new Error(`no wish ${name}`)
  const [mode, ordering] = [cacheModeOf('writeback'), orderingModeOf('drain')]
  return lower(kind, 0, mode, ordering, {...plainLink(mode, ordering), ...link})
}

function hazards(events: readonly TraceEvent[], mode = 'writeback', ordering = 'drain'): Hazard[] {
  const watch = new HazardWatch(cacheModeOf(mode), orderingModeOf(ordering))
  for (const event of events) watch.observe(event)
  return watch.hazards()
}

function found(
  events: readonly TraceEvent[],
  mode = 'writeback',
  ordering = 'drain',
): (string | readonly number[])[][] {
  return hazards(events, mode, ordering).map(({code, requests}) => [code, requests])
}

const hole = (id: number): TraceEvent[] => [
  submit(id, 'OUT'),
  start(id, false, [{offsetBytes: 0, lengthBytes: 4096}]),
  done(id),
]

describe('no hazard', () => {
  it.each([
    ['an empty run', []],
    ['a FLUSH before any write, for content an earlier process may have left unsynced', flush(1)],
    ['a write and a FLUSH', [...out(1), ...flush(2)]],
    ['reads', [submit(1, 'IN'), start(1), done(1)]],
    [
      'two FLUSH requests waiting for the same write',
      [...out(1), submit(2, 'FLUSH'), submit(3, 'FLUSH'), start(2), start(3), done(2), done(3)],
    ],
    [
      'a FUA write in flight beside a FLUSH',
      [...out(1), submit(2, 'OUT', 1, 1, FLAG_FUA), start(2), ...flush(3), done(2, {stable: true})],
    ],
  ])('in %s', (_what, events) => {
    expect(found(events)).toEqual([])
  })
})

describe('flushes', () => {
  it('a FLUSH submitted while writes are in flight does not cover them', () => {
    const [hazard] = hazards([...out(1), submit(2, 'OUT', 1), start(2), ...flush(3), done(2), ...flush(4)])
    expect(hazard).toEqual({
      code: 'FLUSH_DID_NOT_COVER',
      requests: [2, 3],
      message:
        'FLUSH #3 does not cover #2, which was in flight when it was submitted: wait for a write before flushing it.',
    })
  })

  it('a FLUSH held back until the writes have completed covers them', () => {
    expect(found([submit(1, 'OUT'), start(1), submit(2, 'FLUSH'), done(1), start(2, true), done(2)])).toEqual([])
  })

  it('a write that turned out to be refused was not missed', () => {
    const events = [...out(1), submit(2, 'OUT'), start(2), ...flush(3), done(2, {status: STATUS_UNSUPP})]
    expect(found(events)).toEqual([])
  })

  it('a second FLUSH with no write in between is redundant', () => {
    expect(found([...out(1), ...flush(2), ...flush(3)])).toEqual([['REDUNDANT_FLUSH', [3]]])
  })

  it('a FLUSH is redundant behind writes that were stable without it, and says so', () => {
    const fua = [submit(1, 'OUT', 0, 1, FLAG_FUA), start(1), done(1, {stable: true})]
    const says = 'had nothing to make stable: every write that had completed before'
    expect(hazards([...fua, ...flush(2)])[0]?.message).toBe(`FLUSH #2 ${says} it was stable already.`)
    expect(hazards([...fua, ...flush(2), ...flush(3)])[0]?.message).toBe(
      `FLUSH #2, #3 ${says} them was stable already.`,
    )
  })

  it('a FLUSH is redundant where every write is stable at completion', () => {
    const events = [submit(1, 'OUT'), start(1), done(1, {stable: true}), ...flush(2)]
    expect(hazards(events, 'writethrough')[0]?.message).toBe(
      'FLUSH #2 had nothing to make stable: every write is stable at completion under writethrough.',
    )
  })

  it('writes after the last FLUSH were never flushed, unless stable ones overwrote them', () => {
    const fua = [submit(5, 'OUT', 1, 1, FLAG_FUA), start(5), done(5, {stable: true})]
    expect(found([...out(1), ...flush(2), ...out(3), ...out(4, 1), ...fua])).toEqual([['NOT_FLUSHED', [3]]])
  })

  it('a failed FLUSH names the writes it leaves in doubt', () => {
    const [hazard] = hazards([...out(1), ...out(2, 1), submit(3, 'FLUSH'), start(3), failed(3), ...flush(4)])
    expect(hazard).toMatchObject({code: 'FLUSH_FAILED', requests: [1, 2, 3]})
    expect(hazard?.message).toContain('The sync of #3 failed: #1, #2 may be lost')
  })

  it('a failed host sync is a hazard even when no request answers for it', () => {
    const [hazard] = hazards([...out(1), syncStart(1), syncEnd(1, 5)])
    expect(hazard).toMatchObject({code: 'FLUSH_FAILED', requests: [1]})
    expect(hazard?.message).toMatch(/^A host sync failed: #1/)
  })

  it('a failed FLUSH with nothing to lose is told all the same', () => {
    expect(found([submit(1, 'FLUSH'), start(1), failed(1)])).toEqual([['FLUSH_FAILED', [1]]])
  })

  it('a FLUSH with an offset or a length is executed, and said to ignore them', () => {
    expect(found([...out(1), {...submit(2, 'FLUSH'), offsetBytes: 512}, start(2), done(2)])).toEqual([
      ['FLUSH_OPERANDS', [2]],
    ])
  })

  it('under unsafe FLUSH and FUA are ignored, and nothing is ever flushed', () => {
    const fua = [submit(1, 'OUT', 0, 1, FLAG_FUA), start(1), done(1, {ignored: true})]
    expect(found([...fua, submit(2, 'FLUSH'), start(2), done(2, {ignored: true})], 'unsafe')).toEqual([
      ['FLUSH_IGNORED', [2]],
      ['FUA_IGNORED', [1]],
      ['NOT_FLUSHED', [1]],
    ])
  })
})

describe('barriers', () => {
  const barrier = (id: number, sector: number): TraceEvent[] => [
    submit(id, 'OUT', sector, 1, FLAG_BARRIER),
    start(id, true),
    done(id),
  ]

  it('a barrier that only orders leaves earlier writes volatile', () => {
    const [hazard] = hazards([...out(1), ...barrier(2, 1), ...out(3, 2), ...barrier(4, 3), ...flush(5)])
    expect(hazard).toMatchObject({code: 'BARRIER_NOT_PERSISTED', requests: [1, 2, 3, 4]})
    expect(hazard?.message).toContain('BARRIER #2, #4 completed while #1-#3 were volatile: ordering drain')
  })

  it('a barrier after a FLUSH, or with nothing before it, is sound', () => {
    expect(found([...out(1), ...flush(2), ...barrier(3, 1), ...flush(4)])).toEqual([])
  })

  it('a barrier is sound where every write is stable at completion', () => {
    const stable = [submit(1, 'OUT'), start(1), done(1, {stable: true})]
    const after = [submit(2, 'OUT', 1, 1, FLAG_BARRIER), start(2, true), done(2, {stable: true})]
    expect(found([...stable, ...after], 'writethrough')).toEqual([])
  })

  it('a flushing barrier is sound', () => {
    const after = [submit(2, 'OUT', 1, 1, FLAG_BARRIER), start(2, true), done(2, {stable: true})]
    expect(found([...out(1), ...after], 'writeback', 'drain-flush')).toEqual([])
  })

  it('ordering none refuses it, and names it', () => {
    const refused = [submit(1, 'OUT', 0, 1, FLAG_BARRIER), done(1, {status: STATUS_UNSUPP})]
    expect(found([...refused, ...flush(2)], 'writeback', 'none')).toEqual([['BARRIER_REFUSED', [1]]])
  })

  it('of the request type only is ignored by a device that does not offer it', () => {
    const stripped = [submit(1, 'OUT', 0, 1, FLAG_BARRIER_BIT), start(1), done(1)]
    expect(found([...stripped, ...flush(2)], 'writeback', 'none')).toEqual([['BARRIER_STRIPPED', [1]]])
    expect(found([...stripped, ...flush(2)], 'writeback', 'drain')).toEqual([])
  })
})

describe('writes', () => {
  it('overlapping writes in flight together are named', () => {
    const events = [submit(1, 'OUT'), submit(2, 'OUT'), start(1), start(2), done(1), done(2), ...flush(3)]
    expect(found(events)).toEqual([['OVERLAP', [1, 2]]])
  })

  it('a failed write leaves its range indeterminate', () => {
    expect(found([submit(1, 'OUT'), start(1), failed(1)])).toEqual([['WRITE_FAILED', [1]]])
    expect(found([submit(1, 'OUT'), failed(1)])).toEqual([])
  })

  it('a write into a hole, or into the unknown, is a hazard of none alone', () => {
    const unknown = [submit(2, 'OUT'), startUnknown(2), done(2)]
    const events = [...hole(1), ...unknown, ...out(3), ...out(4, 0, 0), ...flush(5)]
    expect(found(events, 'none')).toEqual([['HOLE_UNDER_NONE', [1, 2]]])
    expect(found(events, 'writeback')).toEqual([])
  })

  it('one hazard tells of many requests, all of them listed', () => {
    const events = Array.from({length: 100}, (_, i) => out(i + 1, i)).flat()
    const [hazard] = hazards(events)
    expect(hazard?.requests).toHaveLength(100)
    expect(hazard?.message).toMatch(/^#1-#100 completed and are not stable/)
  })
})

it('a watch beside a ledger that sees each event first finds the same', () => {
  const events = [...out(1), submit(2, 'OUT', 1), start(2), ...flush(3), ...flush(4), done(2), ...out(5, 2, 1)]
  const mode = cacheModeOf('writeback')
  const ordering = orderingModeOf('drain')
  const ledger = new Ledger(mode, ordering)
  const watch = new HazardWatch(mode, ordering, ledger)
  for (const event of events) {
    ledger.observe(event)
    watch.observe(event)
  }
  expect(watch.hazards()).toEqual(hazards(events))
  expect(watch.hazards()).toHaveLength(2)
})

describe('a wish for a flush', () => {
  const fsync = (id: number, held = false): TraceEvent[] => [submit(id, 'FSYNC'), start(id, held), done(id)]

  it('under unsafe is told to be ignored, whatever it was', () => {
    const ignored = done(2, {ignored: true})
    expect(found([...out(1), submit(2, 'FSYNC'), start(2), ignored], 'unsafe')).toContainEqual(['FLUSH_IGNORED', [2]])
    const barrier = [submit(2, 'OUT', 1, 1, FLAG_BARRIER), start(2), ignored]
    expect(found([...out(1), ...barrier], 'unsafe', 'drain-flush')).toContainEqual(['FLUSH_IGNORED', [2]])
  })

  it('that sends nothing names what it leaves volatile, once, also across a barrier', () => {
    // A driver that sees no write cache sends no flush; the write before was made when there was one.
    const unsent = {...submit(3, 'FSYNC'), plan: planOf('FSYNC', {writeCache: false, seesCache: false})}
    const events = [...out(1), submit(2, 'OUT', 1, 1, FLAG_BARRIER), start(2, true), done(2), unsent, start(3), done(3)]
    expect(found(events, 'writeback', 'drain')).toContainEqual(['FLUSH_NOT_SENT', [1, 2, 3]])
  })

  it('that is carried out is no hazard', () => {
    expect(found([...out(1), ...fsync(2)])).toEqual([])
  })
})
