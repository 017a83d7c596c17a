import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {Scene} from '../../image/scene.js'
import {expectRefusal, flushpoint, TIMEOUT_MS} from '../cli.js'
import {brokenStory} from './stories.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let scene: Scene
let story: string
let state: string
beforeEach(async () => {
  scene = new Scene()
  ;({story, state} = await brokenStory(scene))
})
afterEach(() => scene.close())

describe('crash show', () => {
  it('explains the state that crash explore found', async () => {
    const {exit, stdout} = await flushpoint(['crash', 'show', state, story])
    expect(exit).toBe(0)
    expect(stdout).toMatch(/^Power cut after request #2 was issued\. .* Lost: #1 \(512 at 0\)\./m)
    expect(stdout).toMatch(/^ +0 +512 +before the trace *$/m)
    const {stdout: json} = await flushpoint(['crash', 'show', state, story, '--json'])
    expect(JSON.parse(json)).toMatchObject({schema: 'flushpoint/state@1', state, event: 5, lost: [{request: 1}]})
  })

  it('refuses a state of other flags, of no image, and what is none', async () => {
    const other = {exit: 2, code: 'E_STATE', says: 'belongs to another trace or to other options'}
    await expectRefusal(scene, ['crash', 'show', state, story, '--cache', 'none'], other)
    const none = {exit: 2, code: 'E_STATE', says: 'names no image'}
    await expectRefusal(scene, ['crash', 'show', `${state}-1.9`, story], none)
    const text = {exit: 2, code: 'E_STATE', says: 'is not a state id'}
    await expectRefusal(scene, ['crash', 'show', 'first', story], text)
  })
})
