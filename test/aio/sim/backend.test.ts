import {describe, expect, it} from 'vitest'
import {SimBackend, type SimBackendOptions} from '../../../src/aio/sim/backend.js'
import {SimDevice} from '../../../src/aio/sim/device.js'
import {DISK_MODELS, diskModelOf} from '../../../src/aio/sim/disk-model.js'
import {SimDisk} from '../../../src/aio/sim/disk.js'
import type {SimFault} from '../../../src/aio/sim/fault.js'
import {ERRNO} from '../../../src/base/index.js'
import {STEP_PUNCH, STEP_READ, STEP_SYNC, STEP_WRITE, STEP_ZERO} from '../../../src/request/index.js'
import {describeBackendContract, runOrders} from '../contract.js'
import {NONE, sectorValues, WRITEBACK, WRITETHROUGH} from './moments.js'

const SIZE_BYTES = 1 << 20

function diskOf(seed: number, mode: SimDisk['mode'] = WRITEBACK): SimDisk {
  return new SimDisk({sizeBytes: SIZE_BYTES, seed, mode, allocated: () => false})
}

function backendOf(seed: number, options: Partial<SimBackendOptions> = {}): SimBackend {
  return new SimBackend({disk: diskOf(seed), seed, ...options})
}

const modes = {writeback: WRITEBACK, writethrough: WRITETHROUGH, none: NONE}
for (const [mode, facts] of Object.entries(modes)) {
  describeBackendContract(`sim (${mode})`, async ({readOnly}) => ({
    backend: backendOf(7, {disk: diskOf(7, facts), readOnly}),
    sizeBytes: SIZE_BYTES,
    cleanup: async () => {},
  }))
}
for (const model of DISK_MODELS) {
  describeBackendContract(`sim (${model.name}, none)`, async ({readOnly}) => ({
    backend: backendOf(9, {disk: diskOf(9, NONE), model, readOnly}),
    sizeBytes: SIZE_BYTES,
    cleanup: async () => {},
  }))
}
describeBackendContract('sim (a shared device, writeback)', async ({readOnly}) => {
  const device = new SimDevice(diskModelOf('ssd'))
  const idle = backendOf(11, {device})
  return {
    backend: backendOf(10, {device, readOnly}),
    sizeBytes: SIZE_BYTES,
    cleanup: () => idle.close(),
  }
})
describeBackendContract('sim (no ordered tags)', async ({readOnly}) => ({
  backend: backendOf(12, {ordersTags: false, readOnly}),
  sizeBytes: SIZE_BYTES,
  cleanup: async () => {},
}))
describeBackendContract('sim (a few tokens, a smaller queue)', async ({readOnly}) => ({
  backend: backendOf(8, {capacity: 3, tokens: 10, readOnly}),
  sizeBytes: SIZE_BYTES,
  cleanup: async () => {},
}))

/** Runs reads and writes of 4096 bytes and says which token ended when, with what. */
async function protocol(backend: SimBackend, count: number): Promise<string[]> {
  const memory = backend.createMemory(4096)
  for (let token = 0; token < count; token++) {
    const op = token % 3 === 2 ? STEP_READ : STEP_WRITE
    expect(backend.queue(op, token, memory, 0, token * 4096, 4096, false)).toBe(true)
  }
  const lines: string[] = []
  while (lines.length < count) {
    await backend.submit(true)
    const reaped = backend.reap()
    for (let i = 0; i < reaped; i++) {
      lines.push(`${backend.doneTokens[i]} ${backend.doneResults[i]} at ${backend.nowNs()}`)
    }
  }
  return lines
}

