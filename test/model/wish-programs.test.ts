import {describe, expect, it} from 'vitest'
import {CACHE_MODES, cacheModeOf} from '../../src/cache-mode/index.js'
import type {CrashKind} from '../../src/durability/index.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {
  FLAG_BARRIER,
  FLAG_FUA,
  FLAG_PREFLUSH,
  FLUSH,
  FSYNC,
  FSYNC_RANGE,
  NOTIFY,
  OUT,
  RANGE_AFTER,
  RANGE_BEFORE,
  RANGE_SYNC,
} from '../../src/request/index.js'
import {excess, everyRun, tellEvents, type Ask, type EngineMoment} from './engine-world.js'

// What each request of semantics 7.1 to 7.5 promises, said of the images that a disk below the real engine can be made to keep, and
// not of what the ledger believes. Requests are numbered from 1; sector i is meant by s<i>.

const write = (sector: number, more: Partial<Ask> = {}): Ask => ({kind: OUT, from: sector, sectors: 1, ...more})
const range = (flags: number, from: number, sectors: number): Ask => ({kind: FSYNC_RANGE, flags, from, sectors})

/** Modes in which a completed write may be lost, and those in which it may not; unsafe promises nothing. */
const VOLATILE = ['writeback', 'none'] as const
const SYNCING = CACHE_MODES.filter(({noFlush}) => !noFlush).map(({name}) => name)

interface Setting {
  readonly mode: string
  readonly ordering?: string
  readonly kind?: CrashKind
}

/** An image as the ids in its sectors, and what had happened when it was left. */
interface Image {
  readonly ids: readonly number[]
  readonly moment: EngineMoment
}

type Claim = (image: Image) => boolean

/**
 * Runs a program in every order and looks at every image that a crash may leave at any moment of it. The ledger has to allow it.
 *
 * @returns the images of which the claim is not true, told
 */
function exceptions(
  program: readonly Ask[],
  {mode, ordering = 'drain', kind = 'powerLoss'}: Setting,
  claim: Claim,
): string[] {
  const sectors = Math.max(...program.map(({from = 0, sectors: count = 0}) => from + count))
  const rules = {mode: cacheModeOf(mode), ordering: orderingModeOf(ordering), sectors}
  const found: string[] = []
  everyRun(
    rules,
    (_, sent) => program[sent],
    (moment) => {
      expect(excess(moment, rules)).toEqual([])
      for (const image of moment.graph.images(moment.states, kind)) {
        const ids = image.split(' ').map(Number)
        if (!claim({ids, moment})) found.push(`${tellEvents(moment.events)}: ${image}`)
      }
    },
  )
  return found
}

const hasEnded = ({events}: EngineMoment, id: number): boolean =>
  events.some((event) => event.kind === 'complete' && event.id === id)

/** Whether one request had ended when another was submitted. */
function hadEnded({events}: EngineMoment, first: number, second: number): boolean {
  const end = events.findIndex((event) => event.kind === 'complete' && event.id === first)
  const submission = events.findIndex((event) => event.kind === 'submit' && event.id === second)
  return end >= 0 && end < submission
}

/** Once the request has ended, the sector holds this. */
const stableAfter =
  (id: number, sector: number, value: number): Claim =>
  ({ids, moment}) =>
    !hasEnded(moment, id) || ids[sector] === value

/** Where the later value is present, so is the earlier one: a ≺ b. */
const inOrder =
  (first: readonly [sector: number, value: number], second: readonly [sector: number, value: number]): Claim =>
  ({ids}) =>
    ids[second[0]] !== second[1] || ids[first[0]] === first[1]

const LONG = {timeout: 240_000}

describe('FSYNC and FSYNC_RANGE with sync: what was written before is stable when they have ended', LONG, () => {
  it.each(SYNCING)('FSYNC waits for the writes before it, under %s', (mode) => {
    expect(exceptions([write(0), {kind: FSYNC}, write(1)], {mode}, stableAfter(2, 0, 1))).toEqual([])
  })

  it.each(SYNCING)('FSYNC_RANGE does so for its range, under %s', (mode) => {
    expect(exceptions([write(0), range(RANGE_SYNC, 0, 1), write(1)], {mode}, stableAfter(2, 0, 1))).toEqual([])
  })

  it('FSYNC_RANGE waits for no write outside its range', () => {
    expect(exceptions([write(0), range(RANGE_SYNC, 1, 1)], {mode: 'writeback'}, stableAfter(2, 0, 1))).not.toEqual([])
  })

  it('a FLUSH in the place of FSYNC waits for nothing that is in flight', () => {
    expect(exceptions([write(0), {kind: FLUSH}], {mode: 'writeback'}, stableAfter(2, 0, 1))).not.toEqual([])
  })
})

