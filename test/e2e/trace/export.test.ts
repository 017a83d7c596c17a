import {readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {Scene} from '../../image/scene.js'
import {expectRefusal, flushpoint, TIMEOUT_MS} from '../cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

const STORY = [
  '{"trace":1,"sizeBytes":65536,"mode":"writeback","ordering":"drain","source":"ndjson","knownBefore":"whole"}',
  '{"submit":1,"request":"OUT","offsetBytes":0,"lengthBytes":512,"atNs":0,"data":"0x11"}',
  '{"complete":1,"status":"OK","stable":false,"ignored":false,"atNs":0}',
  '{"submit":2,"request":"OUT","offsetBytes":512,"lengthBytes":512,"atNs":0,"data":"0x22"}',
  '{"complete":2,"status":"IOERR","errno":"EIO","stable":false,"ignored":false,"atNs":0}',
  '',
].join('\n')

let scene: Scene
let story: string
beforeEach(() => {
  scene = new Scene()
  story = scene.path('story.ndjson')
  writeFileSync(story, STORY)
})
afterEach(() => scene.close())

describe('trace export', () => {
  it('writes text that is the same again, to stdout alone', async () => {
    const {exit, stdout, stderr} = await flushpoint(['trace', 'export', story, '--to', 'ndjson', '-o', '-'])
    expect({exit, stdout, stderr}).toEqual({exit: 0, stdout: STORY, stderr: ''})
  })

  it('ends quietly when its reader has gone', async () => {
    const lines = Array.from({length: 4000}, (_, i) => `{"mark":"moment ${i}"}`)
    writeFileSync(story, ['{"trace":1,"sizeBytes":65536}', ...lines].join('\n'))
    const reader = ['sh', '-c', '"$@" | head -n 1; wait', 'sh']
    const {exit, stdout, stderr} = await flushpoint(['trace', 'export', story, '--to', 'ndjson', '-o', '-'], {
      through: reader,
    })
    expect({exit, stderr}).toEqual({exit: 0, stderr: ''})
    expect(stdout).toBe(`${STORY.split('\n')[0]}\n`)
  })

  it('writes a log, and notes what the log cannot say', async () => {
    const log = scene.path('story.log')
    const {exit, stdout, stderr} = await flushpoint(['trace', 'export', story, '--to', 'log-writes', '-o', log])
    expect(exit).toBe(0)
    expect(stdout).toContain(`${log}: 1 entries from ${story}`)
    const before = 'note: what the image held before the trace is not in the log\n'
    expect(stderr).toBe(`${before}note: 1 writes that failed or never completed are not in the log\n`)
    expect(readFileSync(log).subarray(0, 8).toString('latin1')).toBe('rhswfsj\0')
    expect(readdirSync(scene.folder).toSorted()).toEqual(['story.log', 'story.ndjson'])
  })

  it('is one document with --json, unless stdout is taken', async () => {
    const log = scene.path('story.log')
    const {stdout} = await flushpoint(['trace', 'export', story, '--to', 'log-writes', '-o', log, '--json'])
    expect(JSON.parse(stdout)).toMatchObject({schema: 'flushpoint/trace-export@1', to: 'log-writes', entries: 1})
    const taken = await flushpoint(['trace', 'export', story, '--to', 'ndjson', '-o', '-', '--json'])
    expect(taken.exit).toBe(2)
    expect(JSON.parse(taken.stdout)).toMatchObject({error: {code: 'E_TRACE_FLAGS'}})
  })

  it('leaves nothing behind when the trace is damaged or the folder is missing', async () => {
    writeFileSync(story, `${STORY}{"complete":7}\n`)
    const args = ['trace', 'export', story, '--to', 'ndjson', '-o']
    const damaged = {exit: 5, code: 'E_TRACE', says: 'line 6: request 7 completes and was never submitted'}
    await expectRefusal(scene, [...args, scene.path('out')], damaged)
    const missing = {exit: 3, code: 'E_OUTPUT_FILE', says: 'cannot be made (ENOENT)'}
    await expectRefusal(scene, [...args, scene.path('nowhere/out')], missing)
  })
})
