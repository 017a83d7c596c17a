import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {SimDisk} from '../../src/aio/sim/disk.js'
import {forEveryChoice, SECTOR_BYTES, type Random} from '../../src/base/index.js'
import {CACHE_MODES, cacheModeOf, type CacheMode} from '../../src/cache-mode/index.js'
import {CRASH_KINDS, Ledger, type CrashKind} from '../../src/durability/index.js'
import {ORDERING_MODES, orderingModeOf, type OrderingMode} from '../../src/ordering/index.js'
import {FLAG_BARRIER, kindOfType} from '../../src/request/index.js'
import type {TraceEvent} from '../../src/trace/index.js'
import {done, flush, ledgerOf, out, SEED, start, submit} from '../durability/history.js'
import {SECTORS, story, tell} from '../durability/random-history.js'
import {byDefinition, byLedger} from './crash-model.js'

// The properties of semantics 8.9 that are about images as a whole. P1, P2, P7, P10 and P12 are in
// test/durability/ledger.images.test.ts, where the ledger's lists say them; P10 is also in small-programs.test.ts, as sets.

const RUNS = {seed: SEED, numRuns: 500}
const anyMode = fc.constantFrom(...CACHE_MODES)
const anyOrdering = fc.constantFrom(...ORDERING_MODES)
const none = orderingModeOf('none')

function imagesOf(
  events: readonly TraceEvent[],
  mode: CacheMode,
  ordering: OrderingMode,
  kind: CrashKind,
): ReadonlySet<string> {
  return byLedger(events, {mode, ordering, sectors: SECTORS}, kind)
}

interface Put {
  readonly id: number
  readonly sectors: readonly number[]
  readonly end: number
}

/** Writes that ended well, in the order of their ends. */
function ended(events: readonly TraceEvent[]): Put[] {
  const found: Put[] = []
  const ranges = new Map<number, readonly number[]>()
  events.forEach((event, now) => {
    if (event.kind === 'submit' && kindOfType(event.type)?.writes) {
      const [first, count] = [event.offsetBytes / SECTOR_BYTES, event.lengthBytes / SECTOR_BYTES]
      ranges.set(
        event.id,
        Array.from({length: count}, (_, i) => first + i),
      )
    }
    const sectors = event.kind === 'complete' && event.status === 0 ? ranges.get(event.id) : undefined
    if (event.kind === 'complete' && sectors) found.push({id: event.id, sectors, end: now})
  })
  return found
}

/** The image after these writes and no others, applied in order. */
function inOrder(puts: readonly Put[]): string {
  const image = Array.from({length: SECTORS}, () => 0)
  for (const {id, sectors} of puts) for (const sector of sectors) image[sector] = id
  return image.join(' ')
}

