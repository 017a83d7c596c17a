import {existsSync} from 'node:fs'
import type {Socket} from 'node:net'
import type {TLSSocket} from 'node:tls'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'

import {MemoryPool, openBackend, openRingSockets, SpoiltBackend, type Backend} from '../../src/aio/index.js'
import {ERRNO, ToolError} from '../../src/base/index.js'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {openImage, type Image} from '../../src/image/index.js'
import {loadListening} from '../../src/native/index.js'
import {STEP_SYNC, STEP_WRITE} from '../../src/request/index.js'
import {statusBySeeking} from '../../src/serve/nbd/block-status.js'
import type {ServeOptions, ServeResult} from '../../src/serve/options.js'
import {DEPTH, Server} from '../../src/serve/server.js'
import {TIMEOUT_MS} from '../e2e/cli.js'
import {Scene} from '../image/scene.js'
import {itNeeds} from '../peers.js'
import {FLUSH, infoData, option, RawClient, READ, request, u32, WRITE, WRITE_ZEROES} from './nbd/client.js'
import {uring} from './served.js'

vi.setConfig({testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS})

const GO = option(7, infoData(''))
const STARTTLS = option(5)

let scene: Scene
let image: Image
let backend: Backend
let stop: AbortController
let running: Promise<unknown>
beforeEach(async () => {
  scene = new Scene()
  stop = new AbortController()
  running = Promise.resolve()
  const mode = cacheModeOf('writeback')
  image = await openImage(scene.file('disk.img', 2 ** 20, 0x11), {mode, readOnly: false, forceShare: false})
})
afterEach(async () => {
  stop.abort()
  await running.catch(() => {})
  vi.restoreAllMocks()
  await backend.close()
  image.close()
  scene.close()
})

/** A server in this process, whose event loop and memory are the test's. */
async function serve(
  aio: 'uring' | 'threads',
  more: Partial<ServeOptions> = {},
): Promise<{readonly socket: string; readonly ended: Promise<ServeResult>}> {
  const mode = cacheModeOf('writeback')
  const native = await loadListening()
  const sockets = aio === 'uring' ? await openRingSockets(64) : undefined
  const opened = await openBackend(aio, {
    ...{fd: image.fd, dsyncFd: () => image.dsyncFd(), sizeBytes: image.sizeBytes, readOnly: false, mode},
    ...{tokens: 2 * DEPTH, depth: DEPTH, seed: 0, sockets, read: () => {}, freshRanges: () => []},
  })
  backend = opened.backend
  const socket = scene.path('nbd.sock')
  let isReady = (): void => {}
  const ready = new Promise<void>((resolve) => (isReady = resolve))
  const options: ServeOptions = {
    ...{path: image.path, mode, aio, readOnly: false, snapshot: false, forceShare: false, exportName: ''},
    ...{
      listen: {kind: 'unix', path: socket},
      maxConnections: 8,
      handshakeLimitMs: 0,
      once: false,
      seed: 0,
      touchedOnly: false,
    },
    ...{signal: stop.signal, interruptedBy: () => undefined, ready: isReady},
    ...more,
  }
  const listening = native.ok ? native.listening : undefined
  const ring = sockets && listening && {sockets, listening}
  const status = statusBySeeking(undefined, 0)
  const ended = new Server({
    ...{options, image, opened, ring, listening, status, givesBack: false, pagePipes: undefined, recording: undefined},
  }).run()
  running = ended
  await Promise.race([ready, ended])
  return {socket, ended}
}

function withoutMemory(): void {
  vi.spyOn(backend, 'createMemory').mockImplementation(() => {
    throw new Error('there is no memory')
  })
}

