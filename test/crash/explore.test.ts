import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {CACHE_MODES} from '../../src/cache-mode/index.js'
import {
  CrashModel,
  explore,
  listStates,
  sectorOf,
  stateId,
  stateOfId,
  type Atom,
  type Check,
  type CheckImage,
  type DeviceOrder,
} from '../../src/crash/index.js'
import {ORDERING_MODES} from '../../src/ordering/index.js'
import {story, tell} from '../durability/random-history.js'
import {SECTORS, SEED, traces} from './random-trace.js'
import {filled, TraceWriter} from './traces.js'

const RUNS = {seed: SEED, numRuns: 300}

/** Reads sectors in an order that depends on what it finds, and stops early for some contents: like a recovery that follows pointers. */
function wander(byteOf: (sector: number) => number): string {
  const seen: string[] = []
  let sector = 0
  for (let step = 0; step < 3; step++) {
    const byte = byteOf(sector)
    seen.push(`${sector}=${byte}`)
    if (byte % 4 === 3) break
    sector = (sector + 1 + (byte % 2)) % SECTORS
  }
  return seen.join(' ')
}

const byteAt = ({read}: CheckImage, sector: number): number => read(sector * 512, 512)[17] ?? 0

describe('lazy exploration', () => {
  it.each(['unordered', 'epoch', 'fifo'] as const)(
    'meets exactly the outcomes that all images of all points have, on a device that is %s',
    (device: DeviceOrder) => {
      fc.assert(
        fc.property(traces, (trace) => {
          const model = new CrashModel(trace, {device})
          const listed = new Set<string>()
          for (let point = 0; point <= model.lastPoint; point++) {
            for (const state of listStates(model.at(point))) {
              const told = wander((sector) => sectorOf(state, sector)[17] ?? 0)
              listed.add(`${model.marksBefore(point)} ${told}`)
            }
          }
          const met = new Set<string>()
          const result = explore(model, (image) => {
            met.add(`${image.reached.size} ${wander((sector) => byteAt(image, sector))}`)
          })
          expect(result.complete).toBe(true)
          expect(result.violations).toEqual([])
          expect(met).toEqual(listed)
        }),
        RUNS,
      )
    },
  )

  it('does so in histories with failures, holes, tags and syncs that fail, for every kind of crash, device and atom', () => {
    const options = fc.record({
      kind: fc.constantFrom('power', 'os', 'process'),
      device: fc.constantFrom('unordered', 'epoch', 'fifo'),
      atom: fc.constantFrom<Atom[]>(512, 4096, 'request'),
    })
    const modes = fc.constantFrom(...CACHE_MODES)
    const orderings = fc.constantFrom(...ORDERING_MODES)
    fc.assert(
      fc.property(story, modes, orderings, options, fc.nat(2), (told, mode, ordering, crash, first) => {
        const events = tell(told, mode, ordering).map((event) => ({
          event,
          data: event.kind === 'submit' ? filled(event.id, event.lengthBytes / 512) : undefined,
        }))
        const names = {mode: mode.name, ordering: ordering.name}
        const header = {sizeBytes: 4096, ...names, source: 'test', knownBefore: 'whole'} as const
        const model = new CrashModel({header, before: [], events}, crash)
        const sectors = [0, 1, 2].map((sector) => (sector + first) % 3)
        const listed = new Set<string>()
        for (let point = 0; point <= model.lastPoint; point++) {
          for (const state of listStates(model.at(point))) {
            listed.add(sectors.map((sector) => sectorOf(state, sector)[17]).join())
          }
        }
        const met = new Set<string>()
        const {complete} = explore(model, (image) => void met.add(sectors.map((s) => byteAt(image, s)).join()))
        expect(complete).toBe(true)
        expect(met).toEqual(listed)
      }),
      {...RUNS, numRuns: 1500},
    )
  })

  it('names the state of each violation, and the state shows what the check saw', () => {
    fc.assert(
      fc.property(traces, fc.nat(5), (trace, bad) => {
        const model = new CrashModel(trace)
        const check: Check = (image) => {
          const told = wander((sector) => byteAt(image, sector))
          if (told.includes(`=${bad}`)) image.fail(told)
        }
        for (const {id, message, state} of explore(model, check).violations) {
          const named = stateOfId(new CrashModel(trace), id)
          expect(stateId(named)).toBe(id)
          expect(named.choices).toEqual(state.choices)
          expect(wander((sector) => sectorOf(named, sector)[17] ?? 0)).toBe(message)
        }
      }),
      RUNS,
    )
  })

  it('covers 2^1000 images in as many runs as the sectors it reads can look', () => {
    const writer = new TraceWriter()
    for (let sector = 0; sector < 1000; sector++) writer.out(sector, filled(1 + (sector % 250)))
    const {complete, states} = explore(new CrashModel(writer.trace()), (image) => {
      for (let i = 0; i < 6; i++) byteAt(image, i * 100)
    })
    expect({complete, states}).toEqual({complete: true, states: 64})
  })

  it('asks only once for what looks the same at several crash points', () => {
    const writer = new TraceWriter()
    writer.out(0)
    for (let i = 0; i < 20; i++) {
      writer.out(5 + i)
      writer.flush()
    }
    let calls = 0
    const {complete, states, crashPoints} = explore(new CrashModel(writer.trace()), (image) => {
      calls++
      byteAt(image, 0)
    })
    expect({complete, crashPoints}).toEqual({complete: true, crashPoints: 21})
    expect(states).toBe(22) // two before the first flush, then one each
    expect(calls).toBe(3) // the very first run is made twice
  })

  it('keeps what a run writes to that run, and reads it back there', () => {
    const writer = new TraceWriter()
    writer.out(0, filled(8))
    const seen: number[] = []
    explore(new CrashModel(writer.trace()), ({read, write}) => {
      const before = read(0, 512)[3] ?? 0
      write(3, Uint8Array.of(99))
      expect([...read(2, 3)]).toEqual([before, 99, before])
      write(1024, filled(5))
      expect(read(1024, 512)).toEqual(filled(5))
      seen.push(before)
    })
    expect(new Set(seen)).toEqual(new Set([0, 8]))
  })

  it('gives a check copies: what it does to them changes no image', () => {
    const writer = new TraceWriter()
    writer.out(0, filled(8))
    writer.flush()
    const check: Check = ({read}) => {
      for (const sector of [0, 9]) {
        const bytes = read(sector * 512, 512)
        expect([0, 8]).toContain(bytes[0])
        bytes.fill(77)
      }
    }
    expect(explore(new CrashModel(writer.trace()), check).violations).toEqual([])
  })
})

