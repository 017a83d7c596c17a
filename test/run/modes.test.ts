import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

import {afterEach, beforeEach, describe, expect, it} from 'vitest'

import {cacheModeOf} from '../../src/cache-mode/index.js'
import {runModes} from '../../src/run/index.js'
import {runOptions} from './batch-run.js'

const modes = (...names: string[]) => names.map((name) => cacheModeOf(name))

let folder = ''
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flushpoint-modes-'))
})
afterEach(() => fs.rmSync(folder, {recursive: true, force: true}))

describe('several modes', () => {
  it('each start from the same image, which stays as it was made', async () => {
    const image = path.join(folder, 'a.img')
    const options = runOptions(['OUT 0 4k pattern=0xaa', 'IN 4k 512 verify=0x00'], {path: image, createBytes: 65536})
    const results = await runModes(modes('writeback', 'writethrough', 'unsafe'), {...options, aio: 'threads'})
    expect(results.map(({mode, counts}) => [mode.name, counts.ok, counts.verifyFailed])).toEqual([
      ['writeback', 2, 0],
      ['writethrough', 2, 0],
      ['unsafe', 2, 0],
    ])
    expect(fs.readFileSync(image).every((byte) => byte === 0)).toBe(true)
    expect(fs.readdirSync(folder)).toEqual(['a.img'])
  })

  it('leave nothing behind when a later one is refused', async () => {
    const options = runOptions(['OUT 0 512'], {path: path.join(folder, 'odd.img'), createBytes: 1000, aio: 'threads'})
    await expect(runModes(modes('writeback', 'none'), options)).rejects.toMatchObject({kind: 'environment'})
    expect(fs.readdirSync(folder)).toEqual([])
  })

  it('each get a simulated disk of the size of --create', async () => {
    const options = runOptions(['OUT 0 4k', 'FLUSH'], {
      path: path.join(folder, 'no.img'),
      createBytes: 65536,
      aio: 'sim',
    })
    const results = await runModes(modes('writeback', 'none'), options)
    expect(results.map(({counts}) => counts.ok)).toEqual([2, 2])
    expect(fs.readdirSync(folder)).toEqual([])
  })

  it('stop at a signal', async () => {
    const options = runOptions(['OUT 0 512'], {path: path.join(folder, 'a.img'), createBytes: 65536, aio: 'threads'})
    expect(await runModes(modes('writeback', 'none'), {...options, signal: AbortSignal.abort('SIGINT')})).toEqual([])
  })
})
