import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {CACHE_MODES} from '../../src/cache-mode/index.js'
import {
  completed,
  countStates,
  CrashModel,
  explore,
  findFix,
  listStates,
  shownIn,
  withInsertions,
  type CrashOptions,
} from '../../src/crash/index.js'
import type {Trace} from '../../src/trace/index.js'
import {brown} from './protocols.js'
import {SEED, traces} from './random-trace.js'
import {TraceWriter} from './traces.js'

const RUNS = {seed: SEED, numRuns: 300}

function imagesAtEnd(trace: Trace, options: CrashOptions = {}): Set<string> {
  const model = new CrashModel(trace, options)
  return new Set(
    [...listStates(model.at(model.lastPoint))].map((state) =>
      shownIn(state)
        .map(({content}) => content.writer)
        .join(),
    ),
  )
}

function isWithin(inner: ReadonlySet<string>, outer: ReadonlySet<string>): boolean {
  return [...inner].every((image) => outer.has(image))
}

describe('the images of a crash', () => {
  it('P2: are no more under none than under writeback, nor there than under unsafe; fewest where completed is stable', () => {
    fc.assert(
      fc.property(traces, fc.constantFrom('power', 'os'), (trace, kind) => {
        const [through, direct, none, back, unsafe] = (
          ['writethrough', 'directsync', 'none', 'writeback', 'unsafe'] as const
        ).map((mode) => imagesAtEnd(trace, {kind, mode}))
        expect(through).toEqual(direct)
        expect(isWithin(direct ?? new Set(), none ?? new Set())).toBe(true)
        expect(isWithin(none ?? new Set(), back ?? new Set())).toBe(true)
        expect(isWithin(back ?? new Set(), unsafe ?? new Set())).toBe(true)
      }),
      RUNS,
    )
  })

  it('P3: have the image without a crash among them, and it is the first in the list', () => {
    fc.assert(
      fc.property(traces, (trace) => {
        const model = new CrashModel(trace)
        const point = model.at(model.lastPoint)
        const [first] = [...listStates(point)]
        expect(first?.choices).toEqual(new Map())
        expect(completed(point, new Map()).choices).toEqual(new Map())
      }),
      RUNS,
    )
  })

  it('P5: are one after a flush with nothing in flight, where no two writes overlapped in time', () => {
    const sectors = fc.array(fc.nat(4), {minLength: 1, maxLength: 6})
    fc.assert(
      fc.property(sectors, fc.constantFrom(...CACHE_MODES.filter(({noFlush}) => !noFlush)), (list, {name}) => {
        const writer = new TraceWriter()
        for (const sector of list) writer.out(sector)
        writer.flush()
        const model = new CrashModel(writer.trace({mode: name}))
        expect(countStates(model.at(model.lastPoint)).atMost).toBe(1n)
      }),
      RUNS,
    )
  })

  it('are no more on a device that keeps epochs, and on one with a single queue, than on one that keeps no order', () => {
    fc.assert(
      fc.property(traces, (trace) => {
        const free = imagesAtEnd(trace)
        expect(isWithin(imagesAtEnd(trace, {device: 'epoch'}), free)).toBe(true)
        expect(isWithin(imagesAtEnd(trace, {device: 'fifo'}), free)).toBe(true)
      }),
      RUNS,
    )
  })

  it('P12: are the same under unsafe without any FLUSH', () => {
    fc.assert(
      fc.property(traces, (trace) => {
        const flushes = new Set(
          trace.events.flatMap(({event}) => (event.kind === 'submit' && event.type === 4 ? [event.id] : [])),
        )
        const without = {...trace, events: trace.events.filter(({event}) => !('id' in event && flushes.has(event.id)))}
        // Without any start left, each write would count as started when it was submitted.
        fc.pre(without.events.length === 0 || without.events.some(({event}) => event.kind === 'start'))
        expect(imagesAtEnd(trace, {mode: 'unsafe'})).toEqual(imagesAtEnd(without, {mode: 'unsafe'}))
      }),
      RUNS,
    )
  })
})

describe('from a trace to the flush that is missing', () => {
  it('a violation is found, told, named and mended', () => {
    const {write, check} = brown({slots: 2, replays: 'newest', commits: ['AB', 'A']})
    const trace = write('flush').trace()
    const [violation] = explore(new CrashModel(trace), check).violations
    const fix = violation && findFix(trace, {}, check, violation)
    expect(fix?.insertions).toHaveLength(1)
    const mended = explore(new CrashModel(withInsertions(trace, fix?.insertions ?? [])), check)
    expect(mended).toMatchObject({complete: true, violations: [], failing: 0})
  })
})
