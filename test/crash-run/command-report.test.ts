import {describe, expect, it} from 'vitest'
import {CrashModel} from '../../src/crash/index.js'
import {commandReport, exploreWithCommand} from '../../src/crash-run/index.js'
import {filled, TraceWriter} from '../crash/traces.js'

async function reportOf(writes: number, fill = 1) {
  const writer = new TraceWriter()
  for (let sector = 0; sector < writes; sector++) writer.out(sector, filled(fill))
  const model = new CrashModel(writer.trace({sizeBytes: 1 << 16}))
  const options = {trace: 'digest', check: 'true', budget: 3, seed: 1}
  return commandReport(model, await exploreWithCommand(model, options), options)
}

describe('a report of an exploration with a command', () => {
  it('is JSON, with numbers of images that no double can count', async () => {
    const report = await reportOf(70)
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
    expect(report).toMatchObject({
      complete: false,
      finished: true,
      states: 3,
      crashPoints: 1,
      violations: [],
      shard: null,
      coverage: [{images: {atLeast: `${2n ** 70n}`, atMost: `${2n ** 70n}`}, exhaustive: false, asked: 3}],
    })
  })
})
