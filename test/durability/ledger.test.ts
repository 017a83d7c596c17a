import {describe, expect, it} from 'vitest'
import {CACHE_MODES, cacheModeOf} from '../../src/cache-mode/index.js'
import {CRASH_KINDS, Ledger, type CrashKind} from '../../src/durability/index.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {FLAG_BARRIER, FLAG_FUA, STATUS_CANCELED, STATUS_UNSUPP, type RequestName} from '../../src/request/index.js'
import type {TraceEvent} from '../../src/trace/index.js'
import {
  done,
  failed,
  flush,
  ledgerOf,
  out,
  sectorsAfter,
  start,
  startUnknown,
  submit,
  syncEnd,
  syncStart,
} from './history.js'
import {imagesAfter} from './images.js'

const HOLE = [{offsetBytes: 0, lengthBytes: 4096}]

function power(events: readonly TraceEvent[], sectors = 1, mode = 'writeback'): string[] {
  return images(events, mode, 'powerLoss', sectors)
}

function images(
  events: readonly TraceEvent[],
  mode: string,
  kind: CrashKind,
  sectors: number,
  ordering = 'drain',
): string[] {
  const rules = {mode: cacheModeOf(mode), ordering: orderingModeOf(ordering), sectors}
  return [...imagesAfter(events, rules, kind)].toSorted()
}

describe('stability and cache mode', () => {
  it('B2: a completed write under writeback is volatile', () => {
    expect(ledgerOf('writeback', out(1)).stability(1)).toEqual({
      by: 'none',
      request: null,
      why: 'no FLUSH was submitted after #1 completed',
    })
  })

  it('B7: a FLUSH under unsafe is counted as ignored and makes nothing stable', () => {
    const ledger = ledgerOf('unsafe', [...out(1), submit(2, 'FLUSH'), start(2), done(2, {ignored: true})])
    expect(ledger.flushesIgnored).toBe(1)
    expect(ledger.stability(1)).toMatchObject({by: 'none', why: expect.stringContaining('ignored under unsafe')})
  })

  it('B8: under none a write into a hole survives a host OS crash only after a FLUSH', () => {
    const ledger = ledgerOf('none', [submit(1, 'OUT'), start(1, false, HOLE), done(1)])
    expect(ledger.atRisk('osCrash')).toEqual({bytes: 512, ranges: [{offsetBytes: 0, lengthBytes: 512, requests: [1]}]})
    for (const event of flush(2)) ledger.observe(event)
    expect(ledger.stability(1)).toMatchObject({by: 'flush', request: 2})
    for (const kind of CRASH_KINDS) expect(ledger.atRisk(kind)).toEqual({bytes: 0, ranges: []})
  })

  it('B13: under writethrough and directsync a write is stable at completion', () => {
    for (const mode of ['writethrough', 'directsync']) {
      const ledger = ledgerOf(mode, [submit(1, 'OUT'), start(1), done(1, {stable: true})])
      expect(ledger.stability(1)).toMatchObject({by: 'completion', request: null})
    }
  })

  it('B14: one FLUSH after two writes makes both stable', () => {
    const ledger = ledgerOf('writeback', [...out(1), ...out(2, 1), ...flush(3)])
    expect([1, 2].map((id) => ledger.stability(id).request)).toEqual([3, 3])
  })
})

