import {writeFileSync} from 'node:fs'
import {PassThrough} from 'node:stream'
import {text} from 'node:stream/consumers'
import {pathToFileURL} from 'node:url'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {joinReports, type CrashReport} from '../../src/crash/index.js'
import {exploreInThreads, Pulse, runJob, type ExploreJob, type ThreadEnd} from '../../src/crash-run/index.js'
import {refusalOf, Scene} from '../image/scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

const EMPTY: CrashReport = {
  options: {kind: 'power', mode: 'writeback', ordering: 'drain', device: 'unordered', atom: 512},
  of: {trace: 'digest', check: 'none', budget: null, seed: 0, shares: 'points'},
  shard: null,
  complete: false,
  finished: true,
  states: 1,
  failing: 0,
  runs: 1,
  crashPoints: 1,
  crashPointsAll: 2,
  listed: null,
  coverage: [],
  violations: [],
}

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
  return exploreInThreads(JOB, {timeoutMs, signal, output, script: pathToFileURL(path), graceMs: 1})
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
      report: {complete: false, finished: false, violations: []},
    })
  })

  it('is cut short by a signal, also when the thread does not come back, and is not complete then', async () => {
    expect(await play([FOREVER], {signal: AbortSignal.abort()})).toEqual({by: 'signal', report: undefined})
    const hears = `setInterval(() => { if (new Int32Array(workerData.shared)[2] === 1) ${DONE} }, 1)`
    const ended = await exploreWithGrace([hears])
    expect(ended).toEqual({by: 'signal', report: {complete: false, finished: false, violations: [1]}})
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

describe('an exploration in several threads', () => {
  const ORDERED = `export default function check({read, reached, fail}) {
    for (let sector = 1; sector < 8; sector++) {
      if (read(sector * 512, 1)[0] !== 0 && read(0, 1)[0] === 0) fail('sector ' + sector + ' without the first')
    }
  }`

  /** A thread each, for the sake of the share: a script cannot import what is not built. */
  async function shared(count: number): Promise<CrashReport> {
    const trace = scene.path('many.ndjson')
    const out = (id: number): string[] => [
      `{"submit":${id},"request":"OUT","offsetBytes":"${id - 1}s","lengthBytes":512}`,
      `{"complete":${id}}`,
      `{"mark":"${id}"}`,
    ]
    writeFileSync(trace, ['{"trace":1,"sizeBytes":"64k"}', ...[1, 2, 3, 4, 5, 6].flatMap(out), ''].join('\n'))
    const path = scene.path('check.mjs')
    writeFileSync(path, ORDERED)
    const job: ExploreJob = {model: {trace}, check: {kind: 'module', path}}
    const parts = Array.from({length: count}, (_, i) => ({index: i + 1, count}))
    const reports = await Promise.all(
      parts.map((shard) => runJob(count === 1 ? job : {...job, shard}, new Pulse(), () => {})),
    )
    return count === 1 ? (reports[0] as CrashReport) : joinReports(reports as [CrashReport], count, null)
  }

  it('comes to what one thread comes to, however many there are', async () => {
    const whole = await shared(1)
    expect(whole).toMatchObject({
      complete: true,
      violations: [{kind: 'inconsistent', fix: [{insert: 'FUA', after: 1}]}],
    })
    for (const count of [2, 3, 100]) {
      const together = await shared(count)
      expect(together).toEqual({...whole, runs: together.runs})
    }
  })

  it('is not complete when one thread is cut short, and the others end with it', async () => {
    const path = scene.path('uneven.mjs')
    const report = `{...${JSON.stringify(EMPTY)}, shard: workerData.job.shard}`
    writeFileSync(
      path,
      [
        "import {parentPort, workerData} from 'node:worker_threads'",
        `if (workerData.job.shard.index === 1) parentPort.postMessage({is: 'done', report: ${report}})`,
        `else { parentPort.postMessage({is: 'known', report: ${report}}); ${INSIDE} }`,
        FOREVER,
      ].join('\n'),
    )
    const output = new PassThrough().resume()
    // The other thread has all the time it needs to come back.
    const options = {jobs: 2, timeoutMs: 1, output, script: pathToFileURL(path), graceMs: 100_000}
    expect(await exploreInThreads(JOB, options)).toMatchObject({
      by: 'timeout',
      report: {complete: false, finished: false, shard: null, states: 2},
    })
  })

  it('fails as a whole when one thread fails', async () => {
    const path = scene.path('broken.mjs')
    writeFileSync(
      path,
      "import {workerData} from 'node:worker_threads'\nif (workerData.job.shard.index === 2) process.exit(3)\nsetInterval(() => {}, 1000)",
    )
    const output = new PassThrough().resume()
    const options = {jobs: 2, timeoutMs: 100_000, output, script: pathToFileURL(path), graceMs: 1}
    expect(await refusalOf(exploreInThreads(JOB, options))).toMatchObject({code: 'E_CHECK_ENDED'})
  })
})

/** A thread that hears the signal and comes back in its own time. */
function exploreWithGrace(lines: readonly string[]): Promise<ThreadEnd> {
  const path = scene.path('hears.mjs')
  writeFileSync(path, ["import {parentPort, workerData} from 'node:worker_threads'", ...lines].join('\n'))
  const output = new PassThrough().resume()
  const signal = AbortSignal.abort()
  return exploreInThreads(JOB, {timeoutMs: 100_000, signal, output, script: pathToFileURL(path), graceMs: 100_000})
}
