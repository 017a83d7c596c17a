import {afterEach, beforeEach, describe, expect, vi} from 'vitest'

import {DEPTH} from '../../../src/serve/server.js'
import {TIMEOUT_MS} from '../../e2e/cli.js'
import {Scene} from '../../image/scene.js'
import {itNeeds} from '../../peers.js'
import {Served, uring} from '../served.js'
import {FLUSH, RawClient, request, WRITE} from './client.js'

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
