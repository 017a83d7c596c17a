import {writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import type {CrashReport} from '../../src/crash/index.js'
import {openModel, Pulse, runJob, type ExploreJob} from '../../src/crash-run/index.js'
import {refusalOf, Scene} from '../image/scene.js'

let scene: Scene
let trace: string
beforeEach(() => {
  scene = new Scene()
  trace = scene.path('story.ndjson')
  writeFileSync(
    trace,
    [
      '{"trace":1,"sizeBytes":"64k"}',
      '{"submit":1,"request":"OUT","offsetBytes":0,"lengthBytes":512}',
      '{"complete":1}',
      '{"submit":2,"request":"OUT","offsetBytes":512,"lengthBytes":512}',
      '{"complete":2}',
      '',
    ].join('\n'),
  )
})
afterEach(() => scene.close())

function job(text: string, more: Partial<ExploreJob> = {}): ExploreJob {
  const path = scene.path('check.mjs')
  writeFileSync(path, text)
  return {model: {trace}, check: {kind: 'module', path}, ...more}
}

const ORDERED = `export default function check({read, fail}) {
  if (read(512, 1)[0] === 2 && read(0, 1)[0] !== 1) fail('the second without the first')
}`

describe('a job', () => {
  it('tells each violation as it is found, then everything, and answers with the fix', async () => {
    const told: CrashReport[] = []
    const report = await runJob(job(ORDERED), new Pulse(), (soFar) => told.push(soFar))
    expect(report).toMatchObject({complete: true, violations: [{fix: [{insert: 'FUA', after: 1}], isFixWhole: true}]})
    expect(told.at(-1)).toMatchObject({complete: true, violations: [{fix: []}]})
    expect(told.slice(0, -1).every(({complete, violations}) => !complete && violations.length === 1)).toBe(true)
  })

  it('gives up when its budget is spent, and says so', async () => {
    const report = await runJob(job(ORDERED, {budget: 1}), new Pulse(), () => {})
    expect(report).toMatchObject({complete: false, states: 1})
  })

  it('ends when it is told to', async () => {
    const pulse = new Pulse()
    pulse.cancel()
    expect(await runJob(job(ORDERED), pulse, () => {})).toMatchObject({complete: false, crashPoints: 0})
  })

  it('marks the time it spends in the check, and no other', async () => {
    const pulse = new Pulse()
    const seen: (number | undefined)[] = []
    Object.assign(globalThis, {lookAtPulse: () => seen.push(new Pulse(pulse.shared).call)})
    await runJob(job('export default () => globalThis.lookAtPulse()'), pulse, () => {
      seen.push(pulse.call)
    })
    expect(seen.length).toBeGreaterThan(2)
    expect(new Set(seen.slice(0, -1)).size).toBe(seen.length - 1) // a new number for each call
    expect(seen.slice(0, -1)).not.toContain(undefined)
    expect(seen.at(-1)).toBeUndefined()
  })

  it('refuses an asynchronous check and one that changes its mind', async () => {
    const async = await refusalOf(runJob(job('export default async () => {}'), new Pulse(), () => {}))
    expect(async.code).toBe('E_CHECK_ASYNC')
    writeFileSync(scene.path('fickle.mjs'), 'let n = 0\nexport default ({read}) => void read(n++ * 512, 1)')
    const fickle: ExploreJob = {model: {trace}, check: {kind: 'module', path: scene.path('fickle.mjs')}}
    expect((await refusalOf(runJob(fickle, new Pulse(), () => {}))).code).toBe('E_CHECK_NOT_DETERMINISTIC')
  })

  it('asks whether what was stable survives without any module', async () => {
    const builtin: ExploreJob = {model: {trace}, check: {kind: 'builtin', name: 'stable-survives'}}
    expect(await runJob(builtin, new Pulse(), () => {})).toMatchObject({complete: true, violations: []})
  })
})

describe('a built-in check that is a function', () => {
  it('is run like a module, on every image', async () => {
    const gpt: ExploreJob = {model: {trace}, check: {kind: 'builtin', name: 'gpt'}}
    const report = await runJob(gpt, new Pulse(), () => {})
    expect(report).toMatchObject({complete: true, of: {check: 'gpt'}, violations: [{kind: 'inconsistent'}]})
    expect(report.violations[0]?.story).toContain('no valid partition table')
  })
})

describe('a model from files', () => {
  it('has the bytes of its base where the trace says nothing', () => {
    const {model, close} = openModel({trace, base: scene.file('base.img', 65_536, 0x5a)})
    try {
      expect([...new Set(model.contents.untouched(9))]).toEqual([0x5a])
    } finally {
      close()
    }
  })

  it('refuses a base of another size', () => {
    const base = scene.file('base.img', 4096)
    expect(() => openModel({trace, base})).toThrow(
      expect.objectContaining({kind: 'usage', code: 'E_BASE', context: {path: base}}),
    )
  })
})