describe('a check that is not what it should be', () => {
  const writer = new TraceWriter()
  writer.out(0)
  writer.out(1)
  const model = (): CrashModel => new CrashModel(writer.trace())

  it('is refused with both lists when it reads something else the second time', () => {
    let run = 0
    const check: Check = (image) => void byteAt(image, run++ % 2)
    expect(() => explore(model(), check)).toThrow('not deterministic: it read sector 0; then sector 1')
  })

  it('is refused when it reads less, more, or comes to another verdict', () => {
    let run = 0
    expect(() => explore(model(), (image) => run++ === 0 && byteAt(image, 0))).toThrow('sector 0; then nothing more')
    run = 0
    expect(() => explore(model(), (image) => run++ > 0 && byteAt(image, 0))).toThrow('nothing more; then sector 0')
    run = 0
    expect(() => explore(model(), (image) => void (byteAt(image, 0), run++ === 0 && image.fail('no')))).toThrow(
      'another verdict',
    )
  })

  it('is refused even if it catches every error', () => {
    let run = 0
    const check: Check = (image) => {
      try {
        byteAt(image, run++ % 2)
      } catch {
        // as a careless check would
      }
    }
    expect(() => explore(model(), check)).toThrow('not deterministic')
  })

  it('is refused when it is asynchronous', () => {
    const check = (async () => {
      await Promise.resolve()
    }) as unknown as Check
    expect(() => explore(model(), check)).toThrow('the check is asynchronous')
  })

  it('has found a violation when it throws, or leaves the image', () => {
    const thrown = explore(model(), () => {
      throw new Error('bad superblock')
    })
    expect(thrown.violations.map(({kind, message}) => ({kind, message}))).toEqual([
      {kind: 'inconsistent', message: 'bad superblock'},
    ])
    const outside = explore(model(), ({read}) => void read(1 << 20, 1))
    expect(outside.violations[0]?.message).toBe('the check read 1 bytes at 1048576, outside the image of 1048576 bytes')
    const written = explore(model(), ({write}) => write(-1, filled(1)))
    expect(written.violations[0]?.message).toContain('outside the image')
  })

  it('has found a violation when it fails and catches what that throws', () => {
    const {violations} = explore(model(), ({fail}) => {
      try {
        fail('no')
      } catch {
        // as a careless check would
      }
    })
    expect(violations).toHaveLength(1)
  })

  it('cannot read what the trace does not tell', () => {
    const silent = new TraceWriter()
    silent.out(0)
    const trace = {...silent.trace(), events: silent.events.map(({event}) => ({event}))}
    expect(() => explore(new CrashModel(trace), (image) => void byteAt(image, 0))).toThrow(
      'the trace does not tell what write #1 carried',
    )
  })
})

