import fs from 'node:fs'
import path from 'node:path'
import {describe, expect, it, onTestFinished} from 'vitest'
import {CrashModel, listStates, type CrashState} from '../../src/crash/index.js'
import {Asking, type CommandCheck, type Saying} from '../../src/crash-run/command-check-asking.js'
import {TraceWriter} from '../crash/traces.js'
import {folder, namesIn, script} from './scene.js'

function sample(): {model: CrashModel; state: CrashState} {
  const writer = new TraceWriter()
  writer.mark('first thing')
  writer.mark('second')
  writer.out(0)
  const model = new CrashModel(writer.trace({sizeBytes: 4096}))
  const [state] = listStates(model.at(model.lastPoint))
  return {model, state: state as CrashState}
}

async function say(check: CommandCheck, reached = 0): Promise<Saying | undefined> {
  const {model, state} = sample()
  const asking = new Asking(model, check, {timeoutMs: 60_000, jobs: 1, folder: folder()})
  onTestFinished(() => asking.close())
  const [image] = asking.images
  if (image === undefined) throw new Error('no image')
  return asking.ask(image, state, reached, new AbortController().signal)
}

describe('a command that is asked about an image', () => {
  it('is told its path and the marks that were reached, one a line', async () => {
    const show = 'echo "$FLUSHPOINT_MARKS"; [ {image} = "$FLUSHPOINT_IMAGE" ] && exit 9'
    expect(await say({check: show}, 2)).toBe('the check exited with 9: first thing\nsecond')
    expect(await say({check: show}, 1)).toBe('the check exited with 9: first thing')
    expect(await say({check: show}, 0)).toBe('the check exited with 9')
  })

  it('says the same wherever the scratch file lies', async () => {
    expect(await say({check: 'echo {image} is bad; exit 1'})).toBe('the check exited with 1: {image} is bad')
  })

  it('has to say what is expected, where something is', async () => {
    expect(await say({check: 'echo ok', expects: /^ok$/})).toBeNull()
    expect(await say({check: 'echo not ok', expects: /^ok$/})).toBe('the check exited with 0: not ok')
  })

  it('may have a recovery that ends well with other than 0', async () => {
    expect(await say({recover: 'exit 1', recoverPasses: [0, 1], check: 'true'})).toBeNull()
    expect(await say({recover: 'exit 2', recoverPasses: [0, 1], check: 'true'})).toBe('recovery exited with 2')
  })
})

describe('those who ask', () => {
  it('remember what was said, by image and by marks where these count', async () => {
    const {model, state} = sample()
    const asking = new Asking(model, {check: 'exit 1'}, {timeoutMs: 60_000, jobs: 1, folder: folder()})
    onTestFinished(() => asking.close())
    const [image] = asking.images
    if (image === undefined) throw new Error('no image')
    await asking.ask(image, state, 1, new AbortController().signal)
    const key = asking.keys.keyOf(state)
    expect(asking.recall(asking.keyOf(key, 1))).toBe('the check exited with 1')
    expect(asking.recall(asking.keyOf(key, 2))).toBeUndefined()
  })

  it('leave nothing behind when the scratch files cannot be made', () => {
    const where = folder()
    const {trace} = sample().model
    const model = new CrashModel({...trace, header: {...trace.header, sizeBytes: Number.MAX_SAFE_INTEGER - 511}})
    expect(() => new Asking(model, {check: 'true'}, {timeoutMs: 1, jobs: 1, folder: where})).toThrow(
      expect.objectContaining({kind: 'io', code: 'E_SCRATCH'}),
    )
    expect(namesIn(where)).toEqual([])
  })

  it('make nothing when the command cannot be run', () => {
    const where = folder()
    const {model} = sample()
    expect(() => new Asking(model, {check: ''}, {timeoutMs: 1, jobs: 1, folder: where})).toThrow('empty')
    expect(fs.existsSync(path.join(where, '1'))).toBe(false)
    expect(script(where, 'only', 'true')).toBe(path.join(where, namesIn(where)[0] ?? ''))
  })
})