describe('the simulated backend', () => {
  it('does the same at the same nanoseconds with the same seeds', async () => {
    expect(await protocol(backendOf(5), 20)).toEqual(await protocol(backendOf(5), 20))
    expect(await protocol(backendOf(5), 20)).not.toEqual(await protocol(backendOf(6), 20))
  })

  it('ends steps in another order than they were queued', async () => {
    const tokens = (await protocol(backendOf(1), 32)).map((line) => Number(line.split(' ')[0]))
    expect(tokens).not.toEqual(tokens.toSorted((a, b) => a - b))
  })

  it('starts its clock at 0 and never makes anyone wait', () => {
    const backend = backendOf(1)
    expect(backend.nowNs()).toBe(0)
    expect(backend.submit(true)).toBeUndefined()
    backend.queue(STEP_SYNC, 0, undefined, 0, 0, 0, false)
    expect(backend.submit(true)).toBeUndefined()
    expect(backend.nowNs()).toBeGreaterThan(0)
  })

  it('ends a poll: time passes even when nobody waits', async () => {
    const backend = backendOf(1)
    backend.queue(STEP_SYNC, 0, undefined, 0, 0, 0, false)
    let polls = 0
    for (; backend.reap() === 0 && polls < 10_000; polls++) await backend.submit(false)
    expect(polls).toBeGreaterThan(1)
    expect(polls).toBeLessThan(10_000)
  })

  it('lets time pass to a moment and no further, or to the first step that ends', () => {
    const backend = backendOf(1, {model: diskModelOf('nvme')})
    expect([backend.passTo(1_000_000), backend.nowNs()]).toEqual([false, 1_000_000])
    backend.queue(STEP_SYNC, 0, undefined, 0, 0, 0, false)
    const endNs = 1_000_000 + 15_000 + 400_000 + 10_000 // command, flush, round trip
    expect([backend.passTo(1_300_000), backend.nowNs(), backend.reap()]).toEqual([false, 1_300_000, 0])
    expect([backend.passTo(9_000_000), backend.nowNs(), backend.reap()]).toEqual([true, endNs, 1])
    expect([backend.passTo(endNs - 1), backend.nowNs()]).toEqual([false, endNs])
  })

  it('answers false while as many steps are outstanding as it takes, until some are reaped', async () => {
    const backend = backendOf(1, {capacity: 2, tokens: 4})
    const sync = (token: number): boolean => backend.queue(STEP_SYNC, token, undefined, 0, 0, 0, false)
    expect([sync(0), sync(1), sync(2)]).toEqual([true, true, false])
    await backend.submit(true)
    expect(sync(2)).toBe(false)
    expect(backend.reap()).toBe(1)
    expect([sync(2), sync(3)]).toEqual([true, false])
  })

  it('lets a read in flight beside a write see either value of each sector', async () => {
    const seen = new Set<string>()
    for (let seed = 1; seed <= 200; seed++) {
      const backend = backendOf(seed)
      const memory = backend.createMemory(8192)
      memory.bytes.fill(1, 0, 1024)
      await runOrders(backend, memory, [
        {op: STEP_WRITE, token: 0, slot: 0, offsetBytes: 0, lengthBytes: 1024},
        {op: STEP_READ, token: 1, slot: 1, offsetBytes: 0, lengthBytes: 1024},
      ])
      seen.add(`${memory.bytes[4096]}${memory.bytes[4096 + 512]}`)
    }
    expect([...seen].toSorted()).toEqual(['00', '01', '10', '11'])
  })

  it('covers by a SYNC what had ended when the SYNC was queued, though it was submitted with later writes', async () => {
    for (let seed = 1; seed <= 50; seed++) {
      const backend = backendOf(seed)
      const memory = backend.createMemory(4096)
      memory.bytes.fill(1)
      await runOrders(backend, memory, [{op: STEP_WRITE, token: 0, slot: 0, lengthBytes: 4096}])
      await runOrders(backend, memory, [
        {op: STEP_SYNC, token: 0},
        {op: STEP_WRITE, token: 1, slot: 0, offsetBytes: 4096, lengthBytes: 4096},
      ])
      expect(sectorValues(backend.powerCut('powerLoss', seed), 8)).toEqual(Array(8).fill(1))
    }
  })

  it('does not cover by a SYNC a write queued before it that was still in flight', async () => {
    const kept = new Set<number>()
    for (let seed = 1; seed <= 100; seed++) {
      const backend = backendOf(seed)
      const memory = backend.createMemory(4096)
      memory.bytes.fill(1)
      await runOrders(backend, memory, [
        {op: STEP_WRITE, token: 0, slot: 0, lengthBytes: 512},
        {op: STEP_SYNC, token: 1},
      ])
      for (const value of sectorValues(backend.powerCut('powerLoss', seed), 1)) kept.add(value)
    }
    expect(kept).toEqual(new Set([0, 1]))
  })

  it('makes a write with dsync stable at its completion, under a mode that makes none stable', async () => {
    for (let seed = 1; seed <= 50; seed++) {
      const backend = backendOf(seed, {disk: diskOf(seed, NONE)})
      const memory = backend.createMemory(4096)
      memory.bytes.fill(1)
      await runOrders(backend, memory, [{op: STEP_WRITE, token: 0, slot: 0, lengthBytes: 4096, dsync: true}])
      expect(sectorValues(backend.powerCut('powerLoss', seed), 8)).toEqual(Array(8).fill(1))
    }
  })

  it('tears a write that is in flight when the power is cut', async () => {
    const images = new Set<string>()
    const backend = backendOf(1, {disk: diskOf(1, NONE)})
    const memory = backend.createMemory(4096)
    memory.bytes.fill(1)
    backend.queue(STEP_WRITE, 0, memory, 0, 0, 1024, false)
    await backend.submit(false)
    for (let seed = 1; seed <= 100; seed++) images.add(sectorValues(backend.powerCut('powerLoss', seed), 2).join(''))
    expect([...images].toSorted()).toEqual(['00', '01', '10', '11'])
  })

  it('tells which blocks a write would have to allocate', async () => {
    const backend = backendOf(1, {disk: diskOf(1, NONE)})
    const memory = backend.createMemory(4096)
    expect(backend.freshRanges(512, 512)).toEqual([{offsetBytes: 0, lengthBytes: 4096}])
    await runOrders(backend, memory, [{op: STEP_WRITE, token: 0, slot: 0, lengthBytes: 512, dsync: true}])
    expect(backend.freshRanges(512, 8192)).toEqual([{offsetBytes: 4096, lengthBytes: 8192}])
  })
})

