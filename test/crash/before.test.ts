import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {Prng} from '../../src/base/index.js'
import {CrashModel, explore, listStates, sectorOf, stableSurvives, stateId, type Check} from '../../src/crash/index.js'
import type {KnownBefore, Trace} from '../../src/trace/index.js'
import {SEED, SECTORS, traces} from './random-trace.js'
import {filled, TraceWriter} from './traces.js'

/** Sectors that a test looks at: those that traces write to, and some that none does. */
const SEEN = Array.from({length: SECTORS + 3}, (_, sector) => sector)

/** The sectors that a trace writes to. */
function touchedBy(trace: Trace): number[] {
  const {units} = new CrashModel(trace)
  return SEEN.filter((sector) => units.unitOf(sector) >= 0)
}

/** The same events on an image that held this, with before-images of some sectors. */
function over(trace: Trace, held: Uint8Array, sectors: readonly number[], knownBefore: KnownBefore): Trace {
  const before = sectors.map((sector) => ({
    offsetBytes: sector * 512,
    bytes: held.subarray(sector * 512, sector * 512 + 512),
  }))
  return {header: {...trace.header, knownBefore}, before, events: trace.events}
}

function readerOf(image: Uint8Array) {
  return (offsetBytes: number, into: Uint8Array): void =>
    into.set(image.subarray(offsetBytes, offsetBytes + into.length))
}

/** What a call answers, or throws. */
function outcomeOf(call: () => unknown): unknown {
  try {
    return call()
  } catch (error) {
    return error
  }
}

/** A check that goes on reading where the last byte sends it, and refuses some of what it saw. */
function wandering(seen: Set<string>): Check {
  return ({read, fail}) => {
    const met: number[] = []
    for (let sector = 0, step = 0; step < 4; step++) {
      met.push(read(sector * 512, 512)[17] ?? 0)
      sector = ((met.at(-1) ?? 0) + step) % SEEN.length
    }
    seen.add(met.join())
    if ((met.at(-1) ?? 0) % 7 === 0) fail(met.join())
  }
}

/** All that can be told of a model: what a check meets and says, and the images with their names. */
function told(model: CrashModel): unknown {
  const met = new Set<string>()
  const {complete, states, failing, violations} = explore(model, wandering(met))
  const images = model
    .pointsThatMatter()
    .flatMap((event) => [...listStates(model.at(event))])
    .map((state) => [stateId(state), SEEN.map((sector) => Buffer.from(sectorOf(state, sector)).toString('base64'))])
  const said = violations.map(({id, kind, message, event, lost, story}) => ({id, kind, message, event, lost, story}))
  return {complete, states, failing, met, images, said}
}

