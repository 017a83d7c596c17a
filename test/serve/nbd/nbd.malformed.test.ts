import {readFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, vi} from 'vitest'

import {PAYLOAD_MAX_BYTES} from '../../../src/serve/nbd/protocol.js'
import {TIMEOUT_MS} from '../../e2e/cli.js'
import {Scene} from '../../image/scene.js'
import {itNeeds} from '../../peers.js'
import {Served, uring} from '../served.js'
import {
  BLOCK_STATUS,
  DISC,
  extendedRequest,
  FLUSH,
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
const [EINVAL, ENOSPC] = [22, 28]
/** In extended headers a WRITE says that its payload follows. */
const PAYLOAD_LEN = 32

type Fields = Parameters<typeof request>[0]

describe.each(['uring', 'threads'])('what no client should send, with --aio %s', (aio) => {
  const itServes = (title: string, test: () => Promise<void>): void =>
    itNeeds(aio === 'uring' ? [uring] : [], title, test, TIMEOUT_MS)
  let scene: Scene
  let image: string
  let served: Served
  beforeEach(async () => {
    scene = new Scene()
    image = scene.file('disk.img', SIZE_BYTES, 0x11)
    served = await Served.start(scene, image, ['--aio', aio])
  })
  afterEach(() => scene.close())

  itServes(
    'in options: 4 GiB of data is refused before it has come, and what follows it is not taken for it',
    async () => {
      const client = await RawClient.connect(served.socket)
      await client.greet()
      client.send(Buffer.from('IHAVEOPT'), u32(7), u32(2 ** 32 - 1))
      expect((await client.replies()).types).toEqual([2 ** 31 + 9])
      for (let i = 0; i < 64; i++) client.send(Buffer.alloc(2 ** 20), option(2))
      client.close()
      const next = await RawClient.connect(served.socket)
      await next.go()
      next.close()
      expect((await served.stop()).document.faults).toEqual([])
    },
  )

  itServes('in extended style: every reply repeats the offset as it was sent, whatever it is', async () => {
    const client = await RawClient.connect(served.socket)
    await client.go('extended')
    const offsets = [2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n + 1n, 2n ** 64n - 1n, 2n ** 32n - 1n, 512n]
    const asked: readonly Fields[] = [
      {type: READ, length: 512},
      {type: WRITE, flags: PAYLOAD_LEN, data: Buffer.alloc(512)},
      {type: FLUSH},
      {type: BLOCK_STATUS, length: 512},
    ]
    for (const fields of asked) {
      for (const offset of offsets) {
        client.send(extendedRequest({...fields, offset}))
        const head = await client.read(32)
        await client.read(head.readUInt32BE(28))
        expect(head.readBigUInt64BE(16), `type ${fields.type}`).toBe(offset)
      }
    }
    client.close()
  })

  for (const style of ['simple', 'structured', 'extended'] as const) {
    const send = (client: RawClient, {flags = 0, ...fields}: Fields): void => {
      const payload = style === 'extended' && fields.type === WRITE ? PAYLOAD_LEN : 0
      const asked = {...fields, flags: flags | payload}
      client.send(style === 'extended' ? extendedRequest(asked) : request(asked))
    }
    const connect = async (): Promise<RawClient> => {
      const client = await RawClient.connect(served.socket)
      await client.go(style)
      return client
    }

    itServes(`in ${style} style: is answered with an error, and the connection goes on`, async () => {
      const client = await connect()
      const asked: readonly [fields: Fields, error: number][] = [
        [{type: READ, offset: SIZE_BYTES, length: 512}, EINVAL],
        [{type: READ, offset: 2n ** 64n - 512n, length: 1024}, EINVAL],
        [{type: WRITE, offset: 2n ** 64n - 1n, data: Buffer.alloc(512)}, ENOSPC],
        [{type: WRITE, offset: SIZE_BYTES - 512, data: Buffer.alloc(1024)}, ENOSPC],
        [{type: TRIM, offset: 2n ** 63n, length: 512}, EINVAL],
        [{type: WRITE_ZEROES, offset: 2n ** 64n - 512n, length: 512}, ENOSPC],
        [{type: BLOCK_STATUS, length: 512}, EINVAL],
        [{type: 77, length: 512}, EINVAL],
        [{type: 65535}, EINVAL],
        [{type: READ, flags: 0x8000, length: 512}, EINVAL],
        [{type: FLUSH, flags: 16}, EINVAL],
        [{type: FLUSH}, 0],
      ]
      for (const [cookie, [fields]] of asked.entries()) send(client, {...fields, cookie})
      const errors = new Map<number, number>()
      for (let i = 0; i < asked.length; i++) {
        const {error, cookie} = await client.answer(style)
        errors.set(cookie, error)
      }
      expect(asked.map((_, cookie) => errors.get(cookie))).toEqual(asked.map(([, error]) => error))
      expect(readFileSync(image).every((byte) => byte === 0x11)).toBe(true)
      client.close()
    })

    itServes(`in ${style} style: a WRITE longer than any may be changes nothing, and costs no memory`, async () => {
      const client = await connect()
      send(client, {type: WRITE, cookie: 1, data: Buffer.alloc(PAYLOAD_MAX_BYTES + 512, 0xaa)})
      if (style === 'extended') {
        // Its length may be 2^64: nobody waits for the end of it.
        await client.readToEnd()
        expect((await served.stop()).document.faults).toEqual([
          expect.objectContaining({why: expect.stringContaining('payload') as unknown}),
        ])
      } else {
        send(client, {type: FLUSH, cookie: 2})
        expect(await client.answer(style)).toMatchObject({error: EINVAL, cookie: 1})
        expect(await client.answer(style)).toMatchObject({error: 0, cookie: 2})
      }
      client.close()
      expect(readFileSync(image).every((byte) => byte === 0x11)).toBe(true)
    })

    itServes(`in ${style} style: a request without its magic, or with that of another style, ends it`, async () => {
      const other = style === 'extended' ? request({type: FLUSH}) : extendedRequest({type: FLUSH})
      for (const bytes of [Buffer.alloc(32, 0xff), Buffer.alloc(32), Buffer.concat([other, Buffer.alloc(4)])]) {
        const client = await connect()
        send(client, {type: FLUSH, cookie: 1})
        expect(await client.answer(style)).toMatchObject({error: 0})
        client.send(bytes)
        expect(await client.readToEnd()).toHaveLength(0)
        client.close()
      }
      const {faults} = (await served.stop()).document
      expect(faults.map(({why}) => why)).toEqual(
        Array.from({length: 3}, () => expect.stringContaining('magic') as unknown),
      )
    })

    itServes(`in ${style} style: a request cut at any byte never happens`, async () => {
      const whole = {type: WRITE, offset: 4096, data: Buffer.alloc(16, 0xbb)}
      const asked = style === 'extended' ? extendedRequest({...whole, flags: PAYLOAD_LEN}) : request(whole)
      for (let length = 0; length < asked.length; length++) {
        const client = await connect()
        client.send(asked.subarray(0, length))
        client.socket.end()
        expect(await client.readToEnd()).toHaveLength(0)
        client.close()
      }
      expect(readFileSync(image).every((byte) => byte === 0x11)).toBe(true)
      const last = await connect()
      for (const byte of asked) {
        last.send(Buffer.from([byte]))
        await new Promise((resolve) => setImmediate(resolve))
      }
      expect(await last.answer(style)).toMatchObject({error: 0})
      last.close()
      expect(
        readFileSync(image)
          .subarray(4096, 4112)
          .every((byte) => byte === 0xbb),
      ).toBe(true)
    })

    itServes(`in ${style} style: 40 requests and DISC at once are all replied to before the end`, async () => {
      const client = await connect()
      for (let cookie = 0; cookie < 40; cookie++) send(client, {type: READ, cookie, offset: cookie * 512, length: 512})
      send(client, {type: DISC})
      const cookies = new Set<number>()
      for (let i = 0; i < 40; i++) {
        const {error, cookie} = await client.answer(style)
        expect(error).toBe(0)
        cookies.add(cookie)
        if (style === 'simple') await client.read(512)
      }
      expect(cookies.size).toBe(40)
      expect(await client.readToEnd()).toHaveLength(0)
      client.close()
    })
  }
})