describe('the simulated backend refuses as a host does', () => {
  const result = async (backend: SimBackend, order: Omit<Parameters<typeof runOrders>[2][number], 'token'>) =>
    (await runOrders(backend, backend.createMemory(8192), [{...order, token: 0}])).get(0)

  it('a write past the end, because the image cannot grow, and cuts one that crosses the end', async () => {
    const write = {op: STEP_WRITE, slot: 0, lengthBytes: 8192} as const
    expect(await result(backendOf(1), {...write, offsetBytes: SIZE_BYTES})).toBe(-ERRNO.ENOSPC)
    expect(await result(backendOf(1), {...write, offsetBytes: SIZE_BYTES - 4096})).toBe(4096)
  })

  it('an O_DIRECT transfer that is not of whole sectors', async () => {
    const disk = diskOf(1, NONE)
    for (const op of [STEP_READ, STEP_WRITE] as const) {
      expect(await result(backendOf(1, {disk}), {op, slot: 0, offsetBytes: 4, lengthBytes: 512})).toBe(-ERRNO.EINVAL)
      expect(await result(backendOf(1, {disk}), {op, slot: 0, offsetBytes: 0, lengthBytes: 100})).toBe(-ERRNO.EINVAL)
      expect(await result(backendOf(1), {op, slot: 0, offsetBytes: 4, lengthBytes: 100})).toBe(100)
    }
  })

  it('ZERO and PUNCH of nothing or past the end, and on an image open for reading only', async () => {
    for (const op of [STEP_ZERO, STEP_PUNCH] as const) {
      expect(await result(backendOf(1), {op, lengthBytes: 0})).toBe(-ERRNO.EINVAL)
      expect(await result(backendOf(1), {op, offsetBytes: SIZE_BYTES - 512, lengthBytes: 1024})).toBe(-ERRNO.EINVAL)
      expect(await result(backendOf(1, {readOnly: true}), {op, lengthBytes: 512})).toBe(-ERRNO.EBADF)
    }
  })
})

