import {writeFileSync} from 'node:fs'
import {PassThrough} from 'node:stream'
import {text} from 'node:stream/consumers'
import {pathToFileURL} from 'node:url'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {exploreInThread, type ExploreJob, type ThreadEnd} from '../../src/crash-run/index.js'
import {refusalOf, Scene} from '../image/scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

const JOB: ExploreJob = {model: {trace: 'none'}, check: {kind: 'module', path: 'none'}}
/** In the shared words: inside a call of the check. */
const INSIDE = 'new Int32Array(workerData.shared).fill(1, 0, 2)'
const KNOWN = "parentPort.postMessage({is: 'known', report: {complete: true, violations: []}})"
const DONE = "parentPort.postMessage({is: 'done', report: {complete: true, violations: [1]}})"
const FOREVER = 'setInterval(() => {}, 1000)'

/** Lets a script play the worker. */
function play(
  lines: readonly string[],
  more: {signal?: AbortSignal; timeoutMs?: number; output?: PassThrough} = {},
): Promise<ThreadEnd> {
  const path = scene.path('worker.mjs')
  writeFileSync(path, ["import {parentPort, workerData} from 'node:worker_threads'", ...lines].join('\n'))
  const {signal, timeoutMs = 100_000, output = new PassThrough().resume()} = more
  return exploreInThread(JOB, {timeoutMs, signal, output, script: pathToFileURL(path), graceMs: 1})
}

describe('an exploration in a thread', () => {
  it('ends with what the thread says last', async () => {
    expect(await play([KNOWN, DONE, FOREVER])).toEqual({by: 'itself', report: {complete: true, violations: [1]}})
  })

  it('carries an error over as what it was', async () => {
    const error = "{kind: 'format', code: 'E_TRACE', message: 'cut', hint: 'copy it', context: {line: 3}}"
    expect(await refusalOf(play([`parentPort.postMessage({is: 'failed', error: ${error}})`, FOREVER]))).toMatchObject({
      kind: 'format',
      code: 'E_TRACE',
      message: 'cut',
      hint: 'copy it',
      context: {line: 3},
    })
  })

  it('is cut short when a call of the check lasts too long, and what was known is not complete', async () => {
    // What was said before the call began has been heard by the time it has lasted too long.
    expect(await play([KNOWN, INSIDE, FOREVER], {timeoutMs: 1})).toEqual({
      by: 'timeout',
      report: {complete: false, violations: []},
    })
  })

  it('is cut short by a signal, also when the thread does not come back, and is not complete then', async () => {
    expect(await play([FOREVER], {signal: AbortSignal.abort()})).toEqual({by: 'signal', report: undefined})
    const hears = `setInterval(() => { if (new Int32Array(workerData.shared)[2] === 1) ${DONE} }, 1)`
    const ended = await exploreWithGrace([hears])
    expect(ended).toEqual({by: 'signal', report: {complete: false, violations: [1]}})
  })

  it('is refused when the thread ends without a word, or with an error nobody caught', async () => {
    const exits = await refusalOf(play(['process.exit(3)']))
    expect(exits).toMatchObject({kind: 'usage', code: 'E_CHECK_ENDED'})
    expect(exits.message).toContain('ended with 3')
    expect((await refusalOf(play(['throw new Error("boom")']))).message).toContain('boom')
  })

  it('passes on what the check prints, to wherever it is told', async () => {
    const output = new PassThrough()
    const ending = play(["console.log('to stdout')", "console.error('to stderr')", DONE, FOREVER], {output})
    await ending
    output.end()
    expect(await text(output)).toContain('to stdout')
  })
})

/** A thread that hears the signal and comes back in its own time. */
function exploreWithGrace(lines: readonly string[]): Promise<ThreadEnd> {
  const path = scene.path('hears.mjs')
  writeFileSync(path, ["import {parentPort, workerData} from 'node:worker_threads'", ...lines].join('\n'))
  const output = new PassThrough().resume()
  const signal = AbortSignal.abort()
  return exploreInThread(JOB, {timeoutMs: 100_000, signal, output, script: pathToFileURL(path), graceMs: 100_000})
}
