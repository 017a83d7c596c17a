import {describe, expect, it} from 'vitest'
import {CACHE_MODES, cacheModeOf} from '../../src/cache-mode/index.js'
import {
  CRASH_KINDS,
  DISK,
  EPOCH_DISK,
  Ledger,
  type CrashKind,
  type Medium,
  type Tie,
} from '../../src/durability/index.js'
import {ORDERING_MODES, orderingModeOf} from '../../src/ordering/index.js'
import {FLAG_BARRIER, FLAG_FUA, FLAG_PREFLUSH} from '../../src/request/index.js'
import type {TraceEvent} from '../../src/trace/index.js'
import {done, failed, out, start, submit, syncEnd} from './history.js'
import {imagesAfter} from './images.js'

interface Run {
  readonly mode?: string
  readonly ordering?: string
  readonly medium?: Medium
}

function tiesOf(events: readonly TraceEvent[], kind: CrashKind, {mode, ordering, medium}: Run): Tie[] {
  const ledger = new Ledger(cacheModeOf(mode ?? 'writeback'), orderingModeOf(ordering ?? 'drain'), medium)
  for (const event of events) ledger.observe(event)
  return ledger.ties(kind)
}

function images(events: readonly TraceEvent[], {mode, ordering, medium = DISK}: Run = {}, sectors = 2): string[] {
  const rules = {mode: cacheModeOf(mode ?? 'writeback'), ordering: orderingModeOf(ordering ?? 'drain'), medium, sectors}
  return [...imagesAfter(events, rules, 'powerLoss')].toSorted()
}

/** An OUT that is with the device. */
function flying(id: number, sector: number, flags = 0): TraceEvent[] {
  return [submit(id, 'OUT', sector, 1, flags), start(id)]
}

const stable = {stable: true}
const volatileModes = CACHE_MODES.filter(({dsync, noFlush}) => !dsync && !noFlush).map(({name}) => name)

describe('a sync before the data', () => {
  it('C11: of a write with PREFLUSH and FUA shows only where what the flush covers shows, and both do when it has completed', () => {
    const events = [...out(1, 0), ...flying(2, 1, FLAG_PREFLUSH | FLAG_FUA)]
    expect(images(events)).toEqual(['0 0', '1 0', '1 2'])
    expect(images([...events, done(2, stable)])).toEqual(['1 2'])
  })

  it.each(volatileModes)(
    'ties a write with PREFLUSH in flight to what had completed, under %s, unless only the process dies',
    (mode) => {
      const events = [...out(1, 0), ...flying(2, 0), ...flying(3, 1, FLAG_PREFLUSH)]
      expect(tiesOf(events, 'powerLoss', {mode})).toEqual([{request: 3, needs: [1]}])
      expect(tiesOf(events, 'osCrash', {mode})).toEqual([{request: 3, needs: [1]}])
      expect(tiesOf(events, 'processKill', {mode})).toEqual([])
    },
  )

  it('ties nothing where syncs are ignored, and nothing is left to tie where every write is stable', () => {
    const events = [...out(1, 0), ...flying(2, 1, FLAG_PREFLUSH)]
    for (const kind of CRASH_KINDS) expect(tiesOf(events, kind, {mode: 'unsafe'})).toEqual([])
    const synced = [submit(1, 'OUT'), start(1), done(1, stable), ...flying(2, 1, FLAG_PREFLUSH)]
    for (const mode of ['writethrough', 'directsync']) {
      for (const kind of CRASH_KINDS) expect(tiesOf(synced, kind, {mode})).toEqual([])
    }
  })

  it('ties a write held back until its start to what had completed by then', () => {
    const events = [...flying(1, 0), submit(2, 'OUT', 1, 1, FLAG_PREFLUSH), done(1), start(2, true)]
    expect(tiesOf(events, 'powerLoss', {})).toEqual([{request: 2, needs: [1]}])
    const atOnce = [...flying(1, 0), submit(2, 'OUT', 1, 1, FLAG_PREFLUSH), done(1), start(2)]
    expect(tiesOf(atOnce, 'powerLoss', {})).toEqual([])
  })

  it('also where an earlier request asked for it: a start that says so', () => {
    const events: TraceEvent[] = [...out(1, 0), submit(2, 'OUT', 1), {...start(2, true), preSync: true}]
    expect(images(events)).toEqual(['0 0', '1 0', '1 2'])
    expect(tiesOf(events, 'powerLoss', {mode: 'unsafe'})).toEqual([])
  })

  it('ties nothing to what a failed sync left in doubt', () => {
    const events = [
      ...out(1, 0),
      submit(2, 'FLUSH'),
      start(2),
      syncEnd(1, 5),
      failed(2),
      ...flying(3, 1, FLAG_PREFLUSH),
    ]
    expect(tiesOf(events, 'powerLoss', {})).toEqual([])
    expect(images(events)).toEqual(['0 0', '0 3', '1 0', '1 3'])
  })

  it.each(ORDERING_MODES.filter(({drains}) => drains))(
    '$name: a barrier write is tied if a flush comes first',
    (ordering) => {
      const events = [...out(1, 0), submit(2, 'OUT', 1, 1, FLAG_BARRIER), start(2, true)]
      const expected = ordering.preFlush ? [{request: 2, needs: [1]}] : []
      expect(tiesOf(events, 'powerLoss', {ordering: ordering.name})).toEqual(expected)
      expect(tiesOf(events, 'processKill', {ordering: ordering.name})).toEqual([])
    },
  )
})

