import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {CACHE_MODES, cacheModeOf, type CacheMode} from '../../src/cache-mode/index.js'
import {CRASH_KINDS, type CrashKind, EPOCH_DISK, Ledger, type Medium} from '../../src/durability/index.js'
import {ORDERING_MODES, orderingModeOf, type OrderingMode} from '../../src/ordering/index.js'
import {FLAG_FUA} from '../../src/request/index.js'
import type {TraceEvent} from '../../src/trace/index.js'
import {bruteForce} from './brute-force.js'
import {flush, SEED, sectorsAfter} from './history.js'
import {imagesAfter, type Rules} from './images.js'
import {SECTORS, story, tell} from './random-history.js'

const RUNS = {seed: SEED, numRuns: 1500}
const anyMode = fc.constantFrom(...CACHE_MODES)
const anyOrdering = fc.constantFrom(...ORDERING_MODES)
const anyBarrier = fc.constantFrom(...ORDERING_MODES.filter(({drains, tags}) => drains || tags))

function follow(mode: CacheMode, ordering: OrderingMode, events: readonly TraceEvent[], medium?: Medium): Ledger {
  const ledger = new Ledger(mode, ordering, medium)
  for (const event of events) ledger.observe(event)
  return ledger
}

function isWithin(inner: readonly (readonly number[])[], outer: readonly (readonly number[])[]): boolean {
  return inner.every((list, sector) => list.every((id) => outer[sector]?.includes(id)))
}

/** What disagrees between the answers of a ledger that was told these events and the definition, as text; nothing when they agree. */
function disagreement(
  rules: Rules,
  kind: CrashKind,
  events: readonly TraceEvent[],
  told: readonly TraceEvent[] = events,
): string | undefined {
  const {mode, ordering, medium, sectors} = rules
  const {images, durable} = bruteForce(events, mode, ordering, kind, sectors, medium)
  const ledger = follow(mode, ordering, told, medium)
  const candidates = sectorsAfter(ledger, kind, sectors)
  const claimed = imagesAfter(told, rules, kind)
  if (claimed.size !== images.size || [...images].some((image) => !claimed.has(image))) {
    return `${mode.name} ${ordering.name} ${kind}: ${[...claimed].join(', ')} is not ${[...images].join(', ')}`
  }
  const {ranges} = ledger.atRisk(kind)
  for (const [sector, list] of candidates.entries()) {
    const expected = list.filter((id) => id !== 0 && !durable[sector]?.includes(id))
    const from = sector * 512
    const range = ranges.find(({offsetBytes, lengthBytes}) => offsetBytes <= from && from < offsetBytes + lengthBytes)
    const listed = range?.requests ?? []
    if (listed.join() !== expected.join())
      return `${mode.name} ${kind}: sector ${sector} risks ${listed.join()}, not ${expected.join()}`
    if (kind === 'powerLoss' && durable[sector]?.some((id) => ledger.stability(id).by === 'none')) {
      return `${mode.name}: sector ${sector} holds a durable write that is not called stable`
    }
  }
  return undefined
}

