import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {CACHE_MODES, cacheModeOf} from '../../src/cache-mode/index.js'
import {
  countStates,
  CrashModel,
  listStates,
  shownIn,
  sectorOf,
  type Atom,
  type DeviceOrder,
} from '../../src/crash/index.js'
import {CRASH_KINDS, Ledger} from '../../src/durability/index.js'
import {ORDERING_MODES, orderingModeOf} from '../../src/ordering/index.js'
import {FLAG_BARRIER, FLAG_FUA} from '../../src/request/index.js'
import type {KnownBefore, Trace} from '../../src/trace/index.js'
import {story, tell} from '../durability/random-history.js'
import {imagesByDefinition} from './definition.js'
import {SECTORS, SEED, traces} from './random-trace.js'
import {filled, TraceWriter} from './traces.js'

const RUNS = {seed: SEED, numRuns: 400}
/** Traces with more images at a point than this are not listed. */
const LISTED_MAX = 1500
const kinds = fc.constantFrom('power', 'os', 'process')
const KINDS = {powerLoss: 'power', osCrash: 'os', processKill: 'process'} as const

/** Every image of a point as text, the first sectors read back from their bytes: each write fills its sectors with its id. */
function imagesOf(model: CrashModel, point: number, sectors = SECTORS): Set<string> {
  const images = new Set<string>()
  for (const state of listStates(model.at(point))) {
    images.add(Array.from({length: sectors}, (_, sector) => sectorOf(state, sector)[0]).join(' '))
  }
  return images
}