describe('ordered tags in flight', () => {
  const three = [...flying(1, 0), ...flying(2, 1, FLAG_BARRIER), ...flying(3, 2)]
  const chain = [
    {request: 2, needs: [1]},
    {request: 3, needs: [1, 2]},
  ]

  it('on a device without a volatile cache keep before, barrier and behind in order, whatever crashes', () => {
    for (const ordering of ['tag', 'tag-flush', 'tag-fua']) {
      for (const kind of CRASH_KINDS) expect(tiesOf(three, kind, {mode: 'directsync', ordering})).toEqual(chain)
    }
    expect(images(three, {mode: 'directsync', ordering: 'tag'}, 3)).toEqual(['0 0 0', '1 0 0', '1 2 0', '1 2 3'])
  })

  it.each(['writeback', 'none', 'unsafe'])(
    'alone, without a flush, tie nothing that lies in a volatile cache of %s',
    (mode) => {
      expect(tiesOf(three, 'powerLoss', {mode, ordering: 'tag'})).toEqual([])
      expect(images(three, {mode, ordering: 'tag'}, 3)).toHaveLength(8)
      // Under none the drive is spared by an OS crash: see below.
      const kinds = CRASH_KINDS.filter((kind) => kind === 'osCrash' && mode !== 'none')
      for (const kind of kinds) expect(tiesOf(three, kind, {mode, ordering: 'tag'})).toEqual([])
    },
  )

  it('under none keep the order in the drive, which an OS crash spares, as far as no block is fresh', () => {
    const run = {mode: 'none', ordering: 'tag'}
    expect(tiesOf(three, 'osCrash', run)).toEqual(chain)
    const into = (fresh: number): TraceEvent[] =>
      three.map((event) =>
        event.kind === 'start' && event.id === fresh
          ? {...event, fresh: [{offsetBytes: (fresh - 1) * 512, lengthBytes: 512}]}
          : event,
      )
    expect(tiesOf(into(1), 'osCrash', run)).toEqual([{request: 3, needs: [2]}])
    expect(tiesOf(into(2), 'osCrash', run)).toEqual([
      {request: 2, needs: [1]},
      {request: 3, needs: [1]},
    ])
    expect(tiesOf(into(3), 'osCrash', run)).toEqual(chain)
    // Nobody asked: every block may be fresh.
    const unknown = three.map((event) => (event.kind === 'start' ? {...event, fresh: undefined} : event))
    expect(tiesOf(unknown, 'osCrash', run)).toEqual([])
  })

  it('are executed in order in every mode, so a process kill finds them in order', () => {
    for (const {name} of CACHE_MODES) expect(tiesOf(three, 'processKill', {mode: name, ordering: 'tag'})).toEqual(chain)
  })

  it.each(['tag-flush', 'tag-fua'])(
    '%s: with a flush they tie on volatile caches too, and what had completed as well',
    (ordering) => {
      for (const mode of volatileModes) {
        for (const kind of ['osCrash', 'powerLoss'] as const)
          expect(tiesOf(three, kind, {mode, ordering})).toEqual(chain)
        expect(images([...out(1, 0), ...three.slice(2)], {mode, ordering}, 3)).toEqual([
          '0 0 0',
          '1 0 0',
          '1 2 0',
          '1 2 3',
        ])
      }
      expect(tiesOf(three, 'powerLoss', {mode: 'unsafe', ordering})).toEqual([])
    },
  )

  it('tie what comes behind to the data of the barrier only where that is stable at its end', () => {
    const behind = (flags: number): Tie[] =>
      tiesOf([...flying(1, 0), ...flying(2, 1, FLAG_BARRIER | flags), ...flying(3, 2)], 'powerLoss', {ordering: 'tag'})
    expect(behind(FLAG_PREFLUSH)).toEqual([
      {request: 2, needs: [1]},
      {request: 3, needs: [1]},
    ])
    expect(behind(FLAG_FUA)).toEqual([{request: 3, needs: [2]}])
    expect(behind(FLAG_PREFLUSH | FLAG_FUA)).toEqual(chain)
  })

  it('a FLUSH that is a barrier ties what comes behind to what came before', () => {
    const events = [...flying(1, 0), submit(2, 'FLUSH', 0, 0, FLAG_BARRIER), start(2), ...flying(3, 1)]
    for (const ordering of ['tag', 'tag-flush']) {
      expect(tiesOf(events, 'powerLoss', {ordering})).toEqual([{request: 3, needs: [1]}])
    }
  })

  it('tie nothing while the device has not been told of the barrier', () => {
    const events = [...flying(1, 0), submit(2, 'OUT', 1, 1, FLAG_BARRIER)]
    for (const kind of CRASH_KINDS) expect(tiesOf(events, kind, {mode: 'directsync', ordering: 'tag'})).toEqual([])
  })

  it('tie nothing to a write that failed (the error hole)', () => {
    const events = [...flying(1, 0), ...flying(2, 1, FLAG_BARRIER), failed(1), ...flying(3, 2)]
    const run = {mode: 'directsync', ordering: 'tag'}
    expect(tiesOf(events, 'powerLoss', run)).toEqual([{request: 3, needs: [2]}])
  })

  it('an older value does not stand in for what a tag needs, one that ran beside it does', () => {
    const run = {mode: 'directsync', ordering: 'tag'}
    const older = [submit(1, 'OUT'), start(1), done(1, stable), ...flying(2, 0), ...flying(3, 1, FLAG_BARRIER)]
    expect(images(older, run)).toEqual(['1 0', '2 0', '2 3'])
    const beside = [
      submit(1, 'OUT'),
      submit(2, 'OUT'),
      start(1),
      start(2),
      done(1, stable),
      ...flying(3, 1, FLAG_BARRIER),
    ]
    expect(images(beside, run)).toEqual(['1 0', '1 3', '2 0', '2 3'])
  })
})

