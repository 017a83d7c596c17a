import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {CrashModel, listStates, stateId, stateOfId, type CrashOptions, type CrashPoint} from '../../src/crash/index.js'
import {ImageKeys} from '../../src/crash-run/materialise.js'
import {planStates, type StrategyName} from '../../src/crash-run/strategy.js'
import {SEED, traces} from '../crash/random-trace.js'
import {filled, TraceWriter} from '../crash/traces.js'

const RULES: readonly CrashOptions[] = [
  {},
  {device: 'fifo'},
  {device: 'epoch'},
  {atom: 4096},
  {atom: 'request'},
  {atom: 'torn'},
]

function planOf(point: CrashPoint, budget: number, seed = 1) {
  const keys = new ImageKeys()
  const plan = planStates(point, {budget, seed, keyOf: (state) => keys.keyOf(state)})
  return {plan, picked: [...plan.proposals], keyOf: (state: Parameters<ImageKeys['keyOf']>[0]) => keys.keyOf(state)}
}

function lastPoint(writer: TraceWriter, options: CrashOptions = {}): CrashPoint {
  const model = new CrashModel(writer.trace(), options)
  return model.at(model.lastPoint)
}

/** So many writes of one sector each, completed and not flushed. */
function volatileWrites(count: number): TraceWriter {
  const writer = new TraceWriter()
  for (let sector = 0; sector < count; sector++) writer.out(sector)
  return writer
}

/** Which sectors show the write to them, of the images of one strategy. */
function presence(point: CrashPoint, picked: ReturnType<typeof planOf>['picked'], strategy: StrategyName): string[] {
  const {count} = point.model.units
  return picked
    .filter((proposal) => proposal.strategy === strategy)
    .map(({state}) => Array.from({length: count}, (_, unit) => (state.choices.has(unit) ? '-' : 'x')).join(''))
}

describe('a plan with a budget for all images', () => {
  it('has each of them once, whatever the device keeps in order and whatever tears', () => {
    fc.assert(
      fc.property(traces, fc.constantFrom(...RULES), (trace, rules) => {
        const model = new CrashModel(trace, rules)
        for (const event of model.pointsThatMatter()) {
          const point = model.at(event)
          const {plan, picked, keyOf} = planOf(point, 1 << 20)
          expect(plan.isExhaustive).toBe(true)
          expect(picked).toHaveLength(new Set(picked.map(({key}) => key)).size)
          expect(new Set(picked.map(({key}) => key))).toEqual(new Set([...listStates(point)].map(keyOf)))
          expect(plan.coverage()).toEqual([{strategy: 'all', images: picked.length, isWhole: true}])
        }
      }),
      {seed: SEED, numRuns: 120},
    )
  })

  it('counts images with the same bytes once', () => {
    const writer = new TraceWriter()
    for (let i = 0; i < 10; i++) writer.out(0, filled(7))
    const {plan, picked} = planOf(lastPoint(writer), 2)
    expect([plan.atMost, plan.isExhaustive, picked.length]).toEqual([2n, true, 2])
  })
})

