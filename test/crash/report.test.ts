import {describe, expect, it} from 'vitest'
import {CrashModel, explore, findFix, toldExploration, type Check, type Exploration} from '../../src/crash/index.js'
import {circumstances} from '../../src/crash/story.js'
import {TraceWriter} from './traces.js'

/** Two writes, and a check that wants the first whenever the second is there. */
function scene(): {trace: ReturnType<TraceWriter['trace']>; check: Check} {
  const writer = new TraceWriter()
  writer.out(0)
  writer.out(1)
  writer.mark('told')
  return {
    trace: writer.trace(),
    check: ({read, fail}) => {
      if (read(512, 1)[0] === 2 && read(0, 1)[0] !== 1) fail('the second without the first')
    },
  }
}

const OF = {trace: 'digest', check: 'check.mjs', budget: null, seed: 0, shares: 'points'} as const

describe('an exploration as plain values', () => {
  it('survives a trip to another thread, with the fix of each violation beside it', () => {
    const {trace, check} = scene()
    const model = new CrashModel(trace)
    const exploration = explore(model, check)
    const [violation] = exploration.violations
    const fix = violation && findFix(trace, {}, check, violation)
    expect(fix).toBeDefined()
    const points = model.pointsThatMatter().length
    const telling = {of: OF, shard: undefined, crashPointsAll: points}
    const told = toldExploration(model, exploration, {...telling, fixes: new Map(fix && [[violation.id, fix]])})
    expect(structuredClone(told)).toEqual(told)
    expect(told).toMatchObject({
      complete: true,
      crashPoints: points,
      crashPointsAll: points,
      options: {kind: 'power', mode: 'writeback', atom: 512},
      violations: [{state: violation?.id, kind: 'inconsistent', fix: [{insert: 'FUA', after: 1}], isFixWhole: true}],
    })
    expect(toldExploration(model, exploration, telling).violations[0]).toMatchObject({fix: [], isFixWhole: null})
  })

  it('of a share of the points is finished, and never complete', () => {
    const {trace, check} = scene()
    const model = new CrashModel(trace)
    const shard = {index: 1, count: 2}
    const told = toldExploration(model, explore(model, check, {shard}), {of: OF, shard, crashPointsAll: 9})
    expect(told).toMatchObject({complete: false, finished: true, shard})
    const cut = explore(model, check, {shard, budget: 1})
    expect(toldExploration(model, cut, {of: OF, shard, crashPointsAll: 9})).toMatchObject({finished: false})
  })

  it('can be watched point by point, and is complete at the last one only', () => {
    const {trace, check} = scene()
    const seen: Exploration[] = []
    const end = explore(new CrashModel(trace), check, {watch: (soFar) => seen.push(soFar)})
    expect(seen.map(({crashPoints}) => crashPoints)).toEqual(seen.map((_, i) => i + 1))
    expect(seen.map(({complete}) => complete)).toEqual(seen.map((_, i) => i === seen.length - 1))
    expect(seen.at(-1)).toEqual(end)
  })

  it('has no fix when the search for it is cancelled', () => {
    const {trace, check} = scene()
    const [violation] = explore(new CrashModel(trace), check).violations
    expect(violation && findFix(trace, {}, check, violation, {isCancelled: () => true})).toBeUndefined()
    expect(violation && circumstances(violation.state, violation.lost)).toBe(
      'Power cut after request #2 was issued. On the medium, or overwritten there: #2. Lost: #1 (512 at 0). No mark had been reached.',
    )
  })
})
