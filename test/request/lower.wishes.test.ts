import {describe, expect, it} from 'vitest'
import {cacheModeOf, type CacheModeName} from '../../src/cache-mode/index.js'
import {orderingModeOf, type OrderingName} from '../../src/ordering/index.js'
import {
  BARRIER,
  FLAG_BARRIER_BIT,
  FLAG_FUA,
  FLAG_ON,
  FLAG_PREFLUSH,
  FSYNC,
  FSYNC_RANGE,
  lower,
  NOTIFY,
  OUT,
  plainLink,
  RANGE_AFTER,
  RANGE_ALL,
  RANGE_BEFORE,
  RANGE_SYNC,
  SET_WRITEBACK,
  WRITE_ZEROES,
  type Link,
  type Plan,
  type RequestKind,
} from '../../src/request/index.js'

interface Setting {
  readonly mode?: CacheModeName
  readonly ordering?: OrderingName
  readonly link?: Partial<Link>
}

function plan(kind: RequestKind, flags: number, {mode = 'none', ordering = 'drain', link}: Setting = {}): Plan {
  const [facts, policy] = [cacheModeOf(mode), orderingModeOf(ordering)]
  return lower(kind, flags, facts, policy, {...plainLink(facts, policy), ...link})
}

/** A plan in words, in the order of its steps; what is not there is left out. */
function words(kind: RequestKind, flags: number, setting?: Setting): string {
  const {step, ...made} = plan(kind, flags, setting)
  const said: readonly (readonly [boolean, string])[] = [
    [made.refused, 'refused'],
    [made.drains, 'drain'],
    [made.tags, 'tag'],
    [made.awaitsWrites, 'await'],
    [made.preSync, made.syncsAll ? 'sync-all' : 'sync'],
    [step !== 0, made.dsync ? 'data!' : 'data'],
    [made.postSync, 'sync'],
    [made.ignoresSync, '(ignored)'],
    [made.unsent, '(unsent)'],
  ]
  return said.flatMap(([is, word]) => (is ? [word] : [])).join(' ')
}

const NO_CACHE = {link: {writeCache: false, seesCache: false}}
const NO_FLUSH = {link: {driverFlushes: false}}
const UNSAFE = {mode: 'unsafe'} as const

/** Semantics 5.2, the column of the empty barrier. */
const EMPTY: readonly (readonly [OrderingName, string, unsafe: string])[] = [
  ['none', 'refused', 'refused'],
  ['drain', 'drain', 'drain'],
  ['drain-flush', 'drain sync', 'drain (ignored)'],
  ['drain-fua', 'drain sync', 'drain (ignored)'],
  ['tag', 'drain (unsent)', 'drain (unsent)'],
  ['tag-flush', 'tag sync', 'drain (ignored)'],
  ['tag-fua', 'tag sync', 'drain (ignored)'],
]

describe('an empty barrier', () => {
  it.each(EMPTY)('E8, E9, E10: under %s is: %s', (ordering, expected, unsafe) => {
    expect(words(BARRIER, 0, {ordering})).toBe(expected)
    expect(words(BARRIER, 0, {ordering, ...UNSAFE})).toBe(unsafe)
  })

  it('without a flush that is sent is a drain, with tags or without', () => {
    for (const ordering of ['drain-flush', 'tag-flush'] as const) {
      expect(words(BARRIER, 0, {ordering, ...NO_FLUSH})).toBe('drain (unsent)')
    }
  })
})

describe('PREFLUSH and FUA', () => {
  it('E13: disappear without a write cache, where every write is stable anyway', () => {
    expect(words(OUT, FLAG_PREFLUSH, NO_CACHE)).toBe('data!')
    expect(words(OUT, FLAG_PREFLUSH | FLAG_FUA, {mode: 'directsync'})).toBe('data!')
  })

  it('E14: are a flush before the data and, where FUA does not travel, one behind it', () => {
    expect(words(OUT, FLAG_PREFLUSH | FLAG_FUA)).toBe('sync data!')
    expect(words(OUT, FLAG_PREFLUSH | FLAG_FUA, {link: {fua: false}})).toBe('sync data sync')
    expect(plan(OUT, FLAG_PREFLUSH | FLAG_FUA, {link: {fua: false}}).flushCommands).toBe(2)
  })

  it('are not sent by a driver that sends no flushes, which nobody is told', () => {
    expect(words(OUT, FLAG_PREFLUSH, NO_FLUSH)).toBe('data (unsent)')
    expect(words(OUT, FLAG_FUA, NO_FLUSH)).toBe('data (unsent)')
  })

  it('are ignored by a mode that ignores flushes', () => {
    expect(words(OUT, FLAG_PREFLUSH, UNSAFE)).toBe('data (ignored)')
    expect(words(OUT, FLAG_FUA, UNSAFE)).toBe('data (ignored)')
  })
})

describe('a write cache that is off', () => {
  it('B1: makes each change of the image stable; what is not a write step needs a sync', () => {
    expect(words(OUT, 0, NO_CACHE)).toBe('data!')
    expect(words(WRITE_ZEROES, 0, NO_CACHE)).toBe('data sync')
  })

  it('is not believed of a mode that ignores flushes', () => {
    expect(words(OUT, 0, {...UNSAFE, ...NO_CACHE})).toBe('data (ignored)')
  })
})