describe('properties of whole images', {timeout: 60_000}, () => {
  it('P3: the final image without a crash is one of the images', () => {
    fc.assert(
      fc.property(story, anyMode, anyOrdering, (told, mode, ordering) => {
        const events = tell(told, mode, ordering)
        for (const kind of CRASH_KINDS) expect(imagesOf(events, mode, ordering, kind)).toContain(inOrder(ended(events)))
      }),
      RUNS,
    )
  })

  it('P4: every in-order prefix that holds all durable writes is one of the images', () => {
    let shorter = 0
    fc.assert(
      fc.property(story, anyMode, (told, mode) => {
        const events = tell(told, mode, none)
        const puts = ended(events)
        const ledger = new Ledger(mode, none)
        for (const event of events) ledger.observe(event)
        const lastDurable = puts.findLastIndex(({id}) => ledger.stability(id).by !== 'none')
        for (let count = lastDurable + 1; count <= puts.length; count++) {
          if (count < puts.length) shorter++
          expect(imagesOf(events, mode, none, 'powerLoss')).toContain(inOrder(puts.slice(0, count)))
        }
      }),
      RUNS,
    )
    expect(shorter).toBeGreaterThan(100)
  })

  it('P5: after a FLUSH with nothing in flight, failed or overlapping unsettled, there is one image', () => {
    const sequence = fc.array(fc.record({sector: fc.nat(SECTORS - 1), sectors: fc.integer({min: 1, max: 2})}), {
      minLength: 1,
      maxLength: 6,
    })
    const flushing = fc.constantFrom(...CACHE_MODES.filter(({noFlush}) => !noFlush))
    fc.assert(
      fc.property(sequence, flushing, (writes, mode) => {
        const events = writes.flatMap(({sector, sectors}, i) =>
          out(i + 1, sector, Math.min(sectors, SECTORS - sector)).map((event) =>
            event.kind === 'complete' ? {...event, stable: mode.dsync} : event,
          ),
        )
        const flushed = [...events, ...flush(writes.length + 1)]
        for (const kind of CRASH_KINDS) {
          expect([...imagesOf(flushed, mode, none, kind)]).toEqual([inOrder(ended(flushed))])
        }
      }),
      RUNS,
    )
  })

  it('P6: a flushed value that was overwritten is possible until the new one is durable', () => {
    const events = [...out(1), ...flush(2), ...out(3)]
    const oneSector = (more: readonly TraceEvent[]): string[] =>
      [...byLedger(more, {mode: cacheModeOf('writeback'), ordering: none, sectors: 1}, 'powerLoss')].toSorted()
    expect(oneSector(events)).toEqual(['1', '3'])
    expect(oneSector([...events, submit(4, 'FLUSH'), start(4)])).toEqual(['1', '3'])
    expect(oneSector([...events, ...flush(4)])).toEqual(['3'])
  })

  it('P9: exchanging neighbouring submissions, starts or completions leaves the images unchanged', () => {
    const exchanged = {submit: 0, start: 0, complete: 0}
    fc.assert(
      fc.property(story, anyMode, fc.nat(20), (told, mode, which) => {
        const events = tell(told, mode, none)
        const places = events.flatMap((event, i) => (areIndependent(event, events[i + 1]) ? [i] : []))
        fc.pre(places.length > 0)
        const {permuted, renamed, kind} = exchange(events, places[which % places.length] ?? 0)
        exchanged[kind]++
        for (const crash of CRASH_KINDS) {
          const images = [...imagesOf(permuted, mode, none, crash)].map((image) =>
            image.split(' ').map(renamed).join(' '),
          )
          expect(new Set(images)).toEqual(imagesOf(events, mode, none, crash))
        }
      }),
      {...RUNS, numRuns: 800},
    )
    expect(Math.min(...Object.values(exchanged))).toBeGreaterThan(20)
  })

  const flushing = ORDERING_MODES.filter(({preFlush}) => preFlush)
  it.each(flushing)('P11: with $name, an image with any of the barrier write holds all it waited for', (ordering) => {
    const mode = cacheModeOf('writeback')
    const barrier = [submit(3, 'OUT', 2, 1, FLAG_BARRIER), start(3)]
    const events = [...out(1, 0), ...out(2, 1), ...barrier]
    const rules = {mode, ordering, sectors: 3}
    // Of 2 x 2 x 2 images, those with the barrier's data and not both of the others are ruled out (semantics 10.C, C11).
    const expected = ['0 0 0', '0 2 0', '1 0 0', '1 2 0', '1 2 3']
    expect([...byLedger(events, rules, 'powerLoss')].toSorted()).toEqual(expected)
    expect([...byDefinition(events, rules, 'powerLoss')].toSorted()).toEqual(expected)
  })

  it('P11: an older value does not stand in for what the barrier write waited for, a younger one does', () => {
    const rules = {mode: cacheModeOf('writeback'), ordering: orderingModeOf('drain-flush'), sectors: 2}
    const events = [...out(1, 0), ...out(2, 0), submit(3, 'OUT', 1, 1, FLAG_BARRIER), start(3)]
    expect([...byLedger(events, rules, 'powerLoss')].toSorted()).toEqual(['0 0', '1 0', '2 0', '2 3'])
    // A write of the same sector that ran beside the covered one may be what is left of the two.
    const beside = [submit(1, 'OUT'), submit(2, 'OUT'), start(1), start(2), done(1), done(2)]
    const both = [...beside, submit(3, 'OUT', 1, 1, FLAG_BARRIER), start(3)]
    expect([...byLedger(both, rules, 'powerLoss')].toSorted()).toEqual(['0 0', '1 0', '1 3', '2 0', '2 3'])
  })

  it('P11: without a preflush the same program leaves every combination', () => {
    const events = [...out(1, 0), submit(2, 'OUT', 1, 1, FLAG_BARRIER), start(2)]
    expect(ledgerOf('writeback', events, 'drain').ties('powerLoss')).toEqual([])
    const rules = {mode: cacheModeOf('writeback'), ordering: orderingModeOf('drain'), sectors: 2}
    expect(byLedger(events, rules, 'powerLoss').size).toBe(4)
  })
})

/** Neighbours in a trace that no rule orders. */
function areIndependent(a: TraceEvent | undefined, b: TraceEvent | undefined): boolean {
  if (a?.kind === 'complete' && b?.kind === 'complete') return a.status === 0 && b.status === 0
  return (a?.kind === 'submit' || a?.kind === 'start') && a.kind === b?.kind
}