describe('the crash model', () => {
  it.each(['unordered', 'epoch', 'fifo'] as const)(
    'allows at every point what the definition allows on a device that is %s',
    (device: DeviceOrder) => {
      fc.assert(
        fc.property(traces, (trace) => {
          const model = new CrashModel(trace, {device})
          for (let point = 0; point <= model.lastPoint; point++) {
            const defined = imagesByDefinition(trace, point, {device, atom: 512, sectors: SECTORS})
            expect(imagesOf(model, point)).toEqual(defined)
          }
        }),
        RUNS,
      )
    },
  )

  it.each([4096, 'request'] as const)('keeps and loses atoms of %s as the definition does', (atom: Atom) => {
    const write = fc.tuple(fc.nat(15), fc.integer({min: 1, max: 12}), fc.nat(5))
    fc.assert(
      fc.property(fc.array(write, {minLength: 1, maxLength: 4}), (writes) => {
        const writer = new TraceWriter()
        for (const [from, sectors, flush] of writes) {
          const id = writer.flying(from, Math.min(sectors, 16 - from))
          writer.complete(id)
          if (flush === 0) writer.flush()
        }
        const trace = writer.trace()
        const model = new CrashModel(trace, {atom})
        for (let point = 0; point <= model.lastPoint; point++) {
          const defined = imagesByDefinition(trace, point, {device: 'unordered', atom, sectors: 16})
          expect(imagesOf(model, point, 16)).toEqual(defined)
        }
      }),
      {...RUNS, numRuns: 150},
    )
  })

  it('allows on each sector what the ledger allows, less what had not been issued', () => {
    fc.assert(
      fc.property(story, fc.constantFrom(...CACHE_MODES), (told, mode) => {
        const ordering = orderingModeOf('drain-flush')
        const events = tell(told, mode, ordering)
        fc.pre(events.some(({kind}) => kind === 'start'))
        const trace: Trace = {
          header: {
            ...{sizeBytes: 4096, mode: mode.name, ordering: ordering.name},
            ...{source: 'test', knownBefore: 'whole'},
          },
          before: [],
          events: events.map((event) => ({event})),
        }
        for (const kind of CRASH_KINDS) {
          const model = new CrashModel(trace, {kind: KINDS[kind]})
          const ledger = new Ledger(mode, ordering)
          const started = new Set<number>([0])
          events.forEach((event, index) => {
            ledger.observe({...event, ...('stable' in event ? expectedOf(model, index) : {})})
            if (event.kind === 'start') started.add(event.id)
            for (let sector = 0; sector < 3; sector++) {
              const unit = model.units.unitOf(sector)
              const point = model.at(index + 1)
              const held =
                unit < 0 ? [0] : Array.from(point.contents(unit), (n) => model.contents.content(unit, n).writer)
              const allowed = ledger.candidates(kind, sector).filter((id) => started.has(id))
              expect(new Set(held)).toEqual(new Set(allowed))
            }
          })
        }
      }),
      {...RUNS, numRuns: 300},
    )
  })

  it('replays the requests under another mode: stable at completion, at a flush, or never', () => {
    const writer = new TraceWriter()
    writer.out(0)
    const trace = writer.trace({mode: 'writeback'})
    const last = (mode: 'writethrough' | 'writeback' | 'unsafe'): Set<string> => {
      const model = new CrashModel(trace, {mode})
      return imagesOf(model, model.lastPoint, 1)
    }
    expect(last('writethrough')).toEqual(new Set(['1']))
    expect(last('writeback')).toEqual(new Set(['0', '1']))
    const flushed = new TraceWriter()
    flushed.out(0)
    flushed.flush()
    const model = new CrashModel(flushed.trace({mode: 'writethrough'}), {mode: 'unsafe'})
    expect(imagesOf(model, model.lastPoint, 1)).toEqual(new Set(['0', '1']))
  })

  it('takes content before the trace from its records, then as zeroes if it knows the whole, else from the base', () => {
    const writer = new TraceWriter().before(1, filled(7))
    writer.out(0)
    const shown = (knownBefore: KnownBefore): unknown => {
      const base = (offsetBytes: number, into: Uint8Array): void => void into.fill(offsetBytes === 512 ? 9 : 5)
      const [state] = [...listStates(new CrashModel(writer.trace({knownBefore}), {base}).at(0))]
      return state && [0, 1, 2].map((sector) => sectorOf(state, sector)[511])
    }
    expect(shown('whole')).toEqual([0, 7, 0])
    expect(shown('touched')).toEqual([5, 7, 5])
    expect(shown('listed')).toEqual([5, 7, 5])
  })

  it('takes a trace without starts as one where each request starts with its submission', () => {
    const writer = new TraceWriter()
    writer.submit('OUT')
    const model = new CrashModel(writer.trace())
    expect(imagesOf(model, model.lastPoint, 1)).toEqual(new Set(['0', '1']))
  })

  it('refuses a write that is not made of whole sectors', () => {
    const writer = new TraceWriter()
    writer.events.push({event: {kind: 'submit', id: 1, type: 1, flags: 0, offsetBytes: 1, lengthBytes: 512, atNs: 0}})
    expect(() => new CrashModel(writer.trace())).toThrow('write #1 is not made of whole 512-byte sectors')
  })

  it('shows a discarded sector as zeroes, as it was, or as something else', () => {
    const writer = new TraceWriter()
    writer.out(0, filled(3))
    writer.flush()
    writer.done('DISCARD')
    writer.flush()
    const model = new CrashModel(writer.trace())
    const parts = [...listStates(model.at(model.lastPoint))].map((state) => shownIn(state)[0]?.content.part)
    expect(parts.toSorted()).toEqual(['any', 'old', 'zero'])
    const images = imagesOf(model, model.lastPoint, 1)
    expect(images.has('0')).toBe(true)
    expect(images.has('3')).toBe(true)
    expect(images.size).toBe(3)
  })
})

/** The completion as the model replays it: without plans it says itself what is stable. */
function expectedOf(model: CrashModel, index: number): object {
  const event = model.replay.steps[index]?.[0]
  return event?.kind === 'complete' ? {stable: event.stable, ignored: event.ignored, status: event.status} : {}
}

