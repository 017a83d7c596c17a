import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {Scene} from '../image/scene.js'
import {expectRefusal, flushpoint, TIMEOUT_MS} from './cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

async function modesJson(...args: readonly string[]): Promise<unknown> {
  const ended = await flushpoint(['modes', ...args, '--json'], {cwd: scene.folder})
  expect(ended).toMatchObject({exit: 0, stderr: ''})
  return JSON.parse(ended.stdout)
}

interface MatrixJson {
  readonly cells: readonly {
    readonly frontend: string
    readonly mode: string
    readonly safe: boolean
    readonly failure: string
  }[]
}

describe('flushpoint modes', () => {
  it('shows all modes, or one', async () => {
    expect(await modesJson()).toMatchObject({schema: 'flushpoint/modes@1'})
    expect(await modesJson('off')).toMatchObject({schema: 'flushpoint/mode@1', mode: 'none'})
    const ended = await flushpoint(['modes'])
    expect(ended).toMatchObject({exit: 0, stderr: ''})
    expect(ended.stdout).toMatch(/^power loss +yes .*conditional .*conditional .*yes .*no /m)
  })

  it('shows the matrix of 2009 cell by cell', async () => {
    const {cells} = (await modesJson('--all', '--era', '2009')) as MatrixJson
    expect(cells.map(({frontend, mode, failure}) => `${frontend} ${mode} ${failure}`)).toEqual([
      'ide writethrough none',
      'ide writeback stability',
      'ide none stability',
      'scsi writethrough none',
      'scsi writeback none',
      'scsi none none',
      'virtio-blk writethrough ordering',
      'virtio-blk writeback stability',
      'virtio-blk none stability',
    ])
  })

  it('means today unless told otherwise, and every front end unless one is named', async () => {
    expect(await modesJson('--all')).toMatchObject({schema: 'flushpoint/matrix@1', era: 'today', steps: []})
    const {cells} = (await modesJson('--frontend', 'virtio-blk')) as MatrixJson
    expect(cells.filter(({safe}) => !safe).map(({mode}) => mode)).toEqual(['unsafe'])
    expect(((await modesJson('--era', 'plan')) as MatrixJson).cells.filter(({safe}) => safe)).toHaveLength(9)
    expect(((await modesJson('none', '--all')) as MatrixJson).cells).toHaveLength(4)
  })

  it('shows which cells a step of the plan changes', async () => {
    const ended = await flushpoint(['modes', '--era', '2009', '--with', 'virtio-drain'])
    expect(ended.stdout).toContain('- virtio-blk under writethrough: unsafe (ordering) before, safe now\n')
  })

  it('shows the configuration space', async () => {
    expect(await modesJson('--frontend', 'virtio-blk', '--config-space', '--size', '1000000')).toMatchObject({
      schema: 'flushpoint/config-space@1',
      mode: 'writeback',
      hex: expect.stringMatching(/^a107000000000000/) as unknown,
    })
  })
})

describe('a question that contradicts itself is a usage error', () => {
  const contradiction = {exit: 2, code: 'E_MODES_FLAGS'}
  it.each([
    {line: '--all --frontend ide', ...contradiction, says: '--all and --frontend ide contradict each other'},
    {line: '--with ide-wce', ...contradiction, says: '--with ide-wce needs --era 2009, not today'},
    {line: '--era plan --with ide-wce', ...contradiction, says: 'needs --era 2009, not plan'},
    {line: '--size 1M', ...contradiction, says: '--size is the size of the image of --config-space'},
    {line: '--config-space --frontend ide', ...contradiction, says: 'ide has no configuration space'},
    {line: '--config-space --all', ...contradiction, says: '--config-space shows one device of today'},
    {line: '--config-space --era 2009', ...contradiction, says: '--config-space shows one device of today'},
    {
      line: '--config-space --size 0',
      exit: 2,
      code: 'E_SIZE',
      says: '--size 0: an image has 1 to 2^53-1 bytes',
    },
    {line: 'wb', exit: 2, code: 'E_CACHE_MODE', says: '"wb" is not a cache mode'},
    {line: 'unsafe --era 2009', exit: 2, code: 'E_MODE_ERA', says: 'unsafe came in 2010, after the era 2009'},
    {line: '--era 2009 --with drain', exit: 2, code: 'E_STEP', says: '"drain" is not a step of the plan'},
  ])('modes $line', async ({line, ...refusal}) => {
    await expectRefusal(scene, ['modes', ...line.split(' ')], refusal)
  })
})

describe('modes --image', () => {
  it('reads the host from the system and leaves the image as it is', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flushpoint-host-'))
    try {
      const image = path.join(folder, 'a.img')
      fs.writeFileSync(image, Buffer.alloc(8192, 7))
      const before = fs.statSync(image, {bigint: true})
      const run = await flushpoint(['modes', '--image', image, '--json'])
      expect(run.exit).toBe(0)
      const host = JSON.parse(run.stdout) as {schema: string; sizeBytes: number; assumptions: {holds: unknown}[]}
      expect([host.schema, host.sizeBytes]).toEqual(['flushpoint/host@1', 8192])
      expect(host.assumptions.length).toBeGreaterThan(2)
      const after = fs.statSync(image, {bigint: true})
      expect([after.mtimeNs, after.size]).toEqual([before.mtimeNs, before.size])
      expect(fs.readFileSync(image)).toEqual(Buffer.alloc(8192, 7))
      expect(fs.readdirSync(folder)).toEqual(['a.img'])
    } finally {
      fs.rmSync(folder, {recursive: true, force: true})
    }
  })

  it('is an environment error when there is no image, and a usage error beside a front end', async () => {
    expect((await flushpoint(['modes', '--image', '/nonexistent/a.img'])).exit).toBe(3)
    expect((await flushpoint(['modes', '--image', 'a.img', '--all'])).exit).toBe(2)
  })
})
