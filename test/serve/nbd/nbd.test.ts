import {readFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, vi} from 'vitest'

import {PAYLOAD_MAX_BYTES} from '../../../src/serve/nbd/protocol.js'
import {TIMEOUT_MS} from '../../e2e/cli.js'
import {Scene} from '../../image/scene.js'
import {itNeeds} from '../../peers.js'
import {Served, uring} from '../served.js'
import {
  BLOCK_STATUS,
  CACHE,
  contextData,
  DISC,
  extendedRequest,
  FLUSH,
  infoData,
  option,
  RawClient,
  READ,
  request,
  TRIM,
  u32,
  WRITE,
  WRITE_ZEROES,
} from './client.js'

vi.setConfig({testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS})

const SIZE_BYTES = 2 ** 20
const [EPERM, EINVAL, ENOSPC, EOVERFLOW, ENOTSUP] = [1, 22, 28, 75, 95]

describe.each(['uring', 'threads'])('a server with --aio %s', (aio) => {
  const needs = aio === 'uring' ? [uring] : []
  const itServes = (title: string, test: () => Promise<void>): void => itNeeds(needs, title, test, TIMEOUT_MS)
  let scene: Scene
  let image: string
  let served: Served
  let client: RawClient
  beforeEach(async () => {
    scene = new Scene()
    image = scene.file('disk.img', SIZE_BYTES, 0x11)
    await serve()
  })
  afterEach(() => {
    client.close()
    scene.close()
  })

  async function serve(...flags: string[]): Promise<void> {
    served = await Served.start(scene, image, ['--aio', aio, ...flags])
    client = await RawClient.connect(served.socket)
  }

  async function again(...flags: string[]): Promise<void> {
    client.close()
    await served.stop()
    await serve(...flags)
  }

  itServes('greets with the magic numbers, fixed newstyle and no zeroes', async () => {
    expect((await client.read(18)).toString('hex')).toBe('4e42444d4147494349484156454f50540003')
  })

  itServes('answers options as the protocol says, and unknown ones with ERR_UNSUP', async () => {
    await client.greet()
    client.send(option(3), option(3, Buffer.from('x')), option(99), option(6, infoData('nobody')), option(6, u32(9)))
    expect((await client.replies()).types).toEqual([2, 1])
    for (const error of [3, 1, 6, 3]) expect((await client.replies()).types).toEqual([2 ** 31 + error])
    client.send(option(6, infoData('', [1, 2, 3])))
    const {types, data} = await client.replies()
    expect(types).toEqual([3, 3, 3, 3, 1])
    expect(data[0]?.readBigUInt64BE(2)).toBe(BigInt(SIZE_BYTES))
    expect(data[3]?.toString('hex')).toBe(`0003${'00000200'}${'00001000'}${'02000000'}`)
    client.send(option(2, Buffer.from('ignored')))
    expect((await client.replies()).types).toEqual([1])
    expect(await client.readToEnd()).toHaveLength(0)
  })

  itServes('serves EXPORT_NAME, with 124 zeroes for a client that did not refuse them', async () => {
    await client.greet(1)
    client.send(option(1), request({type: READ, cookie: 5, length: 4}))
    const answer = await client.read(134)
    expect(answer.readBigUInt64BE(0)).toBe(BigInt(SIZE_BYTES))
    expect(answer.subarray(10).every((byte) => byte === 0)).toBe(true)
    expect(await client.simple()).toEqual({error: 0, cookie: 5})
    expect((await client.read(4)).toString('hex')).toBe('11111111')
  })

  itServes('understands a client that sends one byte at a time', async () => {
    await client.read(18)
    const all = [u32(3), option(8), option(7, infoData(''))]
    for (const byte of Buffer.concat(all)) {
      client.send(Buffer.from([byte]))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await client.replies()
    await client.replies()
    for (const byte of Buffer.concat([
      request({type: WRITE, cookie: 1, offset: 512, data: Buffer.alloc(512, 0xaa)}),
      request({type: READ, cookie: 2, offset: 512, length: 512}),
    ])) {
      client.send(Buffer.from([byte]))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect((await client.read(20)).toString('hex')).toBe('668e33ef0001000000000000000000010000' + '0000')
    const read = await client.read(20 + 8 + 512)
    expect(read.subarray(0, 28).toString('hex')).toBe('668e33ef00010001000000000000000200000208' + '0000000000000200')
    expect(read.subarray(28).every((byte) => byte === 0xaa)).toBe(true)
  })

  itServes('lets a connection that is cut at any byte of a session go, and serves the next', async () => {
    const session = Buffer.concat([
      u32(3),
      option(8),
      option(7, infoData('')),
      request({type: WRITE, offset: 4096, data: Buffer.alloc(512, 0xbb)}),
    ])
    for (let length = 0; length < session.length; length += length < 110 ? 1 : 97) {
      const cut = await RawClient.connect(served.socket)
      cut.send(session.subarray(0, length))
      cut.socket.end()
      await cut.readToEnd()
      cut.close()
    }
    // None of them sent the whole write.
    expect(
      readFileSync(image)
        .subarray(4096, 4608)
        .every((byte) => byte === 0x11),
    ).toBe(true)
    await client.go()
    client.send(request({type: FLUSH, cookie: 9}))
    expect(await client.simple()).toEqual({error: 0, cookie: 9})
  })

  itServes('hangs up on wrong magic numbers and on client flags it does not know, and says why', async () => {
    const wrong = [
      Buffer.concat([u32(3), Buffer.from('IHAVEOPX'), u32(3), u32(0)]),
      u32(0x80),
      Buffer.concat([u32(3), option(7, infoData('')), Buffer.alloc(28, 0xff)]),
      Buffer.concat([u32(3), option(1, Buffer.from('nobody'))]),
    ]
    for (const bytes of wrong) {
      const hostile = await RawClient.connect(served.socket)
      hostile.send(bytes)
      await hostile.readToEnd()
      hostile.close()
    }
    const {document} = await served.stop()
    expect(document.faults.map(({why}) => why)).toEqual([
      expect.stringContaining('IHAVEOPT'),
      expect.stringContaining('0x80'),
      expect.stringContaining('magic'),
      expect.stringContaining('nobody'),
    ])
  })

  itServes('skips an option that is too long, and refuses it', async () => {
    await client.greet()
    client.send(option(7, Buffer.alloc(40_000)), option(3))
    expect((await client.replies()).types).toEqual([2 ** 31 + 9])
    expect((await client.replies()).types).toEqual([2, 1])
  })

  itServes('answers what it cannot do with the errors of the protocol, and goes on', async () => {
    await client.go()
    const asked: readonly [fields: Parameters<typeof request>[0], error: number][] = [
      [{type: READ, offset: SIZE_BYTES, length: 512}, EINVAL],
      [{type: READ, offset: 2n ** 64n - 512n, length: 1024}, EINVAL],
      [{type: READ, length: PAYLOAD_MAX_BYTES + 1}, EINVAL],
      [{type: READ, flags: 4, length: 512}, EINVAL],
      [{type: WRITE, offset: SIZE_BYTES - 512, data: Buffer.alloc(1024)}, ENOSPC],
      [{type: WRITE, offset: 2n ** 64n - 1n, data: Buffer.alloc(512)}, ENOSPC],
      [{type: WRITE, flags: 16, data: Buffer.alloc(512)}, EINVAL],
      [{type: TRIM, offset: SIZE_BYTES, length: 512}, EINVAL],
      [{type: WRITE_ZEROES, offset: SIZE_BYTES, length: 512}, ENOSPC],
      [{type: BLOCK_STATUS, length: 512}, EINVAL],
      [{type: 77, length: 512}, EINVAL],
      [{type: CACHE, offset: 0, length: 4096}, 0],
      [{type: READ, length: 0}, 0],
      [{type: WRITE, data: Buffer.alloc(0)}, 0],
    ]
    asked.forEach(([fields], cookie) => client.send(request({...fields, cookie})))
    const errors = new Map<number, number>()
    for (let i = 0; i < asked.length; i++) {
      const {error, cookie} = await client.simple()
      errors.set(cookie, error)
    }
    expect(asked.map((_, cookie) => errors.get(cookie))).toEqual(asked.map(([, error]) => error))
    expect(readFileSync(image).every((byte) => byte === 0x11)).toBe(true)
  })

  itServes('refuses changes of a read-only export with EPERM, and says that it is one', async () => {
    await again('--read-only')
    await client.greet()
    client.send(option(7, infoData('')))
    const {data} = await client.replies()
    expect((data[0]?.readUInt16BE(10) ?? 0) & 2).toBe(2)
    for (const type of [TRIM, WRITE_ZEROES]) client.send(request({type, length: 512}))
    client.send(request({type: WRITE, data: Buffer.alloc(512)}), request({type: FLUSH}))
    for (const error of [EPERM, EPERM, EPERM, 0]) expect((await client.simple()).error).toBe(error)
  })

  itServes('takes FUA on every command', async () => {
    await client.go()
    client.send(request({type: WRITE, flags: 1, data: Buffer.alloc(512, 1)}))
    for (const type of [FLUSH, TRIM, CACHE, WRITE_ZEROES]) client.send(request({type, flags: 1, length: 512}))
    for (let i = 0; i < 5; i++) expect((await client.simple()).error).toBe(0)
    client.send(request({type: READ, flags: 1, length: 512}))
    expect((await client.simple()).error).toBe(0)
  })

  itServes('writes what is finer than a sector without touching its neighbours', async () => {
    await client.go()
    client.send(
      request({type: WRITE, cookie: 1, offset: 500, data: Buffer.alloc(20, 0xaa)}),
      request({type: WRITE, cookie: 2, offset: 1030, data: Buffer.alloc(3000, 0xbb)}),
      request({type: WRITE_ZEROES, cookie: 3, offset: 10_001, length: 2}),
      request({type: WRITE, cookie: 4, offset: 4096, data: Buffer.alloc(512, 0xcc)}),
      request({type: TRIM, cookie: 5, offset: 8192, length: 100}),
    )
    for (let i = 0; i < 5; i++) expect((await client.simple()).error).toBe(0)
    const expected = Buffer.alloc(SIZE_BYTES, 0x11)
    expected.fill(0xaa, 500, 520)
    expected.fill(0xbb, 1030, 4030)
    expected.fill(0, 10_001, 10_003)
    expected.fill(0xcc, 4096, 4608)
    client.send(request({type: READ, cookie: 6, offset: 499, length: 5001}))
    await client.simple()
    expect((await client.read(5001)).equals(expected.subarray(499, 5500))).toBe(true)
    expect(readFileSync(image).equals(expected)).toBe(true)
  })

  itServes('replies to 40 requests that were sent ahead of DISC, and then hangs up', async () => {
    await client.go()
    for (let i = 0; i < 40; i++) client.send(request({type: READ, cookie: i, offset: i * 512, length: 512}))
    client.send(request({type: DISC}))
    const all = await client.readToEnd()
    expect(all).toHaveLength(40 * (16 + 512))
    const cookies = Array.from({length: 40}, (_, i) => all.readUInt32BE(i * 528 + 12))
    expect(cookies.toSorted((a, b) => a - b)).toEqual(Array.from({length: 40}, (_, i) => i))
  })

  itServes('speaks extended headers, with 64-bit block status and its payload', async () => {
    await client.greet()
    client.send(option(11), option(8), option(10, contextData('', ['base:allocation'])), option(7, infoData('')))
    expect((await client.replies()).types).toEqual([1])
    expect((await client.replies()).types).toEqual([2 ** 31 + 10])
    expect((await client.replies()).types).toEqual([4, 1])
    await client.replies()
    client.send(extendedRequest({type: READ, flags: 4, cookie: 7, offset: 1024, length: 512}))
    const read = await client.read(40 + 512)
    expect(read.subarray(0, 40).toString('hex')).toBe(
      '6e8a278c00010001' + '0000000000000007' + '0000000000000400' + '0000000000000208' + '0000000000000400',
    )
    client.send(extendedRequest({type: BLOCK_STATUS, cookie: 8, offset: 0, length: SIZE_BYTES}))
    const status = '6e8a278c00010006' + '0000000000000008' + '0000000000000000' + '0000000000000018'
    const extents = '0000000100000001' + '0000000000100000' + '0000000000000000'
    expect((await client.read(56)).toString('hex')).toBe(status + extents)
    const payload = Buffer.alloc(12)
    payload.writeBigUInt64BE(4096n)
    payload.writeUInt32BE(1, 8)
    client.send(extendedRequest({type: BLOCK_STATUS, flags: 32, cookie: 9, data: payload}))
    expect((await client.read(56)).readBigUInt64BE(40)).toBe(4096n)
    client.send(extendedRequest({type: BLOCK_STATUS, flags: 32, cookie: 10, data: payload.subarray(0, 8)}))
    expect((await client.read(38)).readUInt32BE(32)).toBe(EINVAL)
    // QEMU 10.0 forgets to say that a payload follows.
    for (const [flags, offset] of [
      [32 | 1, 512],
      [0, 1024],
    ] as const) {
      client.send(extendedRequest({type: WRITE, flags, offset, data: Buffer.alloc(512, 0xdd)}))
      expect((await client.read(32)).readUInt16BE(6)).toBe(0)
    }
    client.send(extendedRequest({type: READ, length: PAYLOAD_MAX_BYTES * 4, offset: 0}))
    expect((await client.read(38)).readUInt32BE(32)).toBe(EINVAL)
    expect(
      readFileSync(image)
        .subarray(512, 1536)
        .every((byte) => byte === 0xdd),
    ).toBe(true)
  })

  itServes('fails a FAST_ZERO that must not leave holes, or that was not offered, and changes nothing', async () => {
    await client.go()
    client.send(request({type: WRITE_ZEROES, flags: 16 | 2, length: 4096}))
    // Without fallocate(2) it is not offered.
    expect((await client.simple()).error).toBe(aio === 'uring' ? ENOTSUP : EINVAL)
    expect(readFileSync(image).every((byte) => byte === 0x11)).toBe(true)
    client.send(request({type: WRITE_ZEROES, flags: 2, length: 4096}))
    expect((await client.simple()).error).toBe(0)
    expect(
      readFileSync(image)
        .subarray(0, 4096)
        .every((byte) => byte === 0),
    ).toBe(true)
  })

  itServes(
    'serves others while a client asks for more than it reads, with a bounded part of it in memory',
    async () => {
      const stalled = await RawClient.connect(served.socket)
      await stalled.go('structured')
      stalled.socket.pause()
      for (let i = 0; i < 400; i++) stalled.send(request({type: READ, length: SIZE_BYTES}))
      await client.go()
      for (let i = 0; i < 50; i++) {
        client.send(request({type: READ, cookie: i, length: 4096}))
        expect(await client.simple()).toEqual({error: 0, cookie: i})
        await client.read(4096)
      }
      const resident = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${served.pid}/status`, 'utf8'))?.[1]
      expect(Number(resident) / 1000).toBeLessThan(160)
      stalled.close()
      client.send(request({type: FLUSH, cookie: 1}))
      expect(await client.simple()).toEqual({error: 0, cookie: 1})
    },
  )

  itServes('refuses a read beyond the longest payload with EOVERFLOW where replies are structured', async () => {
    client.close()
    image = scene.file('large.img', PAYLOAD_MAX_BYTES * 2)
    await served.stop()
    await serve()
    await client.go('structured')
    client.send(request({type: READ, length: PAYLOAD_MAX_BYTES + 512}))
    expect((await client.read(26)).readUInt32BE(20)).toBe(EOVERFLOW)
    client.send(request({type: READ, length: PAYLOAD_MAX_BYTES}))
    expect(await client.read(28 + PAYLOAD_MAX_BYTES)).toHaveLength(28 + PAYLOAD_MAX_BYTES)
  })

  itServes('finishes what it was asked when SIGTERM comes, syncs, and ends with 0', async () => {
    await client.go()
    client.send(request({type: WRITE, cookie: 1, offset: 0, data: Buffer.alloc(4096, 0xee)}))
    expect(await client.simple()).toEqual({error: 0, cookie: 1})
    const {ended, document} = await served.stop()
    expect(ended).toMatchObject({exit: 0, signal: undefined})
    expect(document).toMatchObject({schema: 'flushpoint/serve@1', bytesAtRisk: 4096, closingSync: 'done'})
    expect(document.transport).toBe(aio === 'uring' ? 'io_uring' : 'node:net')
    expect(await client.readToEnd()).toHaveLength(0)
    expect(
      readFileSync(image)
        .subarray(0, 4096)
        .every((byte) => byte === 0xee),
    ).toBe(true)
  })

  itServes('takes no more clients than it may, and the next when one has gone', async () => {
    await again('--max-connections', '1')
    await client.go()
    const second = await RawClient.connect(served.socket)
    client.send(request({type: DISC}))
    await client.readToEnd()
    client.close()
    // node:net turns the second away at once; a ring leaves it in the queue until there is room.
    const third = aio === 'uring' ? second : await RawClient.connect(served.socket)
    await third.go()
    third.send(request({type: FLUSH, cookie: 3}))
    expect(await third.simple()).toEqual({error: 0, cookie: 3})
    second.close()
    third.close()
  })
})
