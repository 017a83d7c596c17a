import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {Scene} from '../../image/scene.js'
import {expectRefusal, flushpoint, TIMEOUT_MS} from '../cli.js'
import {ORDERED, textFile, TWO_WRITES} from './stories.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let scene: Scene
let story: string
beforeEach(() => {
  scene = new Scene()
  story = textFile(scene, 'story.ndjson', ...TWO_WRITES)
})
afterEach(() => scene.close())

/** Explores in parts. @returns the files with their reports */
async function shards(count: number, ...flags: string[]): Promise<string[]> {
  const files: string[] = []
  for (let i = 1; i <= count; i++) {
    const {stdout} = await flushpoint(['crash', 'explore', story, '--shard', `${i}/${count}`, '--json', ...flags])
    expect(JSON.parse(stdout)).toMatchObject({complete: false, finished: true, shard: {index: i, count}})
    files.push(textFile(scene, `part-${i}.json`, stdout))
  }
  return files
}

describe('crash merge', () => {
  it('joins the parts of an exploration with a module to what the whole would have been', async () => {
    const check = textFile(scene, 'check.mjs', ORDERED)
    const whole = JSON.parse((await flushpoint(['crash', 'explore', story, '--check', check, '--json'])).stdout) as {
      runs: number
    }
    const {exit, stdout} = await flushpoint(['crash', 'merge', ...(await shards(2, '--check', check)), '--json'])
    const merged = JSON.parse(stdout) as {runs: number}
    expect(exit).toBe(1)
    expect(merged).toEqual({...whole, runs: merged.runs})
  })

  it('does so with a command, and ends with 0 where nothing was found', async () => {
    const files = await shards(2, '--check', 'test -f {image}')
    const {exit, stdout} = await flushpoint(['crash', 'merge', ...files])
    expect(exit).toBe(0)
    expect(stdout).toMatch(/^2 shards: what a crash may leave, asked of test -f \{image\}$/m)
    expect(stdout).toMatch(/^complete: +yes: every image was covered$/m)
  })

  it('refuses parts that had another image under the trace', async () => {
    const one = ['--check', 'stable-survives', '--base', scene.file('one.img', 65_536, 1), '--shard', '1/2', '--json']
    const two = ['--check', 'stable-survives', '--base', scene.file('two.img', 65_536, 2), '--shard', '2/2', '--json']
    const files: string[] = []
    for (const flags of [one, two]) {
      const {stdout} = await flushpoint(['crash', 'explore', story, ...flags])
      files.push(textFile(scene, `part-${files.length}.json`, stdout))
    }
    await expectRefusal(scene, ['crash', 'merge', ...files], {exit: 2, code: 'E_MERGE', says: 'trace'})
  })

  it('refuses what does not make a whole, and files that are no reports', async () => {
    const [first, second] = (await shards(2, '--check', 'stable-survives')) as [string, string]
    const broken = textFile(scene, 'broken.json', '{')
    const cases: [string[], {exit: number; code: string; says: string}][] = [
      [[first], {exit: 2, code: 'E_MERGE', says: 'shard 2/2 is missing'}],
      [[first, first, second], {exit: 2, code: 'E_MERGE', says: 'shard 1/2 is there twice'}],
      [[story, first], {exit: 5, code: 'E_REPORT', says: 'is not JSON'}],
      [[first, broken], {exit: 5, code: 'E_REPORT', says: 'is not JSON'}],
      [[scene.path('none.json')], {exit: 3, code: 'E_REPORT_OPEN', says: 'cannot be read (ENOENT)'}],
      [
        [textFile(scene, 'other.json', '{"schema":"flushpoint/crash@1"}')],
        {exit: 5, code: 'E_REPORT', says: 'report 1'},
      ],
    ]
    for (const [files, refusal] of cases) await expectRefusal(scene, ['crash', 'merge', ...files], refusal)
  })
})