describe('a cache that keeps epochs', () => {
  const barrier = [...out(1, 0), submit(2, 'OUT', 1, 1, FLAG_BARRIER), start(2, true), done(2)]

  it('C9: leaves three images where an ordinary cache leaves four', () => {
    expect(images(barrier, {medium: EPOCH_DISK})).toEqual(['0 0', '1 0', '1 2'])
    expect(images(barrier)).toEqual(['0 0', '0 2', '1 0', '1 2'])
  })

  it('C9: so does an empty barrier between two writes', () => {
    const empty = (sector: number): TraceEvent[] => [
      ...out(1, 0),
      submit(2, 'BARRIER'),
      start(2, true),
      done(2),
      submit(3, 'OUT', sector),
      start(3),
      done(3),
    ]
    expect(images(empty(1), {medium: EPOCH_DISK})).toEqual(['0 0', '1 0', '1 3'])
    expect(images(empty(1))).toHaveLength(4)
  })

  it('ties nothing without a barrier, nor where only the process dies', () => {
    expect(tiesOf([...out(1, 0), ...out(2, 1)], 'powerLoss', {medium: EPOCH_DISK})).toEqual([])
    expect(tiesOf(barrier, 'processKill', {medium: EPOCH_DISK})).toEqual([])
    expect(tiesOf(barrier, 'osCrash', {medium: EPOCH_DISK})).toEqual([{request: 2, needs: [1]}])
  })

  it('holds for order under unsafe as well: no flush is needed for it', () => {
    expect(images(barrier, {mode: 'unsafe', medium: EPOCH_DISK})).toEqual(['0 0', '1 0', '1 2'])
  })

  it('where a FUA write behind the barrier is stable, so is what came before the barrier', () => {
    const events = [...out(1, 0), submit(2, 'OUT', 1, 1, FLAG_BARRIER | FLAG_FUA), start(2, true), done(2, stable)]
    expect(images(events, {medium: EPOCH_DISK})).toEqual(['1 2'])
    expect(images(events)).toEqual(['0 2', '1 2'])
  })

  it('under none an OS crash keeps no completed write for sure: one whose allocation is lost would be missing before it', () => {
    const ledger = new Ledger(cacheModeOf('none'), orderingModeOf('drain'), EPOCH_DISK)
    for (const event of barrier) ledger.observe(event)
    expect([0, 1].map((sector) => ledger.candidates('osCrash', sector))).toEqual([
      [0, 1],
      [0, 2],
    ])
  })
})