describe('canaries', () => {
  it('a check that always fails fails at the very first point, with nothing lost', () => {
    const writer = new TraceWriter()
    writer.out(0)
    writer.flush()
    const {violations, failing, states} = explore(new CrashModel(writer.trace()), ({fail}) => fail('always'))
    expect(failing).toBe(states)
    expect(violations.map(({event, lost, kind}) => ({event, lost, kind}))).toEqual([
      {event: 0, lost: [], kind: 'inconsistent'},
    ])
  })

  it('is never told complete with a budget below the number of states', () => {
    const writer = new TraceWriter()
    for (let sector = 0; sector < 4; sector++) writer.out(sector)
    writer.flush()
    writer.out(9)
    const check: Check = (image) => {
      for (const sector of [0, 1, 2, 3, 9]) byteAt(image, sector)
    }
    const all = explore(new CrashModel(writer.trace()), check).states
    expect(all).toBe(16 + 2)
    for (let budget = 0; budget <= all; budget++) {
      const {complete, states} = explore(new CrashModel(writer.trace()), check, {budget})
      expect({complete, states}).toEqual({complete: budget === all, states: budget})
    }
  })

  it('is not complete when it stopped at a violation or was cancelled', () => {
    const writer = new TraceWriter()
    writer.out(0)
    writer.flush()
    writer.out(0)
    const model = new CrashModel(writer.trace())
    expect(explore(model, ({fail}) => fail('always'), {stopsAtViolation: true}).complete).toBe(false)
    expect(explore(model, () => undefined, {isCancelled: () => true})).toMatchObject({complete: false, crashPoints: 0})
    let asked = 0
    const read: Check = (image) => void byteAt(image, 0)
    expect(explore(model, read, {isCancelled: () => ++asked > 2}).complete).toBe(false)
  })
})

describe('a broken promise and a broken image', () => {
  const writer = new TraceWriter()
  writer.out(0, filled(1))
  writer.mark('saved 1')
  writer.out(0, filled(2))
  writer.mark('saved 2')
  const model = new CrashModel(writer.trace())

  it('are told apart by asking again with fewer marks', () => {
    const {violations} = explore(model, (image) => {
      const found = byteAt(image, 0)
      if (image.reached.has('saved 2') && found < 2) image.fail(`found ${found}`)
    })
    expect(violations.map(({kind, mark, event}) => ({kind, mark, event}))).toEqual([
      {kind: 'acknowledged-lost', mark: 'saved 2', event: 8},
    ])
    // Losing both writes would do as well; losing one is the smaller case.
    expect(violations[0]?.lost).toEqual([{request: 2, offsetBytes: 0, lengthBytes: 512}])
    expect(violations[0]?.message).toBe('found 1')
  })

  it('are told apart by the check when it names the mark', () => {
    const {violations} = explore(model, (image) => {
      if (image.reached.has('saved 1') && byteAt(image, 0) === 0) image.fail('gone', {acknowledged: 'saved 1'})
    })
    expect(violations).toMatchObject([{kind: 'acknowledged-lost', mark: 'saved 1', event: 4}])
  })

  it('is a broken image when no promise explains it', () => {
    const {violations} = explore(model, (image) => {
      if (byteAt(image, 0) === 2) image.fail('two')
    })
    // As early as it can be there: with the write in flight.
    expect(violations).toMatchObject([{kind: 'inconsistent', mark: null, event: 6, lost: []}])
    expect(violations[0]?.story).toBe(
      'Power cut after request #2 was issued. On the medium, or overwritten there: #1, #2. Nothing was lost. ' +
        'Reached before: "saved 1". The check finds: two',
    )
  })
})
