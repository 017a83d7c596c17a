import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {Scene} from '../../image/scene.js'
import {expectRefusal, flushpoint, TIMEOUT_MS} from '../cli.js'
import {inFlight, textFile, TWO_WRITES} from './stories.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

async function states(story: string, ...flags: string[]): Promise<Record<string, unknown>> {
  const {exit, stdout, stderr} = await flushpoint(['crash', 'states', story, '--json', ...flags])
  expect({exit, stderr}).toEqual({exit: 0, stderr: ''})
  return JSON.parse(stdout) as Record<string, unknown>
}

describe('crash states', () => {
  it('C7, C27: counts what a write of eight sectors in flight may leave, and lists it', async () => {
    const story = textFile(scene, 'story.ndjson', ...inFlight(8))
    expect(await states(story)).toMatchObject({count: 256, complete: false, images: {length: 32}})
    expect(await states(story, '--images', '256')).toMatchObject({count: 256, complete: true, images: {length: 256}})
    expect(await states(story, '--atom', '4096')).toMatchObject({count: 2, complete: true, images: {length: 2}})
  })

  it('is exact beyond what a double holds', async () => {
    const story = textFile(scene, 'story.ndjson', ...inFlight(100))
    expect(await states(story)).toMatchObject({count: String(2n ** 100n), isExact: true, complete: false})
  })

  it('shows one moment with --at, and the possible writers of each sector', async () => {
    const story = textFile(scene, 'story.ndjson', ...TWO_WRITES)
    expect(await states(story)).toMatchObject({event: 9 + 1, count: 1, sectors: []})
    expect(await states(story, '--at', '6')).toMatchObject({
      schema: 'flushpoint/states@1',
      event: 6,
      count: 4,
      sectors: [{mayHold: ['#1', 'before the trace']}, {mayHold: ['#2', 'before the trace']}],
    })
    const {stdout} = await flushpoint(['crash', 'states', story, '--at', '6'])
    expect(stdout).toMatch(/^images: +4$/m)
    expect(stdout).toMatch(/^ +512 +512 +#2, before the trace *$/m)
  })

  it('refuses a moment behind the end', async () => {
    const story = textFile(scene, 'story.ndjson', ...TWO_WRITES)
    const says = 'has 10 events: there is no moment after event 11'
    await expectRefusal(scene, ['crash', 'states', story, '--at', '11'], {exit: 2, code: 'E_TRACE_AT', says})
  })
})
