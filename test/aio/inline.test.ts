import {writeSync} from 'node:fs'
import {afterEach, describe, expect, vi} from 'vitest'
import type {Backend, InlineSteps} from '../../src/aio/backend.js'
import {FolioSplitter} from '../../src/aio/folio-splitter.js'
import {InlineBackend} from '../../src/aio/inline.js'
import {ERRNO} from '../../src/base/index.js'
import {ThreadsBackend} from '../../src/aio/threads/backend.js'
import {UringBackend} from '../../src/aio/uring/backend.js'
import {RingSockets} from '../../src/aio/uring/sockets.js'
import {loadTransfers, loadUring, type Transfers} from '../../src/native/index.js'
import {STEP_READ, STEP_SYNC, STEP_WRITE, type StepOp} from '../../src/request/index.js'
import {ringRefusal} from '../native/ring-refusal.js'
import {capability, itNeeds} from '../peers.js'
import {describeBackendContract} from './contract.js'
import {directRefusal, realImage, type RealImage} from './real-image.js'

const SIZE_BYTES = 1 << 20
const loaded = await loadUring()

const reason = ringRefusal(loaded)
const ring = capability(reason === '', reason)
const directReason = directRefusal()
const direct = capability(directReason === '', directReason)
const bound = await loadTransfers()
const calls = capability(bound.ok, bound.ok ? '' : bound.reason)

/** A real backend on an image, with 16 tokens. */
function real(name: 'uring' | 'threads', image: RealImage): Backend {
  if (name === 'threads') return new ThreadsBackend(image.fd, image.dsyncFd, 16)
  if (!loaded.ok) throw new Error(loaded.reason)
  return new UringBackend(loaded.uring, image.fd, 16)
}

async function transfersOfOurOwn(): Promise<Transfers> {
  const own = await loadTransfers()
  if (!own.ok) throw new Error(own.reason)
  return own.transfers
}

for (const [inner, waits, mode, needs] of [
  ['uring', true, 'writeback', [ring, calls]],
  ['uring', false, 'writeback', [ring, calls]],
  ['uring', true, 'none', [ring, calls, direct]],
  ['threads', true, 'writeback', [calls]],
  ['threads', false, 'writeback', [calls]],
  ['threads', true, 'none', [calls, direct]],
] as const) {
  const name = `${inner} (${mode}, with plain system calls, ${waits ? 'which wait' : 'for what is cached'})`
  if (needs.every((need) => need.present)) {
    describeBackendContract(name, async ({readOnly}) => {
      const image = realImage(SIZE_BYTES, {mode, readOnly})
      const steps = {reads: true, writes: true, waits, sync: true}
      return {
        backend: new InlineBackend(real(inner, image), image.fd, steps, await transfersOfOurOwn()),
        sizeBytes: SIZE_BYTES,
        cleanup: async () => image.remove(),
      }
    })
  } else {
    itNeeds(needs, `the ${name} backend keeps the contract of a backend`, () => {
      expect(needs.map((need) => need.reason)).toEqual(needs.map(() => ''))
    })
  }
}