describe('what goes wrong in a turn of the event loop', () => {
  const failsToSecure = (_plain: Socket): TLSSocket => {
    throw new Error('there is no memory')
  }

  it.each([
    ['when somebody connects', {}, [withoutMemory, (client: RawClient) => client.readToEnd()]],
    [
      'when a request has come',
      {},
      [
        () => {},
        async (client: RawClient) => {
          await client.go()
          withoutMemory()
          client.send(request({type: READ, length: 2 ** 18}))
        },
      ],
    ],
    [
      'when an answer has left',
      {tls: failsToSecure},
      [
        () => {},
        async (client: RawClient) => {
          await client.greet()
          client.send(STARTTLS)
          await client.replies()
        },
      ],
    ],
  ] as const)('ends the server, which leaves nothing behind: %s', async (_when, more, [before, act]) => {
    const {socket, ended} = await serve('threads', more)
    const outcome = ended.catch((error: unknown) => error)
    before()
    const client = await RawClient.connect(socket)
    await act(client)
    expect(await outcome).toMatchObject({message: 'there is no memory'})
    await client.readToEnd()
    client.close()
    expect(existsSync(socket)).toBe(false)
  })
})

describe.each(['uring', 'threads'] as const)('a request for which there is no memory, with --aio %s', (aio) => {
  itNeeds(
    aio === 'uring' ? [uring] : [],
    'is answered with ENOMEM, its payload is not taken for requests, and the server goes on',
    async () => {
      const {socket} = await serve(aio)
      const client = await RawClient.connect(socket)
      await client.go()
      const spy = vi.spyOn(MemoryPool.prototype, 'acquire').mockImplementation(() => {
        throw new ToolError('environment', 'E_MEMORY', 'there is no memory')
      })
      const large = {type: WRITE, cookie: 2, data: Buffer.alloc(2 ** 18, 0x22)}
      client.send(request({type: READ, cookie: 1, length: 2 ** 18}), request(large), request({type: FLUSH, cookie: 3}))
      const answers = [await client.simple(), await client.simple(), await client.simple()]
      expect(answers.toSorted((a, b) => a.cookie - b.cookie)).toEqual([
        {error: ERRNO.ENOMEM, cookie: 1},
        {error: ERRNO.ENOMEM, cookie: 2},
        {error: 0, cookie: 3},
      ])
      // An end finer than a sector takes a page of its own.
      client.send(request({type: WRITE_ZEROES, cookie: 4, offset: 1, length: 1}))
      expect(await client.simple()).toEqual({error: ERRNO.ENOMEM, cookie: 4})
      spy.mockRestore()
      client.send(request(large), request({type: READ, cookie: 5, length: 512}))
      const later = [await client.simple()]
      if (later[0]?.cookie === 5) await client.read(512)
      later.push(await client.simple())
      expect(later.map(({error}) => error)).toEqual([0, 0])
      client.close()
    },
    TIMEOUT_MS,
  )
})

describe.each(['uring', 'threads'] as const)('a server that fails, with --aio %s', (aio) => {
  const needs = aio === 'uring' ? [uring] : []
  for (const [what, flushes, error, more, expected] of [
    ['syncs what was written and never flushed', false, 0, {}, 1],
    ['syncs nothing where all was flushed', true, 0, {}, 1],
    ['syncs nothing after a sync that has failed', true, ERRNO.EIO, {}, 1],
    ['syncs nothing under unsafe', false, 0, {mode: cacheModeOf('unsafe')}, 0],
  ] as const) {
    itNeeds(
      needs,
      what,
      async () => {
        const errors = [{step: 'flush', errno: error, probability: error === 0 ? 0 : 1}] as const
        const {socket, ended} = await serve(aio, {...more, spoil: {delaysNs: new Map(), errors}})
        const outcome = ended.catch((failure: unknown) => failure)
        const queued = vi.spyOn(SpoiltBackend.prototype, 'queue')
        const client = await RawClient.connect(socket)
        await client.go()
        client.send(request({type: WRITE, data: Buffer.alloc(512, 1)}))
        expect(await client.simple()).toMatchObject({error: 0})
        if (flushes) {
          client.send(request({type: FLUSH}))
          expect(await client.simple()).toMatchObject({error})
        }
        withoutMemory()
        client.send(request({type: READ, length: 2 ** 18}))
        await client.readToEnd()
        client.close()
        expect(await outcome).toMatchObject({message: 'there is no memory'})
        expect(queued.mock.calls.filter(([step]) => step === STEP_SYNC)).toHaveLength(expected)
        expect(queued.mock.calls.filter(([step]) => step === STEP_WRITE)).toHaveLength(1)
      },
      TIMEOUT_MS,
    )
  }
})