describe('a plan without one', () => {
  it('keeps to the budget, and picks only images that a crash may leave', () => {
    fc.assert(
      fc.property(traces, fc.constantFrom(...RULES), fc.integer({min: 1, max: 7}), (trace, rules, budget) => {
        const model = new CrashModel(trace, rules)
        for (const event of model.pointsThatMatter()) {
          const point = model.at(event)
          const {plan, picked} = planOf(point, budget)
          expect(picked.length).toBeLessThanOrEqual(budget)
          // A state that is no image has no id that can be read again.
          for (const {state} of picked) expect(stateOfId(model, stateId(state)).choices).toEqual(state.choices)
          expect(plan.coverage().some(({strategy}) => strategy === 'all')).toBe(plan.isExhaustive)
        }
      }),
      {seed: SEED, numRuns: 120},
    )
  })

  it('begins with what is there if writes arrive in their order', () => {
    const point = lastPoint(volatileWrites(5))
    const {plan, picked} = planOf(point, 31)
    expect(plan).toMatchObject({isExhaustive: false, atLeast: 32n, atMost: 32n})
    expect(presence(point, picked, 'prefixes')).toEqual(['xxxxx', 'xxxx-', 'xxx--', 'xx---', 'x----', '-----'])
  })

  it('goes by the order of completion where writes overtook each other', () => {
    const writer = new TraceWriter()
    const ids = Array.from({length: 5}, (_, sector) => writer.flying(sector))
    for (const id of ids.toReversed()) writer.complete(id)
    const point = lastPoint(writer)
    expect(presence(point, planOf(point, 31).picked, 'prefixes').slice(0, 3)).toEqual(['xxxxx', '-xxxx', '--xxx'])
  })

  it('goes on with all but one, nothing but one, subsets of writes, pairs and random images', () => {
    const point = lastPoint(volatileWrites(12))
    const {plan, picked} = planOf(point, 400)
    expect(presence(point, picked, 'single-drops')).toHaveLength(11) // all but the last is a prefix
    expect(presence(point, picked, 'single-keeps')).toHaveLength(11) // nothing but the first is one too
    expect(presence(point, picked, 'single-keeps')).toContain('-----------x')
    expect(presence(point, picked, 'write-subsets').slice(0, 2)).toEqual(['--xxxxxxxxxx', '-x-xxxxxxxxx'])
    expect(plan.coverage().map(({strategy, isWhole}) => [strategy, isWhole])).toEqual([
      ['prefixes', true],
      ['single-drops', true],
      ['single-keeps', true],
      ['write-subsets', false],
      ['pairs', true],
      ['random', false],
    ])
    expect(plan.coverage().reduce((sum, {images}) => sum + images, 0)).toBe(400)
  })

  it('loses all of a write at once before it loses parts of it', () => {
    const writer = new TraceWriter()
    writer.out(0, filled(1, 4))
    writer.out(4, filled(2, 4))
    const point = lastPoint(writer)
    expect(presence(point, planOf(point, 40).picked, 'single-drops')[0]).toBe('----xxxx')
  })

  it.each([{}, {device: 'fifo'}, {atom: 4096}] as const)(
    'holds every pair of contents that go together: %j',
    (rules) => {
      const writer = new TraceWriter()
      for (let round = 0; round < 2; round++) for (let sector = 0; sector < 36; sector += 4) writer.out(sector)
      const point = lastPoint(writer, rules)
      const {plan, picked} = planOf(point, 2000)
      // One queue leaves few images; elsewhere the strategy has to have come to its end.
      expect(plan.coverage().some(({strategy, isWhole}) => isWhole && /^(pairs|all)$/.test(strategy))).toBe(true)
      const met = new Set<string>()
      for (const {state} of picked) {
        for (let unit = 0; unit < 9; unit++) {
          for (let other = 0; other < unit; other++) {
            met.add([unit, state.choices.get(unit) ?? 0, other, state.choices.get(other) ?? 0].join(' '))
          }
        }
      }
      for (let unit = 0; unit < 9; unit++) {
        for (let other = 0; other < unit; other++) {
          point.contents(unit).forEach((a, i) =>
            point.contents(other).forEach((b, j) => {
              expect(met.has([unit, i, other, j].join(' '))).toBe(!point.conflicts(unit, a, other, b))
            }),
          )
        }
      }
    },
  )

  it('is the same for the same seed, and another for another', () => {
    const ids = (seed: number): string[] =>
      planOf(lastPoint(volatileWrites(20)), 300, seed).picked.map(({state}) => stateId(state))
    expect(ids(5)).toEqual(ids(5))
    expect(ids(6)).not.toEqual(ids(5))
  })

  it('ends though the budget has room left when nothing new is met', () => {
    // 2^13 images by what the units show, and fewer than the budget once equal bytes are one.
    const writer = new TraceWriter()
    for (let i = 0; i < 5; i++) writer.out(0, filled(7))
    writer.out(1)
    const point = lastPoint(writer, {device: 'fifo'})
    const {plan, picked} = planOf(point, 5)
    expect(plan.isExhaustive).toBe(false)
    expect(picked.length).toBeLessThan(5)
  })
})