describe('FSYNC_RANGE with a barrier: later writes come after earlier ones on the medium', LONG, () => {
  const BOTH = RANGE_BEFORE | RANGE_AFTER

  it.each(SYNCING)('both sides: earlier in the range, then later in the range, under %s', (mode) => {
    const program = [write(0), range(BOTH, 0, 2), write(1)]
    expect(exceptions(program, {mode}, inOrder([0, 1], [1, 3]))).toEqual([])
    expect(exceptions(program, {mode, kind: 'osCrash'}, inOrder([0, 1], [1, 3]))).toEqual([])
  })

  it.each(SYNCING)('one side, before: everything earlier, then later in the range, under %s', (mode) => {
    expect(exceptions([write(0), range(RANGE_BEFORE, 1, 1), write(1)], {mode}, inOrder([0, 1], [1, 3]))).toEqual([])
  })

  it.each(SYNCING)('one side, after: earlier in the range, then everything later, under %s', (mode) => {
    expect(exceptions([write(0), range(RANGE_AFTER, 0, 1), write(1)], {mode}, inOrder([0, 1], [1, 3]))).toEqual([])
  })

  it.each(VOLATILE)('nothing is said of the other side, under %s', (mode) => {
    const claim = inOrder([0, 1], [1, 3])
    expect(exceptions([write(0), range(RANGE_BEFORE, 0, 1), write(1)], {mode}, claim)).not.toEqual([])
    expect(exceptions([write(0), range(RANGE_AFTER, 1, 1), write(1)], {mode}, claim)).not.toEqual([])
    expect(exceptions([write(0), range(BOTH, 1, 1), write(1)], {mode}, claim)).not.toEqual([])
  })

  it('a barrier without sync ends at once, and makes nothing stable by itself', () => {
    const beside: Claim = ({moment}) => !hasEnded(moment, 2) || hasEnded(moment, 1)
    expect(exceptions([write(0), range(BOTH, 0, 1)], {mode: 'writeback'}, beside)).not.toEqual([])
    expect(exceptions([write(0), range(BOTH, 0, 1)], {mode: 'writeback'}, stableAfter(2, 0, 1))).not.toEqual([])
  })

  it('under unsafe it orders nothing on the medium', () => {
    const program = [write(0), range(BOTH, 0, 2), write(1)]
    expect(exceptions(program, {mode: 'unsafe'}, inOrder([0, 1], [1, 3]))).not.toEqual([])
  })
})

describe('NOTIFY ends when the writes to its range are stable', LONG, () => {
  it.each(SYNCING)('not earlier, under %s', (mode) => {
    expect(exceptions([write(0), {kind: NOTIFY, from: 0, sectors: 1}], {mode}, stableAfter(2, 0, 1))).toEqual([])
  })

  it.each(SYNCING)('not earlier, by a flush that comes for another reason, under %s', (mode) => {
    const program: Ask[] = [write(0), {kind: NOTIFY, from: 0, sectors: 1}, {kind: FLUSH}]
    expect(exceptions(program, {mode}, stableAfter(2, 0, 1))).toEqual([])
  })

  it('does not wait for writes to other ranges', () => {
    const program: Ask[] = [write(0), {kind: NOTIFY, from: 1, sectors: 1}]
    expect(exceptions(program, {mode: 'writeback'}, stableAfter(2, 0, 1))).not.toEqual([])
  })

  it.each(VOLATILE)('G11: two files with a barrier for each alone may be inconsistent, under %s', (mode) => {
    const program = [
      write(0),
      range(RANGE_BEFORE | RANGE_AFTER, 0, 1),
      range(RANGE_BEFORE | RANGE_AFTER, 1, 1),
      write(1),
    ]
    expect(exceptions(program, {mode}, inOrder([0, 1], [1, 4]))).not.toEqual([])
  })

  it.each(SYNCING)('G11: with an awaited NOTIFY on the first they are not, under %s', (mode) => {
    const program: Ask[] = [write(0), {kind: NOTIFY, from: 0, sectors: 1}, write(1, {awaits: 2})]
    expect(exceptions(program, {mode}, inOrder([0, 1], [1, 3]))).toEqual([])
  })

  it.each(VOLATILE)('G11: with one that nobody awaits they may be, under %s', (mode) => {
    const program: Ask[] = [write(0), {kind: NOTIFY, from: 0, sectors: 1}, write(1)]
    expect(exceptions(program, {mode}, inOrder([0, 1], [1, 3]))).not.toEqual([])
  })
})

