import {readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {Scene} from '../../image/scene.js'
import {expectRefusal, flushpoint, TIMEOUT_MS} from '../cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

const WRITE = '{"submit":1,"request":"OUT","offsetBytes":0,"lengthBytes":512}\n{"complete":1}\n'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

describe('trace import', () => {
  it('reads text from stdin, with the size and mode of the command line where the text has none', async () => {
    const trace = scene.path('story.trace')
    const args = ['trace', 'import', '-', '--from', 'ndjson', '-o', trace, '--size', '1M', '--mode', 'none', '--json']
    const {exit, stdout} = await flushpoint(args, {input: `{"trace":1}\n${WRITE}`})
    expect(exit).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'flushpoint/trace-import@1',
      sizeBytes: 2 ** 20,
      mode: 'none',
      knownBefore: 'whole',
      events: 3,
    })
    const shown = await flushpoint(['trace', 'show', trace])
    expect(shown.stdout).toMatch(/^3 {2}complete #1 OUT: OK/m)
  })

  it('reads back the log that trace export wrote', async () => {
    const story = scene.path('story.ndjson')
    writeFileSync(story, `{"trace":1,"sizeBytes":"64k"}\n${WRITE}`)
    const [log, trace] = [scene.path('log'), scene.path('again.trace')]
    await flushpoint(['trace', 'export', story, '--to', 'log-writes', '-o', log])
    const {exit, stderr} = await flushpoint(['trace', 'import', log, '--from', 'log-writes', '-o', trace])
    expect({exit, stderr}).toEqual({exit: 0, stderr: expect.stringContaining('has it from --base') as string})
    const {stdout} = await flushpoint(['trace', 'export', trace, '--to', 'ndjson', '-o', '-'])
    expect(stdout).toContain('"request":"OUT","offsetBytes":0,"lengthBytes":512,"atNs":0,"data":"0x01"')
    expect(stdout).toContain('"source":"log-writes","knownBefore":"listed"}')
  })

  it('refuses a trace that was cut off, in the file it wrote itself', async () => {
    const trace = scene.path('story.trace')
    const args = ['trace', 'import', '-', '--from', 'ndjson', '-o', trace]
    await flushpoint(args, {input: `{"trace":1,"sizeBytes":512}\n${WRITE}`})
    const whole = readFileSync(trace)
    writeFileSync(trace, whole.subarray(0, whole.length - 1))
    const says = 'reaches beyond the end of the file'
    await expectRefusal(scene, ['trace', 'show', trace], {exit: 5, code: 'E_TRACE', says})
  })

  it('refuses what it cannot read or write, and leaves no file', async () => {
    const junk = scene.file('junk', 4096, 0x41)
    const log = ['--from', 'log-writes', '-o', scene.path('out')]
    const notLog = {exit: 5, code: 'E_TRACE', says: 'byte 0: this is not a log of dm-log-writes'}
    await expectRefusal(scene, ['trace', 'import', junk, ...log], notLog)
    const stdin = {exit: 2, code: 'E_TRACE_FLAGS', says: 'stdin cannot be'}
    await expectRefusal(scene, ['trace', 'import', '-', ...log], stdin)
    const size = {exit: 2, code: 'E_SIZE', says: '--size 1: an image has 512 to 2^53-1 bytes'}
    await expectRefusal(scene, ['trace', 'import', junk, ...log, '--size', '1'], size)
    const stdout = {exit: 2, code: 'E_TRACE_FLAGS', says: 'not to stdout'}
    await expectRefusal(scene, ['trace', 'import', junk, '--from', 'ndjson', '-o', '-'], stdout)
    expect(readdirSync(scene.folder)).toEqual(['junk'])
  })
})