describe('crash images', () => {
  it('C1: a write in flight may be there or not', () => {
    expect(power([submit(1, 'OUT')])).toEqual(['0', '1'])
    expect(power([submit(1, 'OUT'), start(1)])).toEqual(['0', '1'])
  })

  it('C2: a completed write may be there or not', () => {
    expect(power(out(1))).toEqual(['0', '1'])
  })

  it('C3: a flushed write is there', () => {
    expect(power([...out(1), ...flush(2)])).toEqual(['1'])
  })

  it('C5: two completed writes of one sector leave old, first or second', () => {
    expect(power([...out(1), ...out(2)])).toEqual(['0', '1', '2'])
  })

  it('C6: a flushed value stays possible until the next one is stable', () => {
    expect(power([...out(1), ...flush(2), ...out(3)])).toEqual(['1', '3'])
  })

  it('C7: eight sectors in flight make 256 images', () => {
    expect(power([submit(1, 'OUT', 0, 8), start(1)], 8)).toHaveLength(256)
  })

  it('C9: a barrier that only orders leaves all four images on an ordinary cache', () => {
    expect(power([...out(1), submit(2, 'OUT', 1, 1, FLAG_BARRIER), start(2, true), done(2)], 2)).toHaveLength(4)
  })

  it('C10: of two overlapping writes in flight together either may win, even after a FLUSH', () => {
    const both = [submit(1, 'OUT'), submit(2, 'OUT'), start(1), start(2), done(1), done(2), ...flush(3)]
    expect(power(both)).toEqual(['1', '2'])
    expect(ledgerOf('writeback', both).atRisk('powerLoss').bytes).toBe(0)
  })

  it('C11: a flushing barrier in flight is on the medium only where what it covers is too', () => {
    const events = [...out(1), submit(2, 'OUT', 1, 1, FLAG_BARRIER), start(2, true)]
    expect(images(events, 'writeback', 'powerLoss', 2, 'drain-fua')).toEqual(['0 0', '1 0', '1 2'])
    const ended = [...events, done(2, {stable: true})]
    expect(images(ended, 'writeback', 'powerLoss', 2, 'drain-fua')).toEqual(['1 2'])
    const ledger = ledgerOf('writeback', ended, 'drain-fua')
    expect(ledger.stability(1)).toMatchObject({by: 'flush', request: 2})
    expect(ledger.stability(2)).toMatchObject({by: 'fua', request: null})
  })

  it('C14: a FLUSH that completes covers the write before it, not the one beside it', () => {
    const beside = [...out(1), submit(2, 'FLUSH'), start(2), ...out(3, 1)]
    expect(power(beside, 2)).toHaveLength(4)
    expect(power([...beside, done(2)], 2)).toEqual(['1 0', '1 3'])
  })

  it('C15: under writethrough only the write in flight is open', () => {
    const events = [submit(1, 'OUT'), start(1), done(1, {stable: true}), submit(2, 'OUT', 1)]
    expect(power(events, 2, 'writethrough')).toEqual(['1 0', '1 2'])
  })

  it('C16: under unsafe a FLUSH changes nothing', () => {
    expect(power([...out(1), ...flush(2)], 1, 'unsafe')).toEqual(['0', '1'])
  })

  it('C17: under unsafe FUA changes nothing, whatever the completion claims', () => {
    const fua = [submit(1, 'OUT', 0, 1, FLAG_FUA), start(1), done(1, {stable: true})]
    expect(power(fua, 1, 'unsafe')).toEqual(['0', '1'])
  })

  it('C18: under none an overwrite of allocated blocks survives a host OS crash', () => {
    expect(images(out(1), 'none', 'osCrash', 1)).toEqual(['1'])
  })

  it('C19: under none a write into a hole does not survive a host OS crash for certain', () => {
    const events = [submit(1, 'OUT'), start(1, false, HOLE), done(1)]
    expect(images(events, 'none', 'osCrash', 1)).toEqual(['0', '1'])
  })

  it('C20: under none a power loss may take any unflushed write', () => {
    expect(power(out(1), 1, 'none')).toEqual(['0', '1'])
  })

  it('C21: under unsafe a process kill keeps what completed, an OS crash may take it flushed or not', () => {
    expect(images(out(1), 'unsafe', 'processKill', 1)).toEqual(['1'])
    expect(images([...out(1), ...flush(2)], 'unsafe', 'osCrash', 1)).toEqual(['0', '1'])
  })

  it('C23: after a failed FLUSH only writing again and flushing settles a sector', () => {
    const poisoned = [...out(1), submit(2, 'FLUSH'), start(2), failed(2), ...flush(3)]
    expect(power(poisoned)).toEqual(['0', '1'])
    expect(power([...poisoned, ...out(4), ...flush(5)])).toEqual(['4'])
  })

  it('C25: FUA makes its own sector stable and so settles what was there before', () => {
    const fua = [submit(2, 'OUT', 0, 1, FLAG_FUA), start(2), done(2, {stable: true})]
    expect(power([...out(1), ...fua])).toEqual(['2'])
    expect(power([...out(1, 1), ...fua], 2)).toEqual(['2 0', '2 1'])
  })

  it('C28: a write that completes while a FLUSH is in flight is not covered', () => {
    const log = [submit(1, 'OUT', 0), submit(2, 'OUT', 1), submit(3, 'OUT', 2), start(1), start(2), start(3)]
    const ledger = ledgerOf('writeback', [...log, done(3), done(2), submit(4, 'FLUSH'), start(4), done(1), done(4)])
    expect([1, 2, 3].map((id) => ledger.stability(id).by)).toEqual(['none', 'flush', 'flush'])
    expect(ledger.stability(1).why).toBe('FLUSH #4 was submitted while #1 was in flight, and no FLUSH followed')
  })
})

