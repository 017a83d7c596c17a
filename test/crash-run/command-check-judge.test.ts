import {describe, expect, it, onTestFinished} from 'vitest'
import {completed, CrashModel, listStates, type CrashState} from '../../src/crash/index.js'
import {Asking} from '../../src/crash-run/command-check-asking.js'
import {judgeState, lossOfState, Questions, shrunkViolation} from '../../src/crash-run/command-check-judge.js'
import {TraceWriter} from '../crash/traces.js'
import {firstByte, folder, script} from './scene.js'

function questionsOf(model: CrashModel, lines: readonly string[], budget = 1000): Questions {
  const check = [script(folder(), 'check', ...lines), '{image}']
  const asking = new Asking(model, {check}, {timeoutMs: 60_000, jobs: 1, folder: folder()})
  onTestFinished(() => asking.close())
  return new Questions(asking, new AbortController().signal, budget)
}

/** Nine marks and nothing else. */
function marked(): {model: CrashModel; state: CrashState} {
  const writer = new TraceWriter()
  for (let i = 1; i <= 9; i++) writer.mark(`m${i}`)
  const model = new CrashModel(writer.trace({sizeBytes: 4096}))
  return {model, state: completed(model.at(model.lastPoint), new Map())}
}

describe('a state that fails', () => {
  it.each([1, 2, 5, 8, 9])('breaks the promise of the mark that makes the difference: %i of nine', async (mark) => {
    const {model, state} = marked()
    const questions = questionsOf(model, [`case "$FLUSHPOINT_MARKS" in *m${mark}*) exit 1;; esac`])
    expect(await judgeState(questions, state)).toMatchObject({kind: 'acknowledged-lost', mark: `m${mark}`})
  })

  it('is inconsistent when it fails with no promise at all', async () => {
    const {model, state} = marked()
    expect(await judgeState(questionsOf(model, ['exit 1']), state)).toMatchObject({kind: 'inconsistent', mark: null})
    expect(await judgeState(questionsOf(model, ['true']), state)).toBeUndefined()
  })

  it('says so when there was no budget to ask with fewer marks', async () => {
    const {model, state} = marked()
    const verdict = await judgeState(questionsOf(model, ['exit 1'], 1), state)
    expect(verdict?.message).toContain('not asked with fewer marks')
  })

  it('is made as small as it goes, one write and then one part of a write less each time', async () => {
    const writer = new TraceWriter()
    writer.out(0, new Uint8Array(2048).fill(1))
    writer.out(4)
    writer.out(5)
    const model = new CrashModel(writer.trace({sizeBytes: 4096}))
    const point = model.at(model.lastPoint)
    const all = [...listStates(point)].toSorted((a, b) => lossOfState(b) - lossOfState(a))[0] as CrashState
    const lines = [firstByte('A', 2), firstByte('B', 5), '[ $A != 0 ] || [ $B != 0 ]']
    const questions = questionsOf(model, lines)
    const verdict = await judgeState(questions, all)
    if (verdict === undefined) throw new Error('it does not fail')
    const {lost, event} = await shrunkViolation(questions, all, verdict, point.event)
    expect({event, lost}).toEqual({
      event: point.event,
      lost: [
        {request: 1, offsetBytes: 1024, lengthBytes: 512},
        {request: 3, offsetBytes: 2560, lengthBytes: 512},
      ],
    })
  })

  it('stays as it is when there is no budget to make it smaller', async () => {
    const writer = new TraceWriter()
    writer.out(0)
    writer.out(1)
    const model = new CrashModel(writer.trace({sizeBytes: 4096}))
    const point = model.at(model.lastPoint)
    const all = [...listStates(point)].find(({choices}) => choices.size === 2) as CrashState
    const questions = questionsOf(model, ['exit 1'], 1)
    const verdict = await judgeState(questions, all)
    if (verdict === undefined) throw new Error('it does not fail')
    expect((await shrunkViolation(questions, all, verdict, point.event)).lost).toHaveLength(2)
  })
})