describe('PREFLUSH: what had completed is stable before the data is written', LONG, () => {
  const covered: Claim = ({ids, moment}) => !hadEnded(moment, 1, 2) || inOrder([0, 1], [1, 2])({ids, moment})

  it.each(SYNCING)('under %s, and with FUA both are stable at its end', (mode) => {
    expect(exceptions([write(0), write(1, {flags: FLAG_PREFLUSH})], {mode}, covered)).toEqual([])
    const both = [write(0), write(1, {flags: FLAG_PREFLUSH | FLAG_FUA})]
    expect(exceptions(both, {mode}, covered)).toEqual([])
    expect(exceptions(both, {mode}, stableAfter(2, 1, 2))).toEqual([])
    expect(
      exceptions(both, {mode}, ({ids, moment}) => !hadEnded(moment, 1, 2) || stableAfter(2, 0, 1)({ids, moment})),
    ).toEqual([])
  })

  it.each(VOLATILE)('a PREFLUSH does not wait for what is in flight, under %s', (mode) => {
    expect(exceptions([write(0), write(1, {flags: FLAG_PREFLUSH})], {mode}, inOrder([0, 1], [1, 2]))).not.toEqual([])
  })

  it.each(SYNCING)('after an explicit dependency it is an order on the medium, under %s', (mode) => {
    const program = [write(0), write(1, {flags: FLAG_PREFLUSH, after: [1]})]
    expect(exceptions(program, {mode}, inOrder([0, 1], [1, 2]))).toEqual([])
  })

  it.each(VOLATILE)('the dependency alone is not, under %s: it orders starts', (mode) => {
    const program = [write(0), write(1, {after: [1]})]
    expect(exceptions(program, {mode}, inOrder([0, 1], [1, 2]))).not.toEqual([])
    expect(exceptions(program, {mode, kind: 'processKill'}, inOrder([0, 1], [1, 2]))).toEqual([])
  })
})

describe("Lokier's combinations of FLUSH and barrier", LONG, () => {
  it.each(SYNCING)('1: a FLUSH makes stable what had completed, under %s', (mode) => {
    const program = [write(0), {kind: FLUSH}, write(1)]
    const covers: Claim = (image) => !hadEnded(image.moment, 1, 2) || stableAfter(2, 0, 1)(image)
    expect(exceptions(program, {mode}, covers)).toEqual([])
  })

  it.each(VOLATILE)('1: and requests around it may move, under %s', (mode) => {
    expect(exceptions([write(0), {kind: FLUSH}, write(1)], {mode}, inOrder([0, 1], [1, 3]))).not.toEqual([])
  })

  const flushingBarrier = [write(0), {kind: FLUSH, flags: FLAG_BARRIER}, write(1)]
  for (const ordering of ['drain', 'drain-flush', 'tag', 'tag-flush']) {
    it.each(SYNCING)(`2: a FLUSH that is a barrier, as ${ordering}, orders what is around it, under %s`, (mode) => {
      expect(exceptions(flushingBarrier, {mode, ordering}, inOrder([0, 1], [1, 3]))).toEqual([])
      expect(exceptions(flushingBarrier, {mode, ordering}, stableAfter(2, 0, 1))).toEqual([])
    })
  }

  for (const ordering of ['drain', 'tag']) {
    it.each([...VOLATILE, 'unsafe'])(
      `3: a barrier without a flush, as ${ordering}, orders in time only, under %s`,
      (mode) => {
        const program = [write(0), write(1, {flags: FLAG_BARRIER})]
        const claim = inOrder([0, 1], [1, 2])
        expect(exceptions(program, {mode, ordering, kind: 'processKill'}, claim)).toEqual([])
        expect(exceptions(program, {mode, ordering}, claim)).not.toEqual([])
      },
    )

    it.each(['writethrough', 'directsync'])(
      `3: where writes are stable at their end, as ${ordering}, under %s, that is enough`,
      (mode) => {
        expect(
          exceptions([write(0), write(1, {flags: FLAG_BARRIER})], {mode, ordering}, inOrder([0, 1], [1, 2])),
        ).toEqual([])
      },
    )
  }
})