describe('order', () => {
  it('a write held back until another has completed is ordered after it', () => {
    const events = [submit(1, 'OUT'), submit(2, 'OUT'), start(1), done(1), start(2, true), done(2), ...flush(3)]
    expect(power(events)).toEqual(['2'])
  })

  it('a write that merely started later is not', () => {
    const events = [submit(1, 'OUT'), submit(2, 'OUT'), start(1), done(1), start(2), done(2), ...flush(3)]
    expect(power(events)).toEqual(['1', '2'])
  })

  it('a FLUSH that was held back covers what completed before its start', () => {
    const events = [submit(1, 'OUT'), start(1), submit(2, 'FLUSH'), done(1), start(2, true), done(2)]
    expect(power(events)).toEqual(['1'])
  })
})

describe('requests without effect', () => {
  it.each([
    ['a cancelled write', [submit(1, 'OUT'), done(1, {status: STATUS_CANCELED})]],
    ['a write refused before it started', [submit(1, 'OUT'), failed(1)]],
    ['an unsupported discard', [submit(1, 'DISCARD'), start(1), done(1, {status: STATUS_UNSUPP})]],
    ['a read', [submit(1, 'IN'), start(1), done(1)]],
    ['a write of no bytes', out(1, 0, 0)],
  ])('%s leaves every sector as it was', (_what, events) => {
    const ledger = ledgerOf('writeback', events)
    for (const kind of CRASH_KINDS) expect(sectorsAfter(ledger, kind, 1)).toEqual([[0]])
    expect(ledger.atRisk('powerLoss').bytes).toBe(0)
  })

  it('a FLUSH that was refused before it started neither covers nor poisons', () => {
    const ledger = ledgerOf('writeback', [...out(1), submit(2, 'FLUSH'), failed(2)])
    expect(ledger.isVolatile(1)).toBe(true)
    expect(ledger.poisonings()).toEqual([])
  })
})

