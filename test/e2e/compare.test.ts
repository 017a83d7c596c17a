import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {Scene} from '../image/scene.js'
import {itNeeds} from '../peers.js'
import {contents, direct, expectNoStack, flushpoint, lines, TIMEOUT_MS, type RunDocument} from './cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let scene: Scene
let image: string
beforeEach(() => {
  scene = new Scene()
  image = scene.file('disk.img', 2 ** 20, 0x11)
})
afterEach(() => scene.close())

const BATCH = lines('IN 0 4k verify=0x11', 'OUT 0 4k pattern=0xaa', 'FLUSH', 'OUT 4k 4k pattern=0xbb')

async function compare(modes: string, ...more: string[]): Promise<{exit: number | undefined; runs: RunDocument[]}> {
  const {exit, stdout, stderr} = await flushpoint(['run', image, ...BATCH, '--cache', modes, '--json', ...more])
  expect(stderr).toBe('')
  const document = JSON.parse(stdout) as {schema: string; runs: RunDocument[]}
  expect(document.schema).toBe('flushpoint/compare@1')
  return {exit, runs: document.runs}
}

describe('several modes at once', () => {
  it('each start from what the image holds, on copies of their own', async () => {
    const before = contents(scene.folder)
    const {exit, runs} = await compare('writethrough,writeback,unsafe')
    expect(exit).toBe(0) // the first IN would find 0xaa if one mode saw what another wrote
    expect(runs.map(({schema, cache}) => `${schema} ${cache.mode}`)).toEqual([
      'flushpoint/run@1 writethrough',
      'flushpoint/run@1 writeback',
      'flushpoint/run@1 unsafe',
    ])
    expect(runs.every((run) => run.image.snapshot)).toBe(true)
    expect(contents(scene.folder)).toEqual(before)
  })

  it('are told apart by what a power cut would lose', async () => {
    const {runs} = await compare('writethrough,writeback,unsafe')
    expect(runs.map(({atRisk}) => atRisk.powerLoss.bytes)).toEqual([0, 4096, 8192])
    expect(runs.map(({requests}) => requests.map(({stable}) => stable.by))).toEqual([
      ['none', 'completion', 'none', 'completion'],
      ['none', 'flush', 'none', 'none'],
      ['none', 'none', 'none', 'none'],
    ])
  })

  itNeeds([direct], 'may include those that bypass the page cache', async () => {
    const {exit, runs} = await compare('writethrough,writeback,none,directsync,unsafe')
    expect(exit).toBe(0)
    expect(runs.map(({cache}) => cache.openFlags.join('|'))).toEqual([
      'O_RDWR|O_DSYNC',
      'O_RDWR',
      'O_RDWR|O_DIRECT',
      'O_RDWR|O_DSYNC|O_DIRECT',
      'O_RDWR',
    ])
    expect(runs.map(({cache}) => cache.writeCacheEnabled)).toEqual([false, true, true, false, true])
  })

  it('end with 1 under --require stable when one of them leaves something unstable', async () => {
    expect(await compare('writethrough,writeback', '--require', 'stable')).toMatchObject({exit: 1})
  })

  it('work on one image that --create makes, which stays as it was made', async () => {
    const args = ['run', scene.path('new.img'), ...lines('OUT 0 4k'), '--create', '1M', '--cache', 'writeback,unsafe']
    expect(await flushpoint([...args, '--json'])).toMatchObject({exit: 0, stderr: ''})
    const [made] = contents(scene.folder).filter((line) => line.startsWith('new.img'))
    const zeroes = scene.file('zeroes.img', 2 ** 20)
    const [same] = contents(scene.folder).filter((line) => line.startsWith('zeroes.img'))
    expect(zeroes).toContain('zeroes')
    expect(made?.split('bytes, ')[1]).toBe(same?.split('bytes, ')[1])
  })

  it('are printed side by side, in one table', async () => {
    const ended = await flushpoint(['run', image, ...BATCH, '--cache', 'writethrough,writeback'])
    expect(ended).toMatchObject({exit: 0, stderr: ''})
    expect(ended.stdout).toMatch(/^#? *request +writethrough +writeback$/m)
    expect(ended.stdout).toMatch(/^opened with +O_RDWR O_DSYNC +O_RDWR$/m)
    expectNoStack(ended)
  })

  it('give one record a line and mode with --format ndjson', async () => {
    const args = ['run', image, ...BATCH, '--cache', 'writethrough,writeback', '--format', 'ndjson']
    const {stdout} = await flushpoint(args)
    const records = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    for (const mode of ['writethrough', 'writeback']) {
      const ofMode = records.filter((record) => record['mode'] === mode)
      expect(ofMode.filter(({record}) => record === 'request')).toHaveLength(4)
      expect(ofMode.at(-1)).toMatchObject({record: 'summary', ran: 4})
    }
  })
})