/** Exchanges an event with the next one. Ids go by the order of submission, so two submissions exchange theirs as well. */
function exchange(
  events: readonly TraceEvent[],
  at: number,
): {permuted: readonly TraceEvent[]; renamed: (id: string) => string; kind: 'submit' | 'start' | 'complete'} {
  const [a, b] = [events[at], events[at + 1]]
  if (!a || !b || !('id' in a) || !('id' in b)) throw new Error(`nothing to exchange at ${at}`)
  const permuted = events.with(at, b).with(at + 1, a)
  if (a.kind !== 'submit') return {permuted, renamed: (id) => id, kind: a.kind}
  const other = (id: number): number => (id === a.id ? b.id : id === b.id ? a.id : id)
  return {
    permuted: permuted.map((event) => ('id' in event ? {...event, id: other(event.id)} : event)),
    renamed: (id) => String(other(Number(id))),
    kind: a.kind,
  }
}

// P8. A redo log on two sectors of data, as small as it can be: the log says what both are to be, with a word that it is whole.

const SECTOR = {first: 0, second: 1, log: 2} as const
const OLD = 1
const NEW = 7
type Recover = (disk: SimDisk, step: () => void) => void

function put(disk: SimDisk, sector: number, value: number): void {
  disk.endChange(disk.beginWrite(sector * SECTOR_BYTES, new Uint8Array(SECTOR_BYTES).fill(value), false), true)
}

function sync(disk: SimDisk): void {
  disk.endSync(disk.beginSync(), true)
}

function valueOf(disk: SimDisk, sector: number): number {
  const bytes = new Uint8Array(SECTOR_BYTES)
  disk.read(sector * SECTOR_BYTES, bytes)
  return bytes[0] ?? 0
}

/** Flushes what it acts on, carries it out, and clears the log when that is stable. `step` is where a crash may come. */
const recover: Recover = (disk, step) => {
  sync(disk)
  step()
  const value = valueOf(disk, SECTOR.log)
  if (value === 0) return
  for (const act of [
    (): void => put(disk, SECTOR.first, value),
    (): void => put(disk, SECTOR.second, value),
    (): void => sync(disk),
    (): void => put(disk, SECTOR.log, 0),
    (): void => sync(disk),
  ]) {
    act()
    step()
  }
}

/** A recovery that clears its log before what it did is stable. */
const recoverHastily: Recover = (disk, step) => {
  const value = valueOf(disk, SECTOR.log)
  if (value === 0) return
  for (const sector of [SECTOR.first, SECTOR.second, SECTOR.log]) {
    put(disk, sector, sector === SECTOR.log ? 0 : value)
    step()
  }
  sync(disk)
}

class Crashed extends Error {}

/** Every state two recoveries come to, of which a crash cuts the first one short at any step, or none does. */
function recoveredStates(recovery: Recover, mode: CacheMode): Set<string> {
  const found = new Set<string>()
  forEveryChoice(
    (random) => {
      const disk = cutShort(recovery, committed(mode, random), random)
      recovery(disk, () => {})
      found.add([SECTOR.first, SECTOR.second].map((sector) => valueOf(disk, sector)).join(' '))
    },
    {limit: 500_000},
  )
  return found
}

/** A disk on which the log was written and flushed, and nothing else. */
function committed(mode: CacheMode, random: Random): SimDisk {
  const initial = (offsetBytes: number, target: Uint8Array): void =>
    void target.fill(offsetBytes === SECTOR.log * SECTOR_BYTES ? NEW : OLD)
  return new SimDisk({sizeBytes: 3 * SECTOR_BYTES, blockBytes: SECTOR_BYTES, seed: 0, random, mode, initial})
}

function cutShort(recovery: Recover, disk: SimDisk, random: Random): SimDisk {
  try {
    recovery(disk, () => {
      if (random.chance(0.5)) throw new Crashed()
    })
    return disk
  } catch (error) {
    if (!(error instanceof Crashed)) throw error
    return disk.crash('powerLoss', random)
  }
}

describe('P8: recovery is idempotent', {timeout: 60_000}, () => {
  it.each(CACHE_MODES.filter(({noFlush}) => !noFlush))(
    'a crash at any step of it, under $name, and then recovery again, gives the same state',
    (mode) => {
      expect([...recoveredStates(recover, mode)]).toEqual([`${NEW} ${NEW}`])
    },
  )

  it('would be seen not to be, if the log were cleared before the data is stable', () => {
    expect(recoveredStates(recoverHastily, cacheModeOf('writeback')).size).toBeGreaterThan(1)
  })
})
