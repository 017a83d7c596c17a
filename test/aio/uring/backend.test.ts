import {readFileSync} from 'node:fs'
import {afterEach, describe, expect, vi} from 'vitest'
import type {RingManner} from '../../../src/aio/index.js'
import {UringBackend} from '../../../src/aio/uring/backend.js'
import {RingSockets} from '../../../src/aio/uring/sockets.js'
import {ERRNO, ToolError} from '../../../src/base/index.js'
import {IORING_SQ_NEED_WAKEUP, IOSQE_ASYNC, loadUring, type MappedRing, type Uring} from '../../../src/native/index.js'
import {STEP_NONE, STEP_READ, STEP_SYNC, STEP_WRITE, STEP_ZERO} from '../../../src/request/index.js'
import {ringRefusal} from '../../native/ring-refusal.js'
import {capability, itNeeds} from '../../peers.js'
import {describeBackendContract, runOrders} from '../contract.js'
import {directRefusal, realImage, type RealImage} from '../real-image.js'

const SIZE_BYTES = 1 << 20
const loaded = await loadUring()

const reason = ringRefusal(loaded)
const ring = capability(reason === '', reason)
const directReason = directRefusal()
const direct = capability(directReason === '', directReason)

function uring(): Uring {
  if (!loaded.ok) throw new Error(loaded.reason)
  return loaded.uring
}

const ONE_BY_ONE = {polled: false, batch: 1}
const IN_THREES = {polled: false, batch: 3}
const POLLED = {polled: true}

for (const [mode, needs, manner] of [
  ['writeback', [ring], undefined],
  ['none', [ring, direct], undefined],
  ['directsync', [ring, direct], undefined],
  ['writeback, one by one', [ring], ONE_BY_ONE],
  ['none, in threes', [ring, direct], IN_THREES],
  ['writeback, polled', [ring], POLLED],
  ['none, polled', [ring, direct], POLLED],
] as const) {
  if (needs.every((need) => need.present)) {
    describeBackendContract(`uring (${mode})`, async ({readOnly}) => {
      const image = realImage(SIZE_BYTES, {mode: mode.replace(/,.*/, '') as 'none', readOnly})
      return {
        backend: new UringBackend(uring(), image.fd, 16, {manner}),
        sizeBytes: SIZE_BYTES,
        cleanup: async () => image.remove(),
      }
    })
  } else {
    itNeeds(needs, `the uring (${mode}) backend keeps the contract of a backend`, () => {
      expect(needs.map((need) => need.reason)).toEqual(needs.map(() => ''))
    })
  }
}

/** A backend, and the ring that it maps. */
function openWatched(image: RealImage, manner: RingManner): {backend: UringBackend; ring: MappedRing} {
  let ring: MappedRing | undefined
  const watched: Uring = {
    ...uring(),
    openRing(...asked) {
      const opened = uring().openRing(...asked)
      if (opened.ok) ring = opened.ring
      return opened
    },
  }
  const backend = new UringBackend(watched, image.fd, 4, {manner})
  if (ring === undefined) throw new Error('it opened no ring')
  return {backend, ring}
}