describe('the points that matter', () => {
  it.each(['unordered', 'epoch', 'fifo'] as const)(
    'show every image of every point, with the marks reached, on a device that is %s',
    (device: DeviceOrder) => {
      fc.assert(
        fc.property(
          traces,
          fc.constantFrom('power', 'os', 'process'),
          fc.constantFrom(...CACHE_MODES),
          (trace, kind, {name}) => {
            const model = new CrashModel(trace, {device, kind, mode: cacheModeOf(name).name})
            const seen = (points: readonly number[]): Set<string> =>
              new Set(
                points.flatMap((point) =>
                  [...imagesOf(model, point)].map((image) => `${model.marksBefore(point)}: ${image}`),
                ),
              )
            const all = Array.from({length: model.lastPoint + 1}, (_, point) => point)
            expect(seen(model.pointsThatMatter())).toEqual(seen(all))
          },
        ),
        RUNS,
      )
    },
  )

  it.each(['torn', 4096, 'request'] as const)('show every image of every point where atoms are %s', (atom: Atom) => {
    fc.assert(
      fc.property(traces, (trace) => {
        const model = new CrashModel(trace, {atom})
        const seen = (points: readonly number[]): Set<string> =>
          new Set(
            points.flatMap((point) =>
              [...listStates(model.at(point))].slice(0, LISTED_MAX).map(
                (state) =>
                  `${model.marksBefore(point)}: ${shownIn(state)
                    .map(({content}) => JSON.stringify(content))
                    .join()}`,
              ),
            ),
          )
        const all = Array.from({length: model.lastPoint + 1}, (_, point) => point)
        fc.pre(all.every((point) => countStates(model.at(point)).atMost < LISTED_MAX))
        expect(seen(model.pointsThatMatter())).toEqual(seen(all))
      }),
      {...RUNS, numRuns: 100},
    )
  })

  it('show every image of every point, whatever a barrier with data means', () => {
    const withBarriers = (trace: Trace): Trace => ({
      ...trace,
      events: trace.events.map(({event, data}) => {
        const isFua = event.kind === 'submit' && event.flags === FLAG_FUA
        return {event: isFua ? {...event, flags: FLAG_BARRIER} : event, data}
      }),
    })
    const modes = fc.constantFrom(...CACHE_MODES)
    fc.assert(
      fc.property(traces, fc.constantFrom(...ORDERING_MODES), modes, kinds, (told, {name}, mode, kind) => {
        const trace = withBarriers(told)
        const model = new CrashModel(trace, {ordering: name, mode: mode.name, kind})
        const seen = (points: readonly number[]): Set<string> =>
          new Set(
            points.flatMap((point) =>
              [...imagesOf(model, point)].map((image) => `${model.marksBefore(point)}: ${image}`),
            ),
          )
        const all = Array.from({length: model.lastPoint + 1}, (_, point) => point)
        expect(seen(model.pointsThatMatter())).toEqual(seen(all))
      }),
      {...RUNS, numRuns: 800},
    )
  })

  it('are before the end of a write that another request wants to come behind a sync', () => {
    const writer = new TraceWriter()
    writer.out(0)
    const id = writer.submit('OUT', 1)
    writer.events.push({event: {kind: 'start', id, held: false, fresh: [], preSync: true, atNs: 0}})
    writer.complete(id)
    const model = new CrashModel(writer.trace())
    // The sync comes first: the second write is there only with the first, and once it has ended the first is durable.
    expect(imagesOf(model, 5, 2)).toEqual(new Set(['0 0', '1 0', '1 2']))
    expect(imagesOf(model, 6, 2)).toEqual(new Set(['1 0', '1 2']))
    expect(model.pointsThatMatter()).toEqual([5, 6])
  })

  it('are before the end of a write that an ordered tag had kept behind another', () => {
    const writer = new TraceWriter()
    const older = writer.flying(0)
    const tag = writer.flying(2, 1, FLAG_BARRIER)
    const newer = writer.flying(0)
    writer.complete(older).complete(tag)
    writer.flying(1, 1, FLAG_BARRIER)
    const before = writer.events.length
    writer.complete(newer)
    const model = new CrashModel(writer.trace({ordering: 'tag-flush'}))
    // While it is in flight nobody knows that it comes behind the older one.
    expect(imagesOf(model, before).has('1 4 2')).toBe(true)
    expect(imagesOf(model, before + 1).has('1 4 2')).toBe(false)
    expect(model.pointsThatMatter()).toContain(before)
  })

  it('are the points before a flush ends and the end, when nothing else decides anything', () => {
    const writer = new TraceWriter()
    writer.out(0)
    writer.flush()
    writer.out(1)
    expect(new CrashModel(writer.trace()).pointsThatMatter()).toEqual([5, 9])
  })
})