describe('errors', () => {
  it('a failed write is indeterminate until a later write of its range is stable', () => {
    const events = [submit(1, 'OUT', 0, 2), start(1), failed(1), ...flush(2)]
    expect(power(events, 2)).toEqual(['0 0', '0 1', '1 0', '1 1'])
    expect(power([...events, ...out(3), ...flush(4)], 2)).toEqual(['3 0', '3 1'])
    expect(ledgerOf('writeback', events).atRisk('processKill').bytes).toBe(1024)
  })

  it('a sync that fails poisons what was in flight beside it, and the request that asked gives it a name', () => {
    const events = [
      ...out(1),
      submit(2, 'OUT', 1),
      start(2),
      submit(3, 'FLUSH'),
      start(3),
      syncStart(1),
      syncEnd(1, 5),
      ...out(4, 2),
      failed(3),
      done(2),
      ...flush(5),
    ]
    const ledger = ledgerOf('writeback', events)
    expect(ledger.poisonings()).toEqual([{request: 3, sync: 1, writes: [1, 2]}])
    expect([1, 2, 4].map((id) => ledger.stability(id).by)).toEqual(['none', 'none', 'flush'])
    expect(ledger.isInDoubt).toBe(true)
  })

  it('a FLUSH refused because an earlier sync had failed poisons nothing more', () => {
    const events = [...out(1), submit(2, 'FLUSH'), start(2), syncStart(1), syncEnd(1, 5), failed(2)]
    const ledger = ledgerOf('writeback', [...events, ...out(3, 1), submit(4, 'FLUSH'), start(4), failed(4)])
    expect(ledger.poisonings()).toEqual([{request: 2, sync: 1, writes: [1]}])
    expect(ledger.stability(3).why).toBe('#4, whose sync would have covered #3, failed')
    expect(ledger.candidates('processKill', 1)).toEqual([3])
  })

  it('a FUA write that fails may have spent the report of earlier losses, so they are in doubt too', () => {
    const fua = [submit(2, 'OUT', 1, 1, FLAG_FUA), start(2), failed(2)]
    expect(ledgerOf('writeback', [...out(1), ...fua, ...flush(3)]).stability(1).by).toBe('none')
  })

  it('a flushing barrier whose syncs went well and whose data failed leaves the others to the next FLUSH', () => {
    const barrier = [submit(2, 'OUT', 1, 1, FLAG_BARRIER), start(2, true), syncStart(1), syncEnd(1), failed(2)]
    const ledger = ledgerOf('writeback', [...out(1), ...barrier], 'drain-flush')
    expect(ledger.stability(1).by).toBe('none')
    for (const event of flush(3)) ledger.observe(event)
    expect(ledger.stability(1)).toMatchObject({by: 'flush', request: 3})
  })

  it('write ids must ascend', () => {
    expect(() => ledgerOf('writeback', [...out(2), ...out(1)])).toThrow('#1 was submitted after a higher id')
  })
})

describe('allocation under none', () => {
  it('a write over a range that is still fresh shares its fate, sector by sector', () => {
    const hole = [submit(1, 'OUT'), start(1, false, HOLE), done(1)]
    const ledger = ledgerOf('none', [...hole, ...out(2, 7, 2)])
    expect(ledger.candidates('osCrash', 7)).toEqual([0, 2])
    expect(ledger.candidates('osCrash', 8)).toEqual([2])
    expect(ledger.atRisk('osCrash').ranges).toEqual([
      {offsetBytes: 0, lengthBytes: 512, requests: [1]},
      {offsetBytes: 7 * 512, lengthBytes: 512, requests: [2]},
    ])
  })

  it('unknown allocation counts as fresh', () => {
    const ledger = ledgerOf('none', [submit(1, 'OUT'), startUnknown(1), done(1)])
    expect(ledger.candidates('osCrash', 0)).toEqual([0, 1])
  })

  it('what a DISCARD or WRITE_ZEROES did is metadata, lost with the host kernel', () => {
    for (const name of ['DISCARD', 'WRITE_ZEROES'] as const) {
      const ledger = ledgerOf('none', [submit(1, name), start(1), done(1)])
      expect(ledger.candidates('osCrash', 0)).toEqual([0, 1])
    }
  })

  it('a write behind a tag finds no blocks that were there when it was sent and that something ahead gives back', () => {
    const ahead = (name: RequestName, flags: number): TraceEvent[] => [submit(1, name, 0, 1, flags), start(1)]
    const tag = [submit(2, 'OUT', 3, 1, FLAG_BARRIER), start(2)]
    const behind = [submit(3, 'OUT'), start(3)]
    const ends = [done(2, {stable: true}), done(3)]
    const runs = [
      [...ahead('WRITE_ZEROES', FLAG_BARRIER), ...behind, done(1, {stable: true}), done(3)],
      [...ahead('DISCARD', FLAG_FUA), ...tag, ...behind, done(1, {stable: true}), ...ends],
      [...ahead('DISCARD', FLAG_FUA), submit(3, 'OUT', 0, 1, FLAG_BARRIER), start(3), done(1, {stable: true}), done(3)],
    ]
    for (const events of runs) expect(ledgerOf('none', events, 'tag').candidates('osCrash', 0)).toEqual([1, 3])
    const beside = [...ahead('DISCARD', 0), done(1), ...flush(2), ...behind, done(3)]
    expect(ledgerOf('none', beside, 'tag').candidates('osCrash', 0)).toEqual([3])
  })

  it('a range that became fresh after a write had completed does not undo it', () => {
    const ledger = ledgerOf('none', [...out(1), submit(2, 'DISCARD'), start(2)])
    expect(ledger.candidates('osCrash', 0)).toEqual([1, 2])
  })
})