describe('what the image held before a trace', () => {
  it('is the same from a trace that knows the whole, and from one of what requests touched with the image as it is afterwards', () => {
    fc.assert(
      fc.property(traces, fc.nat(), fc.boolean(), (trace, seed, isSparse) => {
        const prng = new Prng(seed)
        const held = new Uint8Array(trace.header.sizeBytes)
        for (const sector of SEEN)
          if (!isSparse || prng.chance(0.5)) prng.fill(held.subarray(sector * 512, sector * 512 + 512))
        const touched = touchedBy(trace)
        // Whatever requests left there: the trace knows better.
        const after = Uint8Array.from(held)
        for (const sector of touched) prng.fill(after.subarray(sector * 512, sector * 512 + 512))
        const data = SEEN.filter((sector) => held.subarray(sector * 512, sector * 512 + 512).some((byte) => byte !== 0))
        const whole = new CrashModel(over(trace, held, data, 'whole'))
        const partial = new CrashModel(over(trace, held, touched, 'touched'), {base: readerOf(after)})
        expect(told(partial)).toEqual(told(whole))
        // A base adds nothing to what is known.
        expect(told(new CrashModel(whole.trace, {base: readerOf(after)}))).toEqual(told(whole))
      }),
      {seed: SEED, numRuns: 300},
    )
  })

  it('is refused to a check that reads what nobody knows, which cannot catch that, and to no other', () => {
    fc.assert(
      fc.property(
        traces,
        fc.constantFrom<KnownBefore[]>('touched', 'listed'),
        fc.nat(SEEN.length - 1),
        (trace, knownBefore, asked) => {
          const touched = touchedBy(trace)
          const model = new CrashModel(over(trace, new Uint8Array(4096).fill(9), touched, knownBefore))
          const passed = {complete: true, failing: 0}
          const refused = {kind: 'usage', code: 'E_NO_BASE', context: {offsetBytes: asked * 512}}
          const outcome = outcomeOf(() =>
            explore(model, ({read}) => {
              try {
                read(asked * 512, 1)
              } catch {
                // A check may catch whatever it likes.
              }
            }),
          )
          expect(outcome).toMatchObject(touched.includes(asked) ? passed : refused)
          // What was promised is asked of the trace alone.
          expect(stableSurvives(model)).toMatchObject({complete: true})
        },
      ),
      {seed: SEED, numRuns: 300},
    )
  })

  it('is refused with what the trace has, and where the rest can be had', () => {
    const hintOf = (knownBefore: KnownBefore): unknown =>
      outcomeOf(() => new CrashModel(new TraceWriter().trace({knownBefore})).before.mustBeKnown())
    expect(hintOf('whole')).toBeUndefined()
    expect(hintOf('touched')).toMatchObject({
      message: 'nobody knows what byte 0 of the image held before the trace, which has only what requests changed',
      hint: expect.stringContaining('The image that was recorded will do') as string,
    })
    expect(hintOf('listed')).toMatchObject({
      message: 'nobody knows what byte 0 of the image held before the trace, which has only what it lists',
      hint: expect.stringContaining('the image as it was before the trace') as string,
    })
  })

  it('is known as a whole where before-images leave no byte out, however they overlap', () => {
    const images = (...ranges: [at: number, length: number][]): CrashModel => {
      const before = ranges.map(([offsetBytes, length], i) => ({
        offsetBytes,
        bytes: new Uint8Array(length).fill(i + 1),
      }))
      const header = new TraceWriter().trace({sizeBytes: 1000, knownBefore: 'listed'}).header
      return new CrashModel({header, before, events: []})
    }
    // A long one under short ones is found behind them too.
    const {before} = images([0, 1000], [10, 5], [100, 5])
    before.mustBeKnown()
    const bytes = new Uint8Array(200)
    before.read(0, bytes)
    expect([bytes[9], bytes[10], bytes[14], bytes[15], bytes[102], bytes[199]]).toEqual([1, 2, 2, 1, 3, 1])
    const last = new Uint8Array(512)
    before.read(512, last)
    expect([last[0], last[487], last[488]]).toEqual([1, 1, 0]) // behind the end of the image there is nothing to know
    expect(() => images([0, 600], [700, 300]).before.mustBeKnown()).toThrow('what byte 600 of the image')
    expect(() => images([0, 600], [100, 5]).before.mustBeKnown(550, 100)).toThrow('what byte 600 of the image')
    expect(images([512, 488]).before.knows(0)).toBe(false)
    expect(images([512, 488]).before.knows(1)).toBe(true)
  })

  it('is not compared where nobody knows it, so that nothing is taken to be the same as what is written', () => {
    const writer = new TraceWriter()
    writer.out(0, filled(0))
    const classes = (knownBefore: KnownBefore): number => {
      const model = new CrashModel(writer.trace({knownBefore}))
      return new Set(Array.from(model.at(model.lastPoint).contents(0), (number) => model.contents.classOf(0, number)))
        .size
    }
    expect(classes('whole')).toBe(1)
    expect(classes('touched')).toBe(2)
    expect(classes('listed')).toBe(2)
  })
})
