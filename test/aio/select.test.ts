import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import type {BackendTarget, OpenBackend} from '../../src/aio/index.js'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {loadUring} from '../../src/native/index.js'
import {STEP_READ, STEP_SYNC, STEP_WRITE} from '../../src/request/index.js'
import {capability, itNeeds} from '../peers.js'
import {realImage, type RealImage} from './real-image.js'

const SIZE_BYTES = 1 << 20
const NO_NATIVE = 'FLUSHPOINT_NO_NATIVE'

/** Why there is no ring here; empty when there is one. */
async function missing(): Promise<string> {
  const loaded = await loadUring()
  if (!loaded.ok) return loaded.reason
  const opened = loaded.uring.openRing(4)
  if (!opened.ok) return opened.reason
  opened.ring.close()
  return ''
}

const reason = await missing()
const ring = capability(reason === '', reason)

let image: RealImage
let before: string | undefined

beforeEach(() => {
  before = process.env[NO_NATIVE]
  image = realImage(SIZE_BYTES)
  // What was found out about native calls is remembered in the modules; each test finds out for itself.
  vi.resetModules()
})

afterEach(() => {
  if (before === undefined) delete process.env[NO_NATIVE]
  else process.env[NO_NATIVE] = before
  image.remove()
})

function target(): BackendTarget {
  return {
    fd: image.fd,
    dsyncFd: image.dsyncFd,
    sizeBytes: SIZE_BYTES,
    readOnly: false,
    mode: cacheModeOf('writeback'),
    tokens: 5,
    depth: 4,
    seed: 42,
    read: (offsetBytes, bytes) => void bytes.fill(offsetBytes === 0 ? 7 : 8),
    freshRanges: (offsetBytes, lengthBytes) => (offsetBytes < 8192 ? [] : [{offsetBytes, lengthBytes}]),
  }
}

async function open(
  choice: 'auto' | 'uring' | 'threads' | 'sim',
  more: Partial<BackendTarget> = {},
): Promise<OpenBackend> {
  const {openBackend} = await import('../../src/aio/index.js')
  return openBackend(choice, {...target(), ...more})
}

describe('choosing a backend', () => {
  it('offers auto, and then every backend by its name', async () => {
    const {AIO_CHOICES, BACKENDS} = await import('../../src/aio/index.js')
    expect(AIO_CHOICES).toEqual(['auto', 'uring', 'threads', 'sim'])
    expect(BACKENDS.every(({summary}) => summary.length > 0)).toBe(true)
  })

  itNeeds([ring], 'auto takes io_uring where it is available', async () => {
    delete process.env[NO_NATIVE]
    const {backend, reason: why} = await open('auto')
    expect([backend.name, why, backend.tokens]).toEqual(['uring', 'io_uring is available', 5])
    await backend.close()
  })

  it('auto falls back to threads, and says why', async () => {
    process.env[NO_NATIVE] = '1'
    const {backend, reason: why} = await open('auto')
    expect([backend.name, why]).toEqual(['threads', `fallback: ${NO_NATIVE}=1 is set`])
    await backend.close()
  })

  it('io_uring asked for by name and not available is an error of the environment, never a silent fallback', async () => {
    process.env[NO_NATIVE] = '1'
    await expect(open('uring')).rejects.toMatchObject({
      name: 'ToolError',
      kind: 'environment',
      code: 'E_AIO',
      exitCode: 3,
      message: `--aio uring: ${NO_NATIVE}=1 is set`,
      hint: expect.stringContaining('--aio threads'),
    })
  })

  it('a backend asked for by name is taken for that reason', async () => {
    const {backend, reason: why, freshRanges} = await open('threads')
    expect([backend.name, why, backend.tokens]).toEqual(['threads', 'asked for with --aio threads', 5])
    expect(freshRanges(8192, 512)).toEqual([{offsetBytes: 8192, lengthBytes: 512}])
    await backend.close()
  })

  it('a simulated disk starts with the content and the holes of the image, and names its seed', async () => {
    const {backend, reason: why, freshRanges, read} = await open('sim')
    expect([backend.name, why, backend.tokens]).toEqual(['sim', 'simulated disk, seed 42', 5])
    const memory = backend.createMemory(1024)
    backend.queue(STEP_READ, 0, memory, 0, 0, 512, false)
    backend.queue(STEP_READ, 1, memory, 512, 8192, 512, false)
    for (let reaped = 0; reaped < 2; reaped += backend.reap()) await backend.submit(true)
    expect([memory.bytes[0], memory.bytes[512]]).toEqual([7, 0])
    expect(freshRanges(0, 16384)).toEqual([{offsetBytes: 8192, lengthBytes: 8192}])
    const now = new Uint8Array(512)
    memory.bytes.fill(3)
    backend.queue(STEP_WRITE, 0, memory, 0, 0, 512, false)
    await backend.submit(true)
    expect([backend.reap(), read(0, now), now[0]]).toEqual([1, undefined, 3])
    await backend.close()
  })

  it('a simulated disk with a model names it and costs what it says; the others do not care', async () => {
    const {diskModelOf} = await import('../../src/aio/index.js')
    const diskModel = diskModelOf('nvme')
    const {backend, reason: why} = await open('sim', {diskModel})
    expect([why, backend.ordersTags]).toEqual(['simulated nvme disk, seed 42', true])
    backend.queue(STEP_SYNC, 0, undefined, 0, 0, 0, false)
    await backend.submit(true)
    // A flush of nothing: command, flush, round trip.
    expect([backend.reap(), backend.nowNs()]).toEqual([1, 15_000 + 400_000 + 10_000])
    await backend.close()
    const real = await open('threads', {diskModel})
    expect([real.reason, real.backend.ordersTags]).toEqual(['asked for with --aio threads', false])
    await real.backend.close()
  })

  it('simulated disks on one device share its clock and its model', async () => {
    const {diskModelOf, openSimDevice} = await import('../../src/aio/index.js')
    const device = await openSimDevice(diskModelOf('ssd'))
    const more = {device, diskModel: diskModelOf('hdd')}
    const [first, second] = [await open('sim', more), await open('sim', {...more, seed: 7})]
    expect([first.reason, second.reason]).toEqual(['simulated ssd disk, seed 42', 'simulated ssd disk, seed 7'])
    first.backend.queue(STEP_SYNC, 0, undefined, 0, 0, 0, false)
    await first.backend.submit(true)
    expect(first.backend.reap()).toBe(1)
    expect(second.backend.nowNs()).toBe(first.backend.nowNs())
    expect(second.backend.nowNs()).toBeGreaterThan(0)
    await Promise.all([first.backend.close(), second.backend.close()])
  })

  it('real backends do not load the simulation', async () => {
    let loaded = 0
    vi.doMock('../../src/aio/sim/device.js', async (actual) => {
      loaded++
      return actual()
    })
    try {
      const {diskModelOf, openSimDevice} = await import('../../src/aio/index.js')
      await (await open('threads')).backend.close()
      expect(loaded).toBe(0)
      await openSimDevice(diskModelOf('hdd'))
      expect(loaded).toBe(1)
    } finally {
      vi.doUnmock('../../src/aio/sim/device.js')
    }
  })
})