describe('a write cache that the guest sees, though the device makes each write stable', () => {
  const link = {writeCache: false, seesCache: true}

  it('is flushed wherever a wish asks for it: what was written before it went off may be volatile', () => {
    expect(words(OUT, FLAG_PREFLUSH, {link})).toBe('sync data!')
    expect(words(OUT, FLAG_FUA, {link: {...link, fua: false}})).toBe('data! sync')
    expect(words(FSYNC, 0, {link})).toBe('await sync')
    expect(words(FSYNC_RANGE, RANGE_SYNC, {link})).toBe('await sync')
  })

  it('leaves the wish unanswered where the driver sends no flushes', () => {
    expect(words(FSYNC, 0, {link: {...link, driverFlushes: false}})).toBe('await (unsent)')
    expect(words(NOTIFY, 0, {link: {...link, driverFlushes: false}})).toBe('refused')
  })

  it('has nothing to be flushed under a mode that syncs each write, so that no wish is left unanswered there', () => {
    const setting = {mode: 'writethrough', link: {...link, driverFlushes: false}} as const
    expect(words(OUT, FLAG_PREFLUSH | FLAG_FUA, setting)).toBe('data!')
    expect(words(FSYNC, 0, setting)).toBe('await')
    expect(words(NOTIFY, 0, setting)).toBe('await')
  })

  it('takes nothing along when a tag without a flush ends inside the guest', () => {
    expect(words(BARRIER, 0, {ordering: 'tag', link})).toBe('drain (unsent)')
    expect(words(BARRIER, 0, {ordering: 'tag', mode: 'directsync', link})).toBe('drain')
  })
})

describe('FSYNC', () => {
  it('waits for writes and is a flush, where there is a write cache', () => {
    expect(words(FSYNC, 0)).toBe('await sync')
    expect(words(FSYNC, 0, NO_CACHE)).toBe('await')
    expect(words(FSYNC, 0, UNSAFE)).toBe('await (ignored)')
    expect(words(FSYNC, 0, NO_FLUSH)).toBe('await (unsent)')
  })

  it('is an empty barrier for an old driver, and never refused: nobody tells the application', () => {
    const link = {fsync: 'barrier'} as const
    expect(words(FSYNC, 0, {ordering: 'drain-flush', link})).toBe('drain await sync')
    expect(words(FSYNC, 0, {ordering: 'tag-flush', link})).toBe('tag await sync')
    expect(words(FSYNC, 0, {ordering: 'tag', link})).toBe('drain await (unsent)')
    expect(words(FSYNC, 0, {ordering: 'none', link: {...link, driverFlushes: false}})).toBe('await (unsent)')
  })

  it('is a flush for an old driver without barriers that has a flush command', () => {
    expect(words(FSYNC, 0, {ordering: 'none', link: {fsync: 'barrier'}})).toBe('await sync')
  })
})

describe('FSYNC_RANGE and NOTIFY', () => {
  it('with sync waits for writes and syncs, data or all', () => {
    expect(words(FSYNC_RANGE, RANGE_SYNC)).toBe('await sync')
    expect(words(FSYNC_RANGE, RANGE_SYNC | RANGE_ALL)).toBe('await sync-all')
    expect(words(FSYNC_RANGE, RANGE_SYNC, NO_CACHE)).toBe('await')
  })

  it('as an order alone has no step, but needs flushes that are sent and not ignored', () => {
    for (const side of [RANGE_BEFORE, RANGE_AFTER, RANGE_BEFORE | RANGE_AFTER]) {
      expect(words(FSYNC_RANGE, side)).toBe('')
      expect(words(FSYNC_RANGE, side, NO_FLUSH)).toBe('(unsent)')
      expect(words(FSYNC_RANGE, side, UNSAFE)).toBe('(ignored)')
    }
  })

  it('NOTIFY waits and asks for nothing, and is refused where nothing ever becomes stable', () => {
    expect([words(NOTIFY, 0), words(NOTIFY, 0, UNSAFE), words(NOTIFY, 0, NO_FLUSH)]).toEqual([
      'await',
      'refused',
      'refused',
    ])
  })
})

describe('the switch of a write cache', () => {
  it('is plain, flushes when it goes off, or does not exist', () => {
    expect([words(SET_WRITEBACK, 0), words(SET_WRITEBACK, FLAG_ON)]).toEqual(['', ''])
    const flushes = {link: {writeCacheSwitch: 'flushes'}} as const
    expect([words(SET_WRITEBACK, 0, flushes), words(SET_WRITEBACK, FLAG_ON, flushes)]).toEqual(['drain sync', ''])
    const impossible = {link: {writeCacheSwitch: 'impossible'}} as const
    expect(words(SET_WRITEBACK, 0, impossible)).toBe('refused')
  })
})

describe('the BARRIER bit of a request', () => {
  it('A13: drains where it was offered, and is stripped where it was not, whatever the policy', () => {
    for (const ordering of ['none', 'drain-flush', 'tag'] as const) {
      expect(words(OUT, FLAG_BARRIER_BIT, {ordering, link: {barrierBit: true}})).toBe('drain data')
      expect(words(OUT, FLAG_BARRIER_BIT, {ordering, link: {barrierBit: false}})).toBe('data')
    }
  })
})
