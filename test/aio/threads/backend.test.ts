import {existsSync, fstatSync, readdirSync, readFileSync} from 'node:fs'
import {afterEach, describe, expect, it} from 'vitest'
import {ThreadsBackend} from '../../../src/aio/threads/backend.js'
import {ERRNO} from '../../../src/base/index.js'
import {STEP_NONE, STEP_PUNCH, STEP_READ, STEP_SYNC, STEP_WRITE, STEP_ZERO} from '../../../src/request/index.js'
import {describeBackendContract, runOrders} from '../contract.js'
import {realImage, type RealImage} from '../real-image.js'
import {capability, itNeeds} from '../../peers.js'

const SIZE_BYTES = 1 << 20
const tasks = capability(existsSync('/proc/self/task'), 'threads are counted in /proc')

describeBackendContract('threads', async ({readOnly}) => {
  const image = realImage(SIZE_BYTES, {readOnly})
  return {
    backend: new ThreadsBackend(image.fd, image.dsyncFd, 16),
    sizeBytes: SIZE_BYTES,
    cleanup: async () => image.remove(),
  }
})

describe('the threads backend', () => {
  let image: RealImage
  afterEach(() => image.remove())

  function open(tokens = 4): ThreadsBackend {
    image = realImage(SIZE_BYTES)
    return new ThreadsBackend(image.fd, image.dsyncFd, tokens)
  }

  it('writes the stable way through a second descriptor of the same file, opened when it is first needed', async () => {
    const backend = open()
    const memory = backend.createMemory(8192)
    memory.bytes.fill(1, 0, 4096).fill(2, 4096)
    await runOrders(backend, memory, [{op: STEP_WRITE, token: 0, slot: 0, offsetBytes: 0, lengthBytes: 4096}])
    expect(image.dsyncOpened()).toBe(0)
    const stable = {op: STEP_WRITE, token: 0, slot: 1, offsetBytes: 4096, lengthBytes: 4096, dsync: true} as const
    expect(await runOrders(backend, memory, [stable])).toEqual(new Map([[0, 4096]]))
    expect(image.dsyncOpened()).toBe(1)
    const content = readFileSync(image.path)
    expect([content[4095], content[4096], content[8191], content[8192]]).toEqual([1, 2, 2, 0])
  })

  itNeeds([tasks], 'F4: has no more than 64 threads at work, however many writes it is given', async () => {
    const threads = (): number => readdirSync('/proc/self/task').length
    const backend = open(200)
    const memory = backend.createMemory(512)
    const before = threads()
    for (let token = 0; token < 200; token++) {
      expect(backend.queue(STEP_WRITE, token, memory, 0, token * 512, 512, false)).toBe(true)
    }
    let [done, most] = [0, threads()]
    while (done < 200) {
      await backend.submit(true)
      most = Math.max(most, threads())
      done += backend.reap()
    }
    expect(most - before).toBeLessThanOrEqual(64)
  })

  it('answers a stable write with the errno when the second descriptor cannot be had', async () => {
    image = realImage(SIZE_BYTES)
    const refuse = (): number => {
      throw Object.assign(new Error('no descriptor left'), {errno: -ERRNO.EMFILE})
    }
    const backend = new ThreadsBackend(image.fd, refuse, 4)
    const memory = backend.createMemory(4096)
    const stable = {op: STEP_WRITE, token: 2, slot: 0, offsetBytes: 0, lengthBytes: 4096, dsync: true} as const
    expect(await runOrders(backend, memory, [stable])).toEqual(new Map([[2, -ERRNO.EMFILE]]))
  })

  it('says that it cannot make zeroes in place, and answers EOPNOTSUPP when asked all the same', async () => {
    const backend = open()
    expect([backend.canZero, backend.canPunch]).toEqual([false, false])
    const memory = backend.createMemory(4096)
    for (const op of [STEP_ZERO, STEP_PUNCH] as const) {
      const results = await runOrders(backend, memory, [{op, token: 0, offsetBytes: 0, lengthBytes: 4096}])
      expect(results.get(0)).toBe(-ERRNO.EOPNOTSUPP)
    }
  })

  it('is full with as many steps as it has tokens, and has room again when they were reaped', async () => {
    const backend = open(2)
    const queue = (token: number): boolean => backend.queue(STEP_SYNC, token, undefined, 0, 0, 0, false)
    expect([queue(0), queue(1), queue(1)]).toEqual([true, true, false])
    for (let reaped = 0; reaped < 2; reaped += backend.reap()) await backend.submit(true)
    expect(queue(0)).toBe(true)
    await backend.submit(true)
    expect(backend.reap()).toBe(1)
  })

  it('transfers as much as one system call can of a step beyond 2 GiB, and leaves the rest to the engine', async () => {
    const backend = open()
    const memory = backend.createMemory(2 ** 31 + 4096) // never touched beyond the image, so it costs nothing
    backend.queue(STEP_READ, 0, memory, 0, 0, 2 ** 31 + 4096, false)
    await backend.submit(true)
    expect([backend.reap(), backend.doneResults[0]]).toEqual([1, SIZE_BYTES])
  })

  it('never makes anyone wait for nothing', () => {
    const backend = open()
    expect(backend.submit(true)).toBeUndefined()
  })

  it('takes a step without I/O, and being closed with steps in flight, for bugs', async () => {
    const backend = open()
    expect(() => backend.queue(STEP_NONE, 0, undefined, 0, 0, 0, false)).toThrow(/without I\/O/)
    const other = new ThreadsBackend(image.fd, image.dsyncFd, 4)
    other.queue(STEP_SYNC, 0, undefined, 0, 0, 0, false)
    await expect(other.close()).rejects.toThrow(/in flight/)
    await other.submit(true)
    expect(other.reap()).toBe(1)
    await other.close()
    expect(fstatSync(image.fd).size).toBe(SIZE_BYTES)
  })
})