describe('the ledger and the definition of crash images', () => {
  it.each(ORDERING_MODES)(
    'P10: with $name, what sectors may hold, less what ties rule out, is every closed set between Dur and Sub',
    (ordering) => {
      fc.assert(
        fc.property(story, anyMode, (told, mode) => {
          const events = tell(told, mode, ordering)
          const rules = {mode, ordering, sectors: SECTORS}
          for (const kind of CRASH_KINDS) expect(disagreement(rules, kind, events)).toBeUndefined()
        }),
        {...RUNS, numRuns: 600},
      )
    },
  )

  it('P10: the same on a disk whose cache keeps barriers apart', () => {
    let tied = 0
    fc.assert(
      fc.property(story, anyMode, anyBarrier, (told, mode, ordering) => {
        const events = tell(told, mode, ordering, true)
        const rules = {mode, ordering, medium: EPOCH_DISK, sectors: SECTORS}
        for (const kind of CRASH_KINDS) expect(disagreement(rules, kind, events)).toBeUndefined()
        const ties = follow(mode, ordering, events, EPOCH_DISK).ties('powerLoss')
        if (ties.length > follow(mode, ordering, events).ties('powerLoss').length) tied++
      }),
      RUNS,
    )
    expect(tied).toBeGreaterThan(20)
  })

  /** Whether some story shows a ledger that is told other events than happened to be wrong. */
  function isCaught(
    rules: Omit<Rules, 'sectors'>,
    retold: (events: readonly TraceEvent[]) => readonly TraceEvent[],
  ): boolean {
    const check = fc.check(
      fc.property(story, (told) => {
        const events = tell(told, rules.mode, rules.ordering)
        return disagreement({...rules, sectors: SECTORS}, 'powerLoss', events, retold(events)) === undefined
      }),
      RUNS,
    )
    return check.failed
  }

  it('would be told apart if FUA made earlier writes stable', () => {
    // A wrong ledger: after each FUA completion it is shown a FLUSH that never was.
    const withFlushAtFua = (events: readonly TraceEvent[]): TraceEvent[] => {
      const fua = new Set(events.flatMap((e) => (e.kind === 'submit' && (e.flags & FLAG_FUA) !== 0 ? [e.id] : [])))
      return events.flatMap((e) =>
        e.kind === 'complete' && e.stable && fua.has(e.id) ? [e, ...flush(e.id + 0.5)] : [e],
      )
    }
    expect(isCaught({mode: cacheModeOf('writeback'), ordering: orderingModeOf('drain')}, withFlushAtFua)).toBe(true)
  })
})

describe('properties of crash images', () => {
  it('P1: a FLUSH and a wait never add an image', () => {
    fc.assert(
      fc.property(story, anyMode, anyOrdering, fc.nat(20), (told, mode, ordering, where) => {
        const events = tell(told, mode, ordering)
        const at = Math.min(where, events.length)
        const submitted = events.slice(0, at).filter((event) => event.kind === 'submit').length
        const more = [...events.slice(0, at), ...flush(submitted + 0.5), ...events.slice(at)]
        for (const kind of CRASH_KINDS) {
          const without = sectorsAfter(follow(mode, ordering, events), kind, SECTORS)
          expect(isWithin(sectorsAfter(follow(mode, ordering, more), kind, SECTORS), without)).toBe(true)
        }
      }),
      RUNS,
    )
  })

  it('P2: writethrough and directsync allow the same images, none more, writeback more, unsafe most', () => {
    fc.assert(
      fc.property(story, (told) => {
        const ordering = orderingModeOf('drain')
        for (const kind of ['osCrash', 'powerLoss'] as const) {
          const [through, direct, none, back, unsafe] = [
            'writethrough',
            'directsync',
            'none',
            'writeback',
            'unsafe',
          ].map((name) => {
            const mode = cacheModeOf(name)
            return sectorsAfter(follow(mode, ordering, tell(told, mode, ordering)), kind, SECTORS)
          })
          expect(through).toEqual(direct)
          expect(isWithin(direct ?? [], none ?? [])).toBe(true)
          expect(isWithin(none ?? [], back ?? [])).toBe(true)
          expect(isWithin(back ?? [], unsafe ?? [])).toBe(true)
        }
      }),
      RUNS,
    )
  })

  it('P7: a sector that was never written has one value', () => {
    fc.assert(
      fc.property(story, anyMode, (told, mode) => {
        const ordering = orderingModeOf('drain-flush')
        const ledger = follow(mode, ordering, tell(told, mode, ordering))
        for (const kind of CRASH_KINDS) expect(ledger.candidates(kind, SECTORS)).toEqual([0])
      }),
      {...RUNS, numRuns: 200},
    )
  })

  it('P12: under unsafe no number of FLUSH requests changes the images', () => {
    fc.assert(
      fc.property(story, anyOrdering, (told, ordering) => {
        const mode = cacheModeOf('unsafe')
        const events = tell(told, mode, ordering)
        // Not those that are barriers as well: they keep starts apart, in any mode.
        const flushes = new Set(
          events.flatMap((e) => (e.kind === 'submit' && e.type === 4 && e.flags === 0 ? [e.id] : [])),
        )
        const fewer = events.filter((event) => !('id' in event && flushes.has(event.id)))
        for (const kind of CRASH_KINDS) {
          expect(sectorsAfter(follow(mode, ordering, events), kind, SECTORS)).toEqual(
            sectorsAfter(follow(mode, ordering, fewer), kind, SECTORS),
          )
        }
      }),
      RUNS,
    )
  })
})
