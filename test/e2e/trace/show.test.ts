import {writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {Scene} from '../../image/scene.js'
import {expectRefusal, flushpoint, TIMEOUT_MS} from '../cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let scene: Scene
let story: string
beforeEach(() => {
  scene = new Scene()
  story = scene.path('story.ndjson')
  writeFileSync(
    story,
    [
      '{"trace":1,"sizeBytes":"64k"}',
      '{"submit":1,"request":"OUT","offsetBytes":0,"lengthBytes":4096}',
      '{"complete":1}',
      '{"submit":2,"request":"FLUSH"}',
      '{"complete":2}',
      '{"mark":"told"}',
      '',
    ].join('\n'),
  )
})
afterEach(() => scene.close())

describe('trace show', () => {
  it('tells a trace written by hand line by line', async () => {
    const {exit, stdout, stderr} = await flushpoint(['trace', 'show', story])
    expect({exit, stderr}).toEqual({exit: 0, stderr: ''})
    expect(stdout).toMatch(/^3 {2}complete #1 OUT: OK +0 +1 +- +4 KiB +4 KiB/m)
    expect(stdout).toMatch(/^6 {2}complete #2 FLUSH: OK +0 +0 +- +- +- +#1 by #2$/m)
  })

  it('tells one moment with --at, and is one document with --json', async () => {
    const {exit, stdout} = await flushpoint(['trace', 'show', story, '--at', '3', '--json'])
    expect(exit).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'flushpoint/trace-state@1',
      event: 3,
      volatile: [1],
      atRisk: {processKill: {bytes: 0}, powerLoss: {bytes: 4096}},
    })
  })

  it.each([
    ['whole', 'the trace knows all that the image held'],
    ['touched', 'the trace knows what the image held where requests changed it'],
    ['listed', 'the trace knows what the image held only where it says so'],
  ])('says in words and with --json that %s of the image before is known', async (knownBefore, words) => {
    writeFileSync(story, `{"trace":1,"sizeBytes":512,"knownBefore":"${knownBefore}"}\n`)
    for (const at of [[], ['--at', '0']]) {
      expect((await flushpoint(['trace', 'show', story, ...at])).stdout).toContain(words)
      const {stdout} = await flushpoint(['trace', 'show', story, ...at, '--json'])
      expect(JSON.parse(stdout)).toMatchObject({header: {knownBefore}})
    }
  })

  it('takes the same requests to have run under another mode', async () => {
    const {stdout} = await flushpoint(['trace', 'show', story, '--cache', 'writethrough', '--json'])
    const {header, events} = JSON.parse(stdout) as {header: object; events: {becameStable: object[]}[]}
    expect(header).toMatchObject({mode: 'writethrough'})
    expect(events[2]?.becameStable).toEqual([{id: 1, by: 'completion', request: null}])
  })

  it('refuses a moment behind the end, a mode that is none, and files that are no trace', async () => {
    const at = {exit: 2, code: 'E_TRACE_AT', says: 'has 7 events: there is no moment after event 8'}
    await expectRefusal(scene, ['trace', 'show', story, '--at', '8'], at)
    const mode = {exit: 2, code: 'E_CACHE_MODE', says: '"fast" is not a cache mode'}
    await expectRefusal(scene, ['trace', 'show', story, '--cache', 'fast'], mode)
    const missing = {exit: 3, code: 'E_TRACE_OPEN', says: 'cannot be opened (ENOENT)'}
    await expectRefusal(scene, ['trace', 'show', 'nothing.trace'], missing)
    const other = scene.file('other', 4096, 0x41)
    const format = {exit: 5, code: 'E_TRACE', says: `${other}: byte 0: this is not a flushpoint trace`}
    await expectRefusal(scene, ['trace', 'show', other], format)
  })
})