describe.each(['uring', 'threads'] as const)('the time of a handshake, with --aio %s', (aio) => {
  const needs = aio === 'uring' ? [uring] : []
  const LIMIT_MS = 1000
  /** Servers look for those who are late so often, or more. */
  const CLOCK_MS = 100

  function standStill(ms: number): void {
    const untilMs = performance.now() + ms
    while (performance.now() < untilMs);
  }

  /** Does it while the server takes a request of another client, in a turn of the event loop whose timers were due. */
  async function inARequest(other: RawClient, work: () => void): Promise<void> {
    const createMemory = backend.createMemory.bind(backend)
    vi.spyOn(backend, 'createMemory').mockImplementationOnce((bytes) => {
      work()
      return createMemory(bytes)
    })
    setImmediate(() => {
      setTimeout(() => other.send(request({type: READ, length: 2 ** 18})), 1)
      standStill(CLOCK_MS * 2)
    })
    expect(await other.simple()).toMatchObject({error: 0})
  }

  itNeeds(
    needs,
    'is not over for one who has answered while the server stood still, whenever that was',
    async () => {
      const {socket, ended} = await serve(aio, {handshakeLimitMs: LIMIT_MS})
      const other = await RawClient.connect(socket)
      await other.go()
      const moments: readonly ((work: () => void) => unknown)[] = [
        setImmediate,
        (work) => setTimeout(work, CLOCK_MS),
        (work) => inARequest(other, work),
      ]
      for (const moment of moments) {
        const client = await RawClient.connect(socket)
        await client.read(18)
        await moment(() => {
          client.send(u32(3), GO)
          standStill(LIMIT_MS * 1.5)
        })
        expect((await client.replies()).types.at(-1)).toBe(1)
        client.close()
      }
      other.close()
      stop.abort()
      expect((await ended).counts).toMatchObject({connections: moments.length + 1, timedOut: 0})
    },
    TIMEOUT_MS,
  )

  itNeeds(
    needs,
    'is over for one who had answered nothing when the server stood still',
    async () => {
      const {socket, ended} = await serve(aio, {handshakeLimitMs: LIMIT_MS})
      const client = await RawClient.connect(socket)
      await client.read(18)
      standStill(LIMIT_MS * 1.5)
      await client.readToEnd()
      stop.abort()
      expect((await ended).counts).toMatchObject({connections: 1, timedOut: 1})
    },
    TIMEOUT_MS,
  )
})

describe.each(['uring', 'threads'] as const)('the latency of a request, with --aio %s', (aio) => {
  itNeeds(
    aio === 'uring' ? [uring] : [],
    'has nothing of the time that its client took, and all of that of its steps',
    async () => {
      const {socket, ended} = await serve(aio)
      let nowNs = backend.nowNs()
      vi.spyOn(backend, 'nowNs').mockImplementation(() => nowNs)
      const reap = backend.reap.bind(backend)
      vi.spyOn(backend, 'reap').mockImplementation(() => {
        const count = reap()
        if (count > 0) nowNs += 1000
        return count
      })
      const client = await RawClient.connect(socket)
      await client.go()
      const read = async (offset: number, length: number): Promise<void> => {
        nowNs += 1e9
        client.send(request({type: READ, offset, length}))
        expect(await client.simple()).toMatchObject({error: 0})
        await client.read(length)
      }
      await read(0, 4096)
      await read(1, 512)
      nowNs += 1e9
      // The sectors at its ends are read, one after the other, and then it is written.
      client.send(request({type: WRITE, offset: 1, data: Buffer.alloc(512)}))
      expect(await client.simple()).toMatchObject({error: 0})
      client.close()
      stop.abort()
      expect((await ended).paces).toEqual([
        {kind: 'READ', count: 2, failed: 0, latencyNs: {p50: 1000, p99: 1000, max: 1000}},
        {kind: 'WRITE', count: 1, failed: 0, latencyNs: {p50: 3000, p99: 3000, max: 3000}},
      ])
    },
    TIMEOUT_MS,
  )
})