describe('plain system calls around a backend', () => {
  let image: RealImage | undefined
  afterEach(() => {
    image?.remove()
    image = undefined
  })

  /** The calls that were made for these steps, one after another. */
  async function used(steps: InlineSteps, ways: readonly (readonly [StepOp, number, boolean])[]): Promise<string[]> {
    image = realImage(SIZE_BYTES)
    const names: string[] = []
    const plain = await transfersOfOurOwn()
    const noted = (name: string, result: number): number => {
      names.push(name)
      return result
    }
    const transfers: Transfers = {
      ...plain,
      write: (...parameters) => noted('write', plain.write(...parameters)),
      writeStable: (...parameters) => noted('writeStable', plain.writeStable(...parameters)),
      read: (...parameters) => noted('read', plain.read(...parameters)),
      readCached: (...parameters) => noted('readCached', plain.readCached(...parameters)),
      fdatasync: (fd) => noted('fdatasync', plain.fdatasync(fd)),
    }
    const backend = new InlineBackend(real('threads', image), image.fd, steps, transfers)
    const memory = backend.createMemory(16_384)
    for (const [op, lengthBytes, dsync] of ways) {
      backend.queue(op, 0, op === STEP_SYNC ? undefined : memory, 0, 0, lengthBytes, dsync)
      let reaped = 0
      while (reaped === 0) {
        await backend.submit(true)
        reaped = backend.reap()
      }
      expect(backend.doneResults[0]).toBe(lengthBytes)
    }
    memory.free()
    await backend.close()
    return names
  }

  itNeeds([calls], 'leave to the backend what is long, or has to be stable, where they may not wait', async () => {
    const steps = {reads: true, writes: true, waits: false, sync: false, mostBytes: 4096}
    const ways = [
      [STEP_WRITE, 4096, false],
      [STEP_WRITE, 8192, false],
      [STEP_WRITE, 4096, true],
      [STEP_READ, 4096, false],
      [STEP_READ, 8192, false],
      [STEP_SYNC, 0, false],
    ] as const
    expect(await used(steps, ways)).toEqual(['write', 'readCached'])
  })

  itNeeds([calls], 'take all of it where they may wait', async () => {
    const ways = [
      [STEP_WRITE, 8192, false],
      [STEP_WRITE, 4096, true],
      [STEP_READ, 8192, false],
      [STEP_SYNC, 0, false],
    ] as const
    const all = ['write', 'writeStable', 'read', 'fdatasync']
    expect(await used({reads: true, writes: true, waits: true, sync: true}, ways)).toEqual(all)
  })

  itNeeds(
    [calls],
    'have pages taken as they are, however many, where somebody takes them and none has to be waited for',
    async () => {
      image = realImage(SIZE_BYTES)
      const {fd} = image
      const steps = {reads: true, writes: false, waits: false, sync: false, mostBytes: 4096}
      const plain = await transfersOfOurOwn()
      let isCached = true
      const readCached: Transfers['readCached'] = (...parameters) =>
        isCached ? plain.readCached(...parameters) : -ERRNO.EAGAIN
      const backend = new InlineBackend(real('threads', image), fd, steps, {...plain, readCached})
      const memory = backend.createMemory(16_384)
      const asked: number[][] = []
      /** How a read ends, and how much of it came into the memory. */
      const read = async (takes: boolean): Promise<readonly [number, number]> => {
        memory.bytes.fill(0xee)
        memory.pages = {take: (...parameters) => (asked.push(parameters), takes)}
        backend.queue(STEP_READ, 0, memory, 0, 4096, 16_384, false)
        for (let reaped = 0; reaped === 0; reaped = backend.reap()) await backend.submit(true)
        return [backend.doneResults[0] as number, memory.bytes.filter((byte) => byte !== 0xee).length]
      }
      writeSync(fd, Buffer.alloc(SIZE_BYTES, 0x11), 0, SIZE_BYTES, 0)
      const [taken, copied] = [await read(true), await read(false)]
      // Of the pages that were taken, one byte was looked at; there would be one for each 128 KiB.
      expect(taken).toEqual([16_384, 1])
      expect(copied).toEqual([16_384, 16_384])
      expect(asked).toEqual([
        [fd, 4096, 16_384],
        [fd, 4096, 16_384],
      ])
      isCached = false
      expect(await read(true)).toEqual([16_384, 16_384])
      expect(asked.length).toBe(2)
      memory.free()
      await backend.close()
    },
  )

  itNeeds([calls], 'leave a sync to the backend while something else is in flight there', async () => {
    image = realImage(SIZE_BYTES)
    const steps = {reads: false, writes: false, waits: false, sync: true}
    let syncs = 0
    const plain = await transfersOfOurOwn()
    const transfers = {...plain, fdatasync: (fd: number) => (syncs++, plain.fdatasync(fd))}
    const backend = new InlineBackend(real('threads', image), image.fd, steps, transfers)
    const memory = backend.createMemory(4096)
    const run = async (...queue: (() => boolean)[]): Promise<void> => {
      for (const one of queue) expect(one()).toBe(true)
      for (let reaped = 0; reaped < queue.length; reaped += backend.reap()) await backend.submit(true)
    }
    const write = (): boolean => backend.queue(STEP_WRITE, 0, memory, 0, 0, 4096, false)
    const sync = (): boolean => backend.queue(STEP_SYNC, 1, undefined, 0, 0, 0, false)
    await run(write, sync)
    expect(syncs).toBe(0)
    await run(sync)
    expect(syncs).toBe(1)
    memory.free()
    await backend.close()
  })

  itNeeds([calls], 'leave writes to the backend for thirty times as long as one had to wait', async () => {
    image = realImage(SIZE_BYTES)
    let nowMs = 0
    let lastsMs = 0
    let writes = 0
    const plain = await transfersOfOurOwn()
    const transfers: Transfers = {
      ...plain,
      write(...parameters) {
        writes++
        nowMs += lastsMs
        return plain.write(...parameters)
      },
    }
    const steps = {reads: true, writes: true, waits: false, sync: false}
    const backend = new InlineBackend(real('threads', image), image.fd, steps, transfers, undefined, () => nowMs)
    const memory = backend.createMemory(512)
    /** Whether a write that begins then is a plain call. */
    const isPlainAt = async (atMs: number): Promise<boolean> => {
      const before = writes
      nowMs = atMs
      backend.queue(STEP_WRITE, 0, memory, 0, 0, 512, false)
      for (let reaped = 0; reaped === 0; reaped = backend.reap()) await backend.submit(true)
      return writes > before
    }
    expect(await isPlainAt(0)).toBe(true)
    lastsMs = 50
    expect(await isPlainAt(1)).toBe(true)
    lastsMs = 10
    expect(await isPlainAt(51)).toBe(false)
    expect(await isPlainAt(1550)).toBe(false)
    expect(await isPlainAt(1551)).toBe(true)
    expect(await isPlainAt(1561)).toBe(true)
    memory.free()
    await backend.close()
  })

  itNeeds(
    [ring, calls],
    'does not keep the backend inside from telling what has ended, though steps end at once all the time',
    async () => {
      if (!loaded.ok) return
      image = realImage(SIZE_BYTES)
      const sockets = new RingSockets(4)
      const inner = new UringBackend(loaded.uring, image.fd, 16, {guest: sockets})
      const steps = {reads: true, writes: true, waits: true, sync: true}
      for (const waits of [false, true]) {
        const backend = new InlineBackend(inner, image.fd, steps, await transfersOfOurOwn())
        const memory = backend.createMemory(512)
        sockets.timeout(1, memory, 0, 1)
        await vi.waitFor(async () => {
          backend.queue(STEP_READ, 0, memory, 0, 0, 512, false)
          await backend.submit(waits)
          while (backend.reap() > 0);
          expect(sockets.tags).toEqual([1])
        })
        sockets.clear()
        memory.free()
      }
      await inner.close()
    },
  )

  itNeeds(
    [calls],
    'writes that are not to wait have their folio split first, and those that may wait do not',
    async () => {
      image = realImage(SIZE_BYTES)
      const asked: number[] = []
      const split = (_fd: number, offsetBytes: number): number => asked.push(offsetBytes) * 0
      for (const waits of [true, false]) {
        const steps = {reads: true, writes: true, waits, sync: false}
        const splitter = new FolioSplitter({split}, image.fd)
        const backend = new InlineBackend(real('threads', image), image.fd, steps, await transfersOfOurOwn(), splitter)
        const memory = backend.createMemory(512)
        backend.queue(STEP_WRITE, 0, memory, 0, 4096, 512, false)
        for (let reaped = 0; reaped === 0; reaped = backend.reap()) await backend.submit(true)
        expect(backend.doneResults[0]).toBe(512)
        memory.free()
        await backend.close()
        expect(asked).toEqual(waits ? [] : [4096])
      }
    },
  )
})
