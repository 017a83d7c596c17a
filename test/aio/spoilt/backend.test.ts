import {closeSync, openSync, readFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'

import {SpoiltBackend} from '../../../src/aio/spoilt/backend.js'
import {parseSpoil, type Spoil} from '../../../src/aio/spoilt/spoil.js'
import {ThreadsBackend} from '../../../src/aio/threads/backend.js'
import {ERRNO} from '../../../src/base/index.js'
import {STEP_READ, STEP_SYNC, STEP_WRITE} from '../../../src/request/index.js'
import {Scene} from '../../image/scene.js'

describe('a backend on a bad disk', () => {
  let scene: Scene
  let path: string
  let fd: number
  beforeEach(() => {
    scene = new Scene()
    path = scene.file('disk.img', 8192, 0x11)
    fd = openSync(path, 'r+')
  })
  afterEach(() => {
    closeSync(fd)
    scene.close()
  })

  const bad = (delays: string | undefined, errors: string | undefined, seed = 1): SpoiltBackend =>
    new SpoiltBackend(new ThreadsBackend(fd, () => fd, 64), parseSpoil(delays, errors) as Spoil, seed)

  async function resultsOf(backend: SpoiltBackend, count: number): Promise<Map<number, number>> {
    const results = new Map<number, number>()
    while (results.size < count) {
      await backend.submit(true)
      const ended = backend.reap()
      for (let i = 0; i < ended; i++) results.set(backend.doneTokens[i] as number, backend.doneResults[i] as number)
    }
    return results
  }

  it('fails a step without doing it, and leaves the others alone', async () => {
    const backend = bad(undefined, 'write=EIO')
    const memory = backend.createMemory(512)
    backend.queue(STEP_WRITE, 0, memory, 0, 0, 512, false)
    backend.queue(STEP_SYNC, 1, undefined, 0, 0, 0, false)
    backend.queue(STEP_READ, 2, memory, 0, 0, 512, false)
    const results = await resultsOf(backend, 3)
    expect([results.get(0), results.get(1), results.get(2)]).toEqual([-ERRNO.EIO, 0, 512])
    expect(readFileSync(path).every((byte) => byte === 0x11)).toBe(true)
    await backend.close()
  })

  it('tells of a step no sooner than it should, and of others meanwhile', async () => {
    const backend = bad('flush=30ms', undefined)
    const memory = backend.createMemory(512)
    const startNs = backend.nowNs()
    backend.queue(STEP_SYNC, 1, undefined, 0, 0, 0, false)
    backend.queue(STEP_READ, 2, memory, 0, 0, 512, false)
    expect([...(await resultsOf(backend, 2)).keys()]).toEqual([2, 1])
    expect(backend.nowNs() - startNs).toBeGreaterThanOrEqual(30e6)
    await backend.close()
  })

  it('fails the same steps again with the same seed, and about as many as the rate says', async () => {
    const failed = async (seed: number): Promise<number[]> => {
      const backend = bad(undefined, 'read=EIO@25%', seed)
      const memory = backend.createMemory(512)
      for (let token = 0; token < 64; token++) backend.queue(STEP_READ, token, memory, 0, 0, 512, false)
      const results = await resultsOf(backend, 64)
      await backend.close()
      return [...results].flatMap(([token, result]) => (result < 0 ? [token] : [])).toSorted((a, b) => a - b)
    }
    const first = await failed(7)
    expect(await failed(7)).toEqual(first)
    expect(await failed(8)).not.toEqual(first)
    expect(first.length).toBeGreaterThan(4)
    expect(first.length).toBeLessThan(32)
  })
})
