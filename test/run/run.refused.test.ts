import fs from 'node:fs'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {ToolError} from '../../src/base/index.js'
import {openDescriptors, procFd, refusalOf, Scene} from '../image/scene.js'
import {itNeeds} from '../peers.js'
import {runLines} from './batch-run.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

describe('a run that is refused', () => {
  it('B9: leaves no image behind that was made for it and turned out unfit for its mode', async () => {
    const path = scene.path('new.img')
    const error = await refusalOf(runLines(['OUT 0 512'], {path, aio: 'threads', mode: 'none', createBytes: 1000}))
    expect(error.kind).toBe('environment')
    expect(fs.readdirSync(scene.folder)).toEqual([])
  })

  it('leaves no image behind that was made for it when a request has more data than memory should hold', async () => {
    const path = scene.path('new.img')
    const lines = ['FLUSH', 'IN 0 2G']
    const error = await refusalOf(runLines(lines, {path, aio: 'threads', createBytes: 2 ** 32}))
    expect([error.kind, error.message]).toEqual(['usage', 'line 2: the data of one request ends at 1 GiB, not 2 GiB'])
    expect(fs.readdirSync(scene.folder)).toEqual([])
  })

  it('is not refused for data that the device refuses anyway', async () => {
    const {outcomes} = await runLines(['OUT 0 2G expect=IOERR', 'IN 0 8E expect=IOERR', 'TYPE 8 0 2G'])
    expect([...outcomes].map(({status}) => status)).toEqual(['IOERR', 'IOERR', 'OK'])
  })

  it('leaves no image behind that was made for it when the backend cannot be had', async () => {
    vi.resetModules()
    vi.stubEnv('FLUSHPOINT_NO_NATIVE', '1')
    try {
      const fresh = await import('./batch-run.js')
      const refused = fresh.runLines(['OUT 0 512'], {path: scene.path('new.img'), aio: 'uring', createBytes: 1 << 20})
      await expect(refused).rejects.toMatchObject({code: 'E_AIO', kind: 'environment'})
      expect(fs.readdirSync(scene.folder)).toEqual([])
    } finally {
      vi.unstubAllEnvs()
      vi.resetModules()
    }
  })

  it('does not touch an image that --create would have to overwrite', async () => {
    const path = scene.file('disk.img', 4096, 0x33)
    const error = await refusalOf(runLines(['OUT 0 512'], {path, aio: 'threads', createBytes: 1 << 20}))
    expect(error.code).toBe('E_EXISTS')
    expect(fs.readFileSync(path).every((byte) => byte === 0x33)).toBe(true)
  })

  itNeeds([procFd], 'leaves no descriptor open, and neither does one that ended', async () => {
    const path = scene.file('disk.img', 8192)
    await runLines(['OUT 0 4k fua', 'FLUSH'], {path, aio: 'threads'})
    const before = openDescriptors()
    await runLines(['OUT 0 4k fua', 'FLUSH'], {path, aio: 'threads'})
    await expect(runLines(['OUT 0 4k'], {path: scene.path('missing.img'), aio: 'auto'})).rejects.toBeInstanceOf(
      ToolError,
    )
    expect(openDescriptors()).toBe(before)
  })

  itNeeds([procFd], 'half way, by an exception, waits for what is in flight and closes the image', async () => {
    const path = scene.file('disk.img', 1 << 20)
    await runLines(['OUT 0 4k'], {path, aio: 'threads'})
    const before = openDescriptors()
    const progress = (): never => {
      throw new Error('the observer broke')
    }
    const lines = ['REPEAT 8', 'OUT ${i}*4k 4k', 'END']
    await expect(runLines(lines, {path, aio: 'threads', depth: 4, progress})).rejects.toThrow('the observer broke')
    expect(openDescriptors()).toBe(before)
  })
})
