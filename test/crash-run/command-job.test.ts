import {writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {runCommandJob} from '../../src/crash-run/index.js'
import {refusalOf, Scene} from '../image/scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

function job(check: string, trace = scene.path('story.ndjson')): Parameters<typeof runCommandJob>[0] {
  const {signal} = new AbortController()
  return {model: {trace}, command: {check}, check, seed: 1, jobs: 1, timeoutMs: 60_000, signal, progress: () => {}}
}

describe('a job for a command', () => {
  it('has the question in its report, with the budget that nobody chose, and counts what the check changed', async () => {
    writeFileSync(
      scene.path('story.ndjson'),
      '{"trace":1,"sizeBytes":"64k"}\n{"submit":1,"request":"OUT","offsetBytes":0,"lengthBytes":512}\n',
    )
    const quiet = await runCommandJob(job('test -s {image}'))
    expect(quiet).toMatchObject({
      changed: 0,
      report: {complete: true, of: {check: 'test -s {image}', budget: 1000, seed: 1}},
    })
    const loud = await runCommandJob(job('printf x | dd of={image} conv=notrunc status=none'))
    expect(loud.changed).toBe(loud.report.states)
  })

  it('is refused with a trace that is not there', async () => {
    expect(await refusalOf(runCommandJob(job('true {image}')))).toMatchObject({
      kind: 'environment',
      code: 'E_TRACE_OPEN',
    })
  })
})
