import {describe, expect, it} from 'vitest'
import {CrashModel} from '../../src/crash/index.js'
import {Decisions} from '../../src/crash/decisions.js'
import {Memo} from '../../src/crash/memo.js'
import {PREFLUSH_FUA, TraceWriter} from './traces.js'

/** Every run of something that reads units 0 to 2, until one shows the content before the trace. */
function runsOf(model: CrashModel, memo: Memo): string[] {
  const decisions = new Decisions(model, memo)
  const runs: string[] = []
  decisions.begin(model.at(model.lastPoint))
  do {
    if (decisions.recall() < 0) {
      decisions.start()
      for (let unit = 0; unit < 3; unit++) {
        if (model.contents.content(unit, decisions.decide(unit)).writer === 0) break
      }
      decisions.end(0)
    }
    runs.push(
      [...decisions.choices()].map(([unit, n]) => `${unit}=${model.contents.content(unit, n).writer}`).join(' '),
    )
  } while (decisions.next())
  return runs
}

function threeWrites(): CrashModel {
  const writer = new TraceWriter()
  for (let sector = 0; sector < 3; sector++) writer.out(sector)
  return new CrashModel(writer.trace())
}

describe('decisions', () => {
  it('take every choice once, the newest first, and decide nothing that is not read', () => {
    expect(runsOf(threeWrites(), new Memo())).toEqual(['0=1 1=2 2=3', '0=1 1=2 2=0', '0=1 1=0', '0=0'])
  })

  it('are the same when the memo is full, and when it knows everything', () => {
    const model = threeWrites()
    const all = runsOf(model, new Memo())
    for (const limit of [1, 2, 3, 4]) expect(runsOf(model, new Memo(limit))).toEqual(all)
    const memo = new Memo()
    runsOf(model, memo)
    expect(runsOf(model, memo)).toEqual(all)
  })

  it('offer no content that does not go with those chosen before', () => {
    const writer = new TraceWriter()
    writer.out(0)
    writer.out(1)
    writer.flying(2, 1, PREFLUSH_FUA)
    const model = new CrashModel(writer.trace())
    const decisions = new Decisions(model, new Memo())
    const runs: string[] = []
    decisions.begin(model.at(model.lastPoint))
    do {
      decisions.start()
      runs.push([2, 0, 1].map((unit) => model.contents.content(unit, decisions.decide(unit)).writer).join(' '))
      decisions.end(0)
    } while (decisions.next())
    // Once the write that is flushed before shows, so does what the flush covers.
    expect(runs).toEqual(['3 1 2', '0 1 2', '0 1 0', '0 0 2', '0 0 0'])
  })

  it('see a run that strays also where the memo remembers nothing', () => {
    const model = threeWrites()
    const decisions = new Decisions(model, new Memo(1))
    decisions.begin(model.at(model.lastPoint))
    decisions.start()
    decisions.decide(0)
    decisions.decide(1)
    decisions.end(0)
    decisions.next()
    decisions.start()
    decisions.decide(0)
    expect(() => decisions.decide(2)).toThrow('it read sector 0, sector 1; then sector 0, sector 2')
  })
})
