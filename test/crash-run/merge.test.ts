import {describe, expect, it} from 'vitest'
import {CRASH_SCHEMA, CrashModel, type CrashReport, type Shard} from '../../src/crash/index.js'
import {exploreDocument} from '../../src/crash-report/index.js'
import {commandReport, exploreWithCommand, mergeReports} from '../../src/crash-run/index.js'
import {traceDigest} from '../../src/crash-run/trace-digest.js'
import {filled, TraceWriter} from '../crash/traces.js'
import {firstByte, folder, script} from './scene.js'

const CHECK = [firstByte('A', 0), firstByte('B', 3), '[ $B = 0 ] || [ $A != 0 ]']

function modelOf(first = 1): CrashModel {
  const writer = new TraceWriter()
  writer.out(0, filled(first))
  for (let sector = 1; sector < 4; sector++) writer.out(sector)
  writer.flush()
  writer.out(0)
  return new CrashModel(writer.trace({sizeBytes: 8192}))
}

interface Part {
  readonly shard?: Shard
  readonly budget?: number
  readonly seed?: number
  readonly model?: CrashModel
  readonly signal?: AbortSignal
}

async function reportOf({shard, budget = 100, seed = 1, model = modelOf(), signal}: Part): Promise<CrashReport> {
  const check = [script(folder(), 'check', ...CHECK), '{image}']
  const found = await exploreWithCommand(model, {check, budget, seed, shard, signal})
  // As it comes from a file.
  const asked = {trace: traceDigest(model), check: 'check', budget, seed, shard}
  const {json} = exploreDocument(commandReport(model, found, asked), 't')
  return JSON.parse(JSON.stringify(json)) as CrashReport
}

function shards(count: number, part: Part = {}): Promise<CrashReport[]> {
  return Promise.all(Array.from({length: count}, (_, i) => reportOf({...part, shard: {index: i + 1, count}})))
}

describe('the reports of all shards', () => {
  it('become that of the whole', async () => {
    const [whole, parts] = [await reportOf({}), await shards(3)]
    for (const part of parts) {
      expect(part).toMatchObject({complete: false, finished: true})
      expect(part.states).toBeLessThan(whole.states)
    }
    const merged = mergeReports(parts.toReversed())
    expect({schema: CRASH_SCHEMA, ...merged}).toEqual({...whole, runs: merged.runs})
    expect(whole).toMatchObject({complete: true, violations: [{lost: [{request: 1}]}]})
  })

  it('are shares of one sample where the budget is too small for all images', async () => {
    const [whole, parts] = [await reportOf({budget: 10}), await shards(2, {budget: 10})]
    const merged = mergeReports(parts)
    expect(merged).toMatchObject({complete: false, finished: true, states: whole.states, failing: whole.failing})
    expect(merged.coverage).toEqual(whole.coverage)
  })

  it('do not make a whole when one was cut short', async () => {
    const [first, second] = [
      await reportOf({shard: {index: 1, count: 2}}),
      await reportOf({shard: {index: 2, count: 2}, signal: AbortSignal.abort()}),
    ]
    expect(mergeReports([first, second])).toMatchObject({complete: false, finished: false, listed: null})
  })
})

describe('reports that do not make a whole', () => {
  it('are refused when one is missing, there twice, or of none', async () => {
    const [first, second, third] = (await shards(3)) as [CrashReport, CrashReport, CrashReport]
    const whole = await reportOf({})
    const cases: [unknown[], string][] = [
      [[first, third], 'shard 2/3 is missing'],
      [[first, second, second], 'shard 2/3 is there twice'],
      [[whole], 'report 1 is not of a shard but of the whole'],
      [[], 'no report was given'],
      [[first, second, {...third, shard: {index: 4, count: 3}}], 'there is no shard 4/3'],
      [[first, second, {...third, states: third.states - 1}], `were to be asked about`],
    ]
    for (const [reports, message] of cases) {
      expect(() => mergeReports(reports)).toThrow(
        expect.objectContaining({kind: 'usage', code: 'E_MERGE', message: expect.stringContaining(message) as string}),
      )
    }
  })

  it.each<[string, Part]>([
    ['trace', {model: modelOf(77)}],
    ['seed', {seed: 2}],
    ['budget', {budget: 99}],
  ])('are refused when one is of another %s', async (what, other) => {
    const [first, second] = [
      await reportOf({shard: {index: 1, count: 2}}),
      await reportOf({...other, shard: {index: 2, count: 2}}),
    ]
    expect(() => mergeReports([first, second])).toThrow(`report 2 has another ${what} than report 1`)
  })

  it.each([null, 5, {}, [], {schema: 'flushpoint/crash@2'}, {schema: 'flushpoint/crash@1', complete: true}])(
    'are refused when one is none: %j',
    (document) => {
      expect(() => mergeReports([document])).toThrow(expect.objectContaining({kind: 'format', code: 'E_REPORT'}))
    },
  )
})
