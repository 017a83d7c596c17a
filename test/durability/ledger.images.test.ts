import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {CACHE_MODES, cacheModeOf, type CacheMode} from '../../src/cache-mode/index.js'
import {CRASH_KINDS, type CrashKind, Ledger} from '../../src/durability/index.js'
import {ORDERING_MODES, orderingModeOf, type OrderingMode} from '../../src/ordering/index.js'
import {FLAG_FUA} from '../../src/request/index.js'
import type {TraceEvent} from '../../src/trace/index.js'
import {bruteForce} from './brute-force.js'
import {flush, SEED, sectorsAfter} from './history.js'
import {SECTORS, story, tell} from './random-history.js'

const RUNS = {seed: SEED, numRuns: 1500}
const anyMode = fc.constantFrom(...CACHE_MODES)
const anyOrdering = fc.constantFrom(...ORDERING_MODES)

function follow(mode: CacheMode, ordering: OrderingMode, events: readonly TraceEvent[]): Ledger {
  const ledger = new Ledger(mode, ordering)
  for (const event of events) ledger.observe(event)
  return ledger
}

function product(lists: readonly (readonly number[])[]): Set<string> {
  let images: number[][] = [[]]
  for (const list of lists) images = images.flatMap((image) => list.map((id) => [...image, id]))
  return new Set(images.map((image) => image.join(' ')))
}

function isWithin(inner: readonly (readonly number[])[], outer: readonly (readonly number[])[]): boolean {
  return inner.every((list, sector) => list.every((id) => outer[sector]?.includes(id)))
}

/** What disagrees between the ledger's answers and the definition, as text; nothing when they agree. */
function disagreement(
  ledger: Ledger,
  events: readonly TraceEvent[],
  mode: CacheMode,
  ordering: OrderingMode,
  kind: CrashKind,
): string | undefined {
  const {images, durable} = bruteForce(events, mode, ordering, kind, SECTORS)
  const candidates = sectorsAfter(ledger, kind, SECTORS)
  const claimed = product(candidates)
  if (claimed.size !== images.size || [...images].some((image) => !claimed.has(image))) {
    return `${mode.name} ${kind}: ${[...claimed].join(', ')} is not ${[...images].join(', ')}`
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
  it('P10: the product of what each sector may hold is the set of images between Dur and Sub', () => {
    fc.assert(
      fc.property(story, anyMode, anyOrdering, (told, mode, ordering) => {
        const events = tell(told, mode, ordering)
        const ledger = follow(mode, ordering, events)
        for (const kind of CRASH_KINDS) {
          expect(disagreement(ledger, events, mode, ordering, kind)).toBeUndefined()
        }
      }),
      RUNS,
    )
  })

  it('would be told apart if FUA made earlier writes stable', () => {
    const mode = cacheModeOf('writeback')
    const ordering = orderingModeOf('drain')
    // A wrong ledger: after each FUA completion it is shown a FLUSH that never was.
    const withFlushAtFua = (events: readonly TraceEvent[]): TraceEvent[] => {
      const fua = new Set(events.flatMap((e) => (e.kind === 'submit' && (e.flags & FLAG_FUA) !== 0 ? [e.id] : [])))
      return events.flatMap((e) =>
        e.kind === 'complete' && e.stable && fua.has(e.id) ? [e, ...flush(e.id + 0.5)] : [e],
      )
    }
    const check = fc.check(
      fc.property(story, (told) => {
        const events = tell(told, mode, ordering)
        const wrong = follow(mode, ordering, withFlushAtFua(events))
        return disagreement(wrong, events, mode, ordering, 'powerLoss') === undefined
      }),
      RUNS,
    )
    expect(check.failed).toBe(true)
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
        const flushes = new Set(events.flatMap((e) => (e.kind === 'submit' && e.type === 4 ? [e.id] : [])))
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
