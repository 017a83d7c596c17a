import {closeSync, openSync, readdirSync, readFileSync, readSync, writeSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, vi} from 'vitest'

import {DEPTH} from '../../../src/serve/server.js'
import {TIMEOUT_MS} from '../../e2e/cli.js'
import {Scene} from '../../image/scene.js'
import {itNeeds} from '../../peers.js'
import {Served, uring} from '../served.js'
import {extendedRequest, FLUSH, RawClient, READ, request, TRIM, WRITE, WRITE_ZEROES} from './client.js'

vi.setConfig({testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS})

/** What one connection may have in flight. */
const REQUESTS_MAX = 128

describe.each(['uring', 'threads'])('many clients at once, with --aio %s', (aio) => {
  const itServes = (title: string, test: () => Promise<void>): void =>
    itNeeds(aio === 'uring' ? [uring] : [], title, test, TIMEOUT_MS)
  let scene: Scene
  beforeEach(() => {
    scene = new Scene()
  })
  afterEach(() => scene.close())

  itServes('are all answered, also those whose requests wait behind a write finer than a sector', async () => {
    const image = scene.file('disk.img', 2 ** 20)
    const served = await Served.start(scene, image, ['--aio', aio, '--delay', 'read=500ms'])
    const clients = await Promise.all(Array.from({length: 4}, () => RawClient.connect(served.socket)))
    await Promise.all(clients.map((client) => client.go()))
    const [first, ...others] = clients as [RawClient, ...RawClient[]]
    first.send(request({type: WRITE, offset: 1, data: Buffer.from('x')}))
    const each = REQUESTS_MAX - 1
    expect(clients.length * each).toBeGreaterThan(DEPTH)
    for (const client of clients) {
      for (let cookie = 1; cookie <= each; cookie++) client.send(request({type: FLUSH, cookie}))
    }
    expect(await first.simple()).toEqual({error: 0, cookie: 0})
    for (const client of [first, ...others]) {
      const cookies = new Set<number>()
      for (let i = 0; i < each; i++) cookies.add((await client.simple()).cookie)
      expect(cookies.size).toBe(each)
    }
    expect((await served.stop()).ended.exit).toBe(0)
  })
})

describe('a request for terabytes', () => {
  let scene: Scene
  beforeEach(() => {
    scene = new Scene()
  })
  afterEach(() => scene.close())

  itNeeds([uring], 'is done part by part, as trim and as zeroes, and others are served meanwhile', async () => {
    const TIB = 2 ** 40
    const sizeBytes = 5 * TIB
    const islands = [0, TIB - 4096, TIB, 4 * TIB, sizeBytes - 4096]
    for (const asked of [{type: TRIM}, {type: WRITE_ZEROES}, {type: WRITE_ZEROES, flags: 2}]) {
      const image = scene.file('huge.img', sizeBytes)
      const fd = openSync(image, 'r+')
      for (const offset of islands) writeSync(fd, Buffer.alloc(4096, 7), 0, 4096, offset)
      const served = await Served.start(scene, image, ['--aio', 'uring'])
      const [client, other] = [await RawClient.connect(served.socket), await RawClient.connect(served.socket)]
      await client.go('extended')
      await other.go()
      // Zeroes that may not be holes are asked for where they cost little.
      const length = asked.flags === 2 ? 8192 : sizeBytes
      client.send(extendedRequest({...asked, cookie: 1, length}))
      other.send(request({type: READ, offset: 2 * TIB, length: 512, cookie: 2}))
      expect(await other.simple()).toEqual({error: 0, cookie: 2})
      await other.read(512)
      expect(await client.answer('extended')).toEqual({error: 0, cookie: 1})
      const found = islands.filter((offset) => {
        const bytes = Buffer.alloc(4096)
        readSync(fd, bytes, 0, 4096, offset)
        return bytes.some((byte) => byte !== 0)
      })
      expect(found).toEqual(asked.flags === 2 ? islands.slice(1) : [])
      closeSync(fd)
      expect((await served.stop()).ended.exit).toBe(0)
    }
  })
})

describe('a read of what the page cache has', () => {
  let scene: Scene
  beforeEach(() => {
    scene = new Scene()
  })
  afterEach(() => scene.close())

  itNeeds(
    [uring],
    'keeps nobody: it is over at once, or copied by a worker of the kernel where it is too long to be passed on',
    async () => {
      // A server that writes has a worker from its start on: it tries whether holes can be punched.
      const served = await Served.start(scene, scene.file('disk.img', 4 * 2 ** 20, 0x11), [
        '--aio',
        'uring',
        '--read-only',
      ])
      const workers = (): string[] => {
        const tasks = readdirSync(`/proc/${served.pid}/task`)
        const names = tasks.map((task) => readFileSync(`/proc/${served.pid}/task/${task}/comm`, 'utf8'))
        return names.filter((name) => name.startsWith('iou-wrk'))
      }
      const client = await RawClient.connect(served.socket)
      await client.go()
      const read = async (length: number): Promise<void> => {
        client.send(request({type: READ, length}))
        expect((await client.simple()).error).toBe(0)
        expect((await client.read(length)).every((byte) => byte === 0x11)).toBe(true)
      }
      await read(128 * 1024)
      await read(2 ** 21)
      expect(workers()).toEqual([])
      await read(2 ** 21 + 512)
      expect(workers()).not.toEqual([])
      expect((await served.stop()).ended.exit).toBe(0)
    },
  )
})
