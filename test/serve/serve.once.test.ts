import {afterEach, beforeEach, describe, expect, vi} from 'vitest'

import {flushpoint, TIMEOUT_MS} from '../e2e/cli.js'
import {Scene} from '../image/scene.js'
import {itNeeds, peer} from '../peers.js'
import {DISC, infoData, option, RawClient, READ, request} from './nbd/client.js'
import {Served, uring} from './served.js'

vi.setConfig({testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS})

const [EXPORT_NAME, ABORT, LIST, INFO, GO] = [1, 2, 3, 6, 7]

describe.each(['uring', 'threads'])('a server with --once and --aio %s', (aio) => {
  const needs = aio === 'uring' ? [uring] : []
  const itServes = (title: string, test: () => Promise<void>): void => itNeeds(needs, title, test, TIMEOUT_MS)
  let scene: Scene
  let image: string
  const start = (...flags: readonly string[]): Promise<Served> =>
    Served.start(scene, image, ['--aio', aio, '--once', ...flags])
  beforeEach(() => {
    scene = new Scene()
    image = scene.file('disk.img', 2 ** 20, 0x11)
  })
  afterEach(() => scene.close())

  /** A client that has got as far as requests. */
  async function guest(served: Served): Promise<RawClient> {
    const client = await RawClient.connect(served.socket)
    await client.go()
    return client
  }

  async function expectServed(client: RawClient): Promise<void> {
    client.send(request({type: READ, cookie: 7, length: 512}))
    expect(await client.simple()).toEqual({error: 0, cookie: 7})
    expect((await client.read(512)).every((byte) => byte === 0x11)).toBe(true)
  }

  /** Says goodbye, and has seen the server hang up. */
  async function leave(client: RawClient): Promise<void> {
    client.send(request({type: DISC}))
    await client.readToEnd()
    client.close()
  }

  itServes('serves on when the first has gone, lets others join, and ends with the last', async () => {
    const served = await start()
    const [first, second] = [await guest(served), await guest(served)]
    await leave(first)
    const third = await guest(served)
    await expectServed(second)
    await leave(second)
    await expectServed(third)
    await leave(third)
    const {ended, document} = await served.end()
    expect(ended.exit).toBe(0)
    expect(document).toMatchObject({counts: {connections: 3, reads: 2}, faults: []})
  })

  itServes('serves who was at its handshake when the last that was served has gone', async () => {
    const served = await start()
    const slow = await RawClient.connect(served.socket)
    await slow.greet()
    await leave(await guest(served))
    slow.send(option(GO, infoData('')))
    expect((await slow.replies()).types.at(-1)).toBe(1)
    await expectServed(slow)
    await leave(slow)
    expect((await served.end()).document).toMatchObject({counts: {connections: 2, reads: 1}, faults: []})
  })

  itServes('ends when the last that was not served has gone, once one was', async () => {
    const served = await start('--handshake-limit', '0')
    const slow = await RawClient.connect(served.socket)
    await slow.greet()
    await leave(await guest(served))
    slow.close()
    const {ended, document} = await served.end()
    expect(ended.exit).toBe(0)
    expect(document).toMatchObject({counts: {connections: 2, timedOut: 0}})
  })

  itServes('waits for one that makes requests, whoever lists, asks or hangs up before it', async () => {
    const served = await start()
    const sessions: readonly (readonly Buffer[])[] = [
      [],
      [option(LIST)],
      [option(LIST), option(ABORT)],
      [option(INFO, infoData('')), option(ABORT)],
      [option(GO, infoData('nobody')), option(ABORT)],
    ]
    for (const session of sessions) {
      const prober = await RawClient.connect(served.socket)
      await prober.greet()
      prober.send(...session)
      prober.socket.end()
      await prober.readToEnd()
      prober.close()
    }
    const client = await RawClient.connect(served.socket)
    await client.greet()
    client.send(option(EXPORT_NAME))
    await client.read(10)
    await expectServed(client)
    await leave(client)
    const {ended, document} = await served.end()
    expect(ended.exit).toBe(0)
    expect(document).toMatchObject({counts: {connections: sessions.length + 1, reads: 1}, faults: []})
  })

  itServes('serves no more at a time than it may, be they ever so many', async () => {
    const served = await start('--max-connections', '2')
    let [older, newer] = [await guest(served), await guest(served)]
    for (let i = 0; i < 5; i++) {
      await leave(older)
      // The place is free a moment after the one that had it has seen the end.
      const next = await vi.waitFor(() => guest(served), {timeout: TIMEOUT_MS})
      await expectServed(newer)
      older = newer
      newer = next
    }
    await Promise.all([leave(older), leave(newer)])
    expect((await served.end()).document).toMatchObject({counts: {connections: 7, reads: 5}, faults: []})
  })

  itNeeds(
    [...needs, peer('nbdcopy')],
    'has the status of a command that it was started with, whose connections are many',
    async () => {
      const source = scene.file('source.img', 2 ** 20, 0x22)
      const copy = (...words: string[]): ReturnType<typeof flushpoint> =>
        flushpoint(['serve', 'nbd', image, '--aio', aio, '--once', '--json', '--', ...words])
      const copied = await copy('nbdcopy', '--flush', '--threads=4', '--connections=4', source, '{uri}')
      expect(copied.exit, copied.stderr).toBe(0)
      expect(JSON.parse(copied.stdout)).toMatchObject({counts: {connections: 4, writtenBytes: 2 ** 20}, faults: []})
      const failed = await copy('sh', '-c', 'nbdcopy "$0" null: && exit 7', '{uri}')
      expect(failed.exit, failed.stderr).toBe(7)
    },
    TIMEOUT_MS,
  )
})
