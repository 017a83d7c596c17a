import {readFileSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {Scene} from '../../image/scene.js'
import {expectRefusal, flushpoint, TIMEOUT_MS} from '../cli.js'
import {brokenStory, textFile, TWO_WRITES} from './stories.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let scene: Scene
let story: string
let state: string
beforeEach(async () => {
  scene = new Scene()
  ;({story, state} = await brokenStory(scene))
})
afterEach(() => scene.close())

describe('crash build', () => {
  it('writes out the image that the check refused: the second write without the first', async () => {
    const out = scene.path('bad.img')
    const {exit, stdout} = await flushpoint(['crash', 'build', state, story, '-o', out, '--json'])
    expect(exit).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({schema: 'flushpoint/crash-build@1', state, sizeBytes: 65_536})
    expect(readFileSync(out).equals(Buffer.alloc(65_536).fill(2, 512, 1024))).toBe(true)
  })

  it('puts it over a base image', async () => {
    const out = scene.path('bad.img')
    const base = scene.file('base.img', 65_536, 0x5a)
    await flushpoint(['crash', 'build', state, story, '-o', out, '--base', base])
    expect(readFileSync(out).equals(Buffer.alloc(65_536, 0x5a).fill(2, 512, 1024))).toBe(true)
  })

  it('makes nothing up: without --base it writes only what the trace knows, and a base that is not looked at is named', async () => {
    const told = (knownBefore: string): string =>
      textFile(
        scene,
        `${knownBefore}.ndjson`,
        `{"trace":1,"sizeBytes":"64k","knownBefore":"${knownBefore}"}`,
        ...TWO_WRITES.slice(1),
      )
    const build = (trace: string): string[] => ['crash', 'build', state, trace, '-o', scene.path('bad.img')]
    const says = 'nobody knows what byte 0 of the image held before the trace'
    await expectRefusal(scene, build(told('touched')), {exit: 2, code: 'E_NO_BASE', says})
    // What it shows is told without any bytes.
    expect(await flushpoint(['crash', 'show', state, told('touched')])).toMatchObject({exit: 0, stderr: ''})
    const base = scene.file('base.img', 65_536, 0x5a)
    const {exit, stderr} = await flushpoint([...build(told('whole')), '--base', base])
    expect({exit, stderr}).toEqual({exit: 0, stderr: expect.stringContaining('--base is not looked at') as string})
    expect(readFileSync(scene.path('bad.img')).equals(Buffer.alloc(65_536).fill(2, 512, 1024))).toBe(true)
  })

  it('keeps a file that is there, and with --force all but what it reads', async () => {
    const out = scene.path('bad.img')
    writeFileSync(out, 'mine')
    const args = ['crash', 'build', state, story, '-o']
    const kept = {exit: 3, code: 'E_EXISTS', says: 'exists already; nothing was changed'}
    await expectRefusal(scene, [...args, out], kept)
    const itself = {exit: 2, code: 'E_OUTPUT_FILE', says: 'which is read: it is not replaced'}
    await expectRefusal(scene, [...args, story, '--force'], itself)
    expect(await flushpoint([...args, out, '--force'])).toMatchObject({exit: 0})
    expect(readFileSync(out)).toHaveLength(65_536)
  })
})