describe('risk', () => {
  it('joins neighbouring ranges lost by the same writes and counts each byte once', () => {
    const ledger = ledgerOf('writeback', [...out(1, 0, 4), ...out(2, 2, 4), ...out(3, 8, 1)])
    expect(ledger.atRisk('powerLoss')).toEqual({
      bytes: 7 * 512,
      ranges: [
        {offsetBytes: 0, lengthBytes: 1024, requests: [1]},
        {offsetBytes: 1024, lengthBytes: 1024, requests: [1, 2]},
        {offsetBytes: 2048, lengthBytes: 1024, requests: [2]},
        {offsetBytes: 4096, lengthBytes: 512, requests: [3]},
      ],
    })
  })

  it('lists as unflushed what a FLUSH would still help', () => {
    const fua = [submit(3, 'OUT', 0, 1, FLAG_FUA), start(3), done(3, {stable: true})]
    const ledger = ledgerOf('writeback', [...out(1), ...out(2, 1), ...fua, submit(4, 'OUT', 5), start(4)])
    expect(ledger.unflushed()).toEqual([2])
    expect(ledger.volatileCount).toBe(2)
  })

  it('stays exact over many writes in flight, flushed and not', () => {
    const mode = cacheModeOf('writeback')
    const ledger = new Ledger(mode)
    for (let i = 0; i < 5000; i++) for (const event of out(i + 1, (i * 37) % 512, 8)) ledger.observe(event)
    for (const event of flush(5001)) ledger.observe(event)
    expect(ledger.atRisk('powerLoss').bytes).toBe(0)
    for (let i = 0; i < 5000; i++) for (const event of out(5002 + i, i * 8, 8)) ledger.observe(event)
    expect(ledger.atRisk('powerLoss').bytes).toBe(5000 * 4096)
    expect(ledger.unflushed()).toHaveLength(5000)
  })

  it('in every mode a run without writes risks nothing', () => {
    for (const mode of CACHE_MODES) {
      for (const kind of CRASH_KINDS) expect(ledgerOf(mode.name, flush(1)).atRisk(kind).ranges).toEqual([])
    }
  })
})

describe('the order of two writes', () => {
  it('is known when one had completed before the other was submitted, or was held back until then', () => {
    const ledger = ledgerOf('writeback', [
      ...out(1),
      submit(2, 'OUT'),
      start(2),
      submit(3, 'OUT'),
      done(2),
      start(3, true),
    ])
    expect(ledger.isBefore(1, 2)).toBe(true)
    expect(ledger.isBefore(2, 1)).toBe(false)
    expect(ledger.isBefore(2, 3)).toBe(true)
    expect(ledger.isBefore(1, 1)).toBe(false)
  })

  it('is not known for writes in flight together', () => {
    const ledger = ledgerOf('writeback', [submit(1, 'OUT'), submit(2, 'OUT'), start(1), start(2), done(1), done(2)])
    expect([ledger.isBefore(1, 2), ledger.isBefore(2, 1)]).toEqual([false, false])
  })

  it('puts the content at open before every write', () => {
    const ledger = ledgerOf('writeback', out(1))
    expect([ledger.isBefore(0, 1), ledger.isBefore(1, 0), ledger.isBefore(0, 0)]).toEqual([true, false, false])
  })
})