describe('a fault of the simulated backend', () => {
  const after = async (seed: number, faults: readonly SimFault[], mode = WRITEBACK) => {
    const backend = backendOf(seed, {disk: diskOf(seed, mode), faults})
    const memory = backend.createMemory(8192)
    memory.bytes.fill(1, 0, 4096)
    const write = await runOrders(backend, memory, [{op: STEP_WRITE, token: 0, slot: 0, lengthBytes: 1024}])
    const sync = await runOrders(backend, memory, [{op: STEP_SYNC, token: 0}])
    const read = await runOrders(backend, memory, [{op: STEP_READ, token: 0, slot: 1, lengthBytes: 1024}])
    return {
      backend,
      results: [write.get(0), sync.get(0), read.get(0)],
      values: [memory.bytes[4096], memory.bytes[4608]],
    }
  }

  it('ends a write with its errno and leaves any of its sectors changed, under dsync too', async () => {
    for (const mode of [WRITEBACK, WRITETHROUGH]) {
      const seen = new Set<string>()
      for (let seed = 1; seed <= 100; seed++) {
        const fault = {step: 'write', nth: 1, effect: {kind: 'errno', errno: ERRNO.EIO}} as const
        const {results, values} = await after(seed, [fault], mode)
        expect(results).toEqual([-ERRNO.EIO, 0, 1024])
        seen.add(values.join(''))
      }
      expect([...seen].toSorted()).toEqual(['00', '01', '10', '11'])
    }
  })

  it('cuts a write after exactly its first bytes', async () => {
    const {results, values, backend} = await after(3, [{step: 'write', effect: {kind: 'short', bytes: 512}}])
    expect([results, values]).toEqual([
      [512, 0, 1024],
      [1, 0],
    ])
    expect(sectorValues(backend.powerCut('powerLoss', 1), 2)).toEqual([1, 0])
  })

  it('cuts a read, and leaves the rest of the memory alone', async () => {
    const {results, values} = await after(3, [{step: 'read', effect: {kind: 'short', bytes: 512}}])
    expect(results).toEqual([1024, 0, 512])
    expect(values).toEqual([1, 0])
  })

  it('fails a SYNC, after which nothing is stable and the next SYNC makes nothing of it stable, though reads show it', async () => {
    const kept = new Set<string>()
    for (let seed = 1; seed <= 100; seed++) {
      const fault = {step: 'sync', nth: 1, effect: {kind: 'errno', errno: ERRNO.EIO}} as const
      const {backend, results, values} = await after(seed, [fault])
      expect([results, values]).toEqual([
        [1024, -ERRNO.EIO, 1024],
        [1, 1],
      ])
      const again = await runOrders(backend, backend.createMemory(4096), [{op: STEP_SYNC, token: 0}])
      expect(again.get(0)).toBe(0)
      kept.add(sectorValues(backend.powerCut('powerLoss', seed), 2).join(''))
    }
    expect(kept).toContain('00')
    expect(kept).toContain('11')
  })

  it('fails ZERO and PUNCH, with any of the sectors zeroed', async () => {
    const seen = new Set<string>()
    for (let seed = 1; seed <= 100; seed++) {
      const {backend} = await after(seed, [{step: 'zero', effect: {kind: 'errno', errno: ERRNO.ENOSPC}}])
      const memory = backend.createMemory(4096)
      const results = await runOrders(backend, memory, [{op: STEP_ZERO, token: 0, lengthBytes: 1024}])
      expect(results.get(0)).toBe(-ERRNO.ENOSPC)
      await runOrders(backend, memory, [{op: STEP_READ, token: 0, slot: 0, lengthBytes: 1024}])
      seen.add(`${memory.bytes[0]}${memory.bytes[512]}`)
    }
    expect([...seen].toSorted()).toEqual(['00', '01', '10', '11'])
  })

  it('makes a step later by its delay', async () => {
    const plain = await after(4, [])
    const late = await after(4, [{step: 'read', effect: {kind: 'delay', ns: 1_000_000}}])
    expect(late.backend.nowNs() - plain.backend.nowNs()).toBe(1_000_000)
  })
})

describe('the engine is told of its own mistakes', () => {
  it('by an internal error, when it uses a token twice, a step it was told not to use, or memory that is too small', () => {
    const backend = backendOf(1, {canDsync: false, canZero: false, canPunch: false, ordersTags: false, tokens: 4})
    const memory = backend.createMemory(512)
    backend.queue(STEP_READ, 0, memory, 0, 0, 512, false)
    expect(() => backend.queue(STEP_READ, 0, memory, 0, 0, 512, false)).toThrow(/token 0/)
    expect(() => backend.queue(STEP_READ, 4, memory, 0, 0, 512, false)).toThrow(/token 4/)
    expect(() => backend.queue(STEP_READ, 1, memory, 512, 0, 512, false)).toThrow(/does not fit/)
    expect(() => backend.queue(STEP_WRITE, 1, undefined, 0, 0, 512, false)).toThrow(/does not fit/)
    expect(() => backend.queue(STEP_WRITE, 1, memory, 0, 0, 512, true)).toThrow(/beyond/)
    expect(() => backend.queue(STEP_ZERO, 1, undefined, 0, 0, 512, false)).toThrow(/beyond/)
    expect(() => backend.queue(STEP_PUNCH, 1, undefined, 0, 0, 512, false)).toThrow(/beyond/)
    expect(() => backend.queue(STEP_SYNC, 1, undefined, 0, 0, 0, false, true)).toThrow(/beyond/)
  })

  it('by an internal error, when it closes with steps outstanding', async () => {
    const backend = backendOf(1)
    backend.queue(STEP_SYNC, 0, undefined, 0, 0, 0, false)
    await expect(backend.close()).rejects.toThrow(/1 step/)
  })
})