describe('the uring backend', () => {
  let image: RealImage | undefined
  afterEach(() => {
    image?.remove()
    image = undefined
  })

  function open(tokens = 4): {backend: UringBackend; path: string} {
    image = realImage(SIZE_BYTES)
    return {backend: new UringBackend(uring(), image.fd, tokens), path: image.path}
  }

  itNeeds([ring], 'transfers from its registered memory, from any other, and after either is gone', async () => {
    const {backend, path} = open()
    const [registered, plain] = [backend.createMemory(8192), backend.createMemory(8192)]
    registered.bytes.fill(1)
    plain.bytes.fill(2)
    const write = {op: STEP_WRITE, token: 0, slot: 1, lengthBytes: 4096} as const
    expect(await runOrders(backend, registered, [{...write, offsetBytes: 0}])).toEqual(new Map([[0, 4096]]))
    expect(await runOrders(backend, plain, [{...write, offsetBytes: 4096}])).toEqual(new Map([[0, 4096]]))
    registered.free()
    const later = backend.createMemory(8192)
    later.bytes.fill(3)
    expect(await runOrders(backend, later, [{...write, offsetBytes: 8192}])).toEqual(new Map([[0, 4096]]))
    const content = readFileSync(path)
    expect([0, 4095, 4096, 8191, 8192, 12287, 12288].map((at) => content[at])).toEqual([1, 1, 2, 2, 3, 3, 0])
    plain.free()
    later.free()
    await backend.close()
  })

  itNeeds([ring], 'hands on steps before submit() where it is to, and not where it is not', async () => {
    const moved = async (manner: RingManner | undefined): Promise<number> => {
      image = realImage(SIZE_BYTES)
      const backend = new UringBackend(uring(), image.fd, 4, {manner})
      const memory = backend.createMemory(4096)
      for (let token = 0; token < 3; token++) backend.queue(STEP_READ, token, memory, 0, 4096 * token, 4096, false)
      const count = backend.reap() // reads from the page cache have ended when they were handed on
      await runOut(backend, 3 - count)
      memory.free()
      await backend.close()
      image.remove()
      image = undefined
      return count
    }
    expect(await moved(undefined)).toBe(0)
    expect(await moved(ONE_BY_ONE)).toBe(3)
    expect(await moved({polled: false, batch: 2})).toBe(2)
  })

  itNeeds([ring], 'leaves long reads to a worker of the kernel where it is to, and nothing else', async () => {
    image = realImage(SIZE_BYTES)
    const {backend, ring} = openWatched(image, {polled: false, workerReadBytes: 4096})
    const memory = backend.createMemory(8192)
    backend.queue(STEP_READ, 0, memory, 0, 0, 4096, false)
    backend.queue(STEP_READ, 1, memory, 0, 0, 4097, false)
    backend.queue(STEP_WRITE, 2, memory, 0, 0, 8192, false)
    const flagsOf = (entry: number): number => ((ring.sqes[entry * 16] as number) >>> 8) & IOSQE_ASYNC
    expect([0, 1, 2].map(flagsOf)).toEqual([0, IOSQE_ASYNC, 0])
    await runOut(backend, 3)
    memory.free()
    await backend.close()
  })

  itNeeds(
    [ring],
    'does not enter the kernel to ask for what the ring itself tells, and sees what has ended all the same',
    async () => {
      for (const flagsWork of [true, false]) {
        let enters = 0
        const counting: Uring = {
          ...uring(),
          openRing(...asked) {
            const opened = uring().openRing(...asked)
            if (!opened.ok || !opened.ring.flagsWork) return opened
            const enter: MappedRing['enter'] = (...entered) => {
              enters++
              return opened.ring.enter(...entered)
            }
            return {ok: true, ring: {...opened.ring, flagsWork, enter}}
          },
        }
        const sockets = new RingSockets(4)
        const backend = new UringBackend(counting, 0, 4, {guest: sockets})
        const memory = backend.createMemory(16)
        const hear = (): void => {
          expect(backend.submit(false)).toBeUndefined()
          backend.reap()
        }
        sockets.timeout(1, memory, 0, 3_600_000)
        for (let i = 0; i < 10; i++) hear()
        expect(sockets.tags).toEqual([])
        // A kernel before 5.19 has no such flag.
        if (enters > 0) expect(enters).toBe(flagsWork ? 1 : 10)
        sockets.cancel(2, 1)
        await vi.waitFor(() => {
          hear()
          expect(sockets.tags).toContain(1)
          expect(sockets.pending).toBe(0)
        })
        expect(sockets.results[sockets.tags.indexOf(1)]).toBe(-ERRNO.ECANCELED)
        sockets.clear()
        // What ends by itself, while nobody enters the kernel.
        sockets.timeout(3, memory, 0, 1)
        await vi.waitFor(() => {
          hear()
          expect(sockets.results).toEqual([-ERRNO.ETIME])
        })
        memory.free()
        await backend.close()
      }
    },
  )

  itNeeds([ring], 'wakes the thread that polls after it went to sleep', async () => {
    image = realImage(SIZE_BYTES)
    const {backend, ring} = openWatched(image, POLLED)
    const sleeps = (): boolean => (Atomics.load(ring.ring, ring.sqFlags) & IORING_SQ_NEED_WAKEUP) !== 0
    for (let i = 0; i < 3; i++) {
      await vi.waitFor(() => expect(sleeps()).toBe(true), {timeout: 10_000})
      backend.queue(STEP_SYNC, 0, undefined, 0, 0, 0, false)
      await runOut(backend, 1)
    }
    await backend.close()
  })

  itNeeds([ring], 'is full with as many steps as it has tokens, and has room again when they were reaped', async () => {
    const {backend} = open(2)
    const queue = (token: number): boolean => backend.queue(STEP_SYNC, token, undefined, 0, 0, 0, false)
    expect([queue(0), queue(1), queue(1)]).toEqual([true, true, false])
    await backend.submit(false)
    expect(queue(1)).toBe(false)
    for (let reaped = 0; reaped < 2; reaped += backend.reap()) await backend.submit(true)
    expect(queue(0)).toBe(true)
    await runOut(backend, 1)
    await backend.close()
  })

  itNeeds([ring], 'reads and zeroes beyond 4 GiB where it was told, not where 32 bits would end', async () => {
    image = realImage(2 ** 33 + 8192)
    const backend = new UringBackend(uring(), image.fd, 4)
    const memory = backend.createMemory(8192)
    memory.bytes.fill(7, 0, 4096)
    for (const offsetBytes of [2 ** 32 - 4096, 2 ** 32, 2 ** 33]) {
      const write = {op: STEP_WRITE, token: 0, slot: 0, offsetBytes, lengthBytes: 4096} as const
      expect(await runOrders(backend, memory, [write])).toEqual(new Map([[0, 4096]]))
      memory.bytes.fill(0, 4096)
      await runOrders(backend, memory, [{...write, op: STEP_READ, slot: 1}])
      expect([memory.bytes[4096], memory.bytes[8191]]).toEqual([7, 7])
    }
    await runOrders(backend, memory, [{op: STEP_READ, token: 0, slot: 1, offsetBytes: 0, lengthBytes: 4096}])
    expect([...new Set(memory.bytes.subarray(4096))]).toEqual([0])
    const zero = {op: STEP_ZERO, token: 0, offsetBytes: 4096, lengthBytes: 2 ** 32} as const
    expect(await runOrders(backend, memory, [zero])).toEqual(new Map([[0, 0]]))
    const values: (number | undefined)[] = []
    for (const offsetBytes of [2 ** 32 - 4096, 2 ** 32, 2 ** 33]) {
      await runOrders(backend, memory, [{op: STEP_READ, token: 0, slot: 1, offsetBytes, lengthBytes: 4096}])
      values.push(memory.bytes[4096])
    }
    expect(values).toEqual([0, 0, 7])
    memory.free()
    await backend.close()
  })

  itNeeds([ring], 'takes a step without I/O, and being closed with steps in flight, for bugs', async () => {
    const {backend} = open()
    expect(() => backend.queue(STEP_NONE, 0, undefined, 0, 0, 0, false)).toThrow(/without I\/O/)
    backend.queue(STEP_SYNC, 0, undefined, 0, 0, 0, false)
    await backend.submit(false)
    await expect(backend.close()).rejects.toThrow(/in flight/)
    await runOut(backend, 1)
    await backend.close()
  })

  itNeeds([ring], 'says that there is no memory when there is none', async () => {
    const {backend} = open()
    expect(() => backend.createMemory(2 ** 40)).toThrow(ToolError)
    expect(() => backend.createMemory(2 ** 40)).toThrow(/no memory for a buffer of 1099511627776 bytes/)
    await backend.close()
  })
})

/** Waits until this many steps have ended. */
async function runOut(backend: UringBackend, steps: number): Promise<void> {
  for (let reaped = 0; reaped < steps; reaped += backend.reap()) await backend.submit(true)
}
