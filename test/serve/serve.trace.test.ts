import {readFileSync, statSync, truncateSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, vi} from 'vitest'

import {openTrace} from '../../src/archive/index.js'
import {loadTrace, type Trace} from '../../src/trace/index.js'
import {direct, endOf, flushpoint, start, TIMEOUT_MS} from '../e2e/cli.js'
import {Scene} from '../image/scene.js'
import {itNeeds, type Need} from '../peers.js'
import {FLUSH, RawClient, request, TRIM, WRITE, WRITE_ZEROES} from './nbd/client.js'
import {Served, uring} from './served.js'

vi.setConfig({testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS})

const SIZE_BYTES = 2 ** 22

function loaded(path: string): Trace {
  const {reading, close} = openTrace(path)
  try {
    return loadTrace(reading)
  } finally {
    close()
  }
}

describe.each(['uring', 'threads'])('a recording of what clients do, with --aio %s', (aio) => {
  const itServes = (title: string, test: () => Promise<void>, needs: readonly Need[] = []): void =>
    itNeeds([...(aio === 'uring' ? [uring] : []), ...needs], title, test, TIMEOUT_MS)
  let scene: Scene
  let image: string
  let trace: string
  beforeEach(() => {
    scene = new Scene()
    image = scene.file('disk.img', SIZE_BYTES, 0x11)
    trace = scene.path('it.trace')
  })
  afterEach(() => scene.close())

  for (const flags of [[], ['--snapshot'], ['--cache', 'none'], ['--cache', 'directsync', '--snapshot']]) {
    itServes(
      `has what was there before each change, and no more: serve nbd ${flags.join(' ')}`,
      async () => {
        const served = await Served.start(scene, image, ['--aio', aio, '--trace', trace, ...flags])
        const client = await RawClient.connect(served.socket)
        await client.go()
        // All at once: over one another, finer than a sector, and changed again.
        client.send(
          request({type: WRITE, offset: 4096, data: Buffer.alloc(8192, 1)}),
          request({type: WRITE, offset: 8192, data: Buffer.alloc(8192, 2)}),
          request({type: WRITE, offset: 100_000, data: Buffer.alloc(100, 3)}),
          request({type: TRIM, offset: 2 ** 20, length: 65_536}),
          request({type: WRITE_ZEROES, offset: 2 ** 20 + 32_768, length: 65_536}),
          request({type: FLUSH}),
        )
        for (let i = 0; i < 6; i++) expect(await client.simple()).toMatchObject({error: 0})
        client.send(request({type: WRITE, offset: 2 ** 20, data: Buffer.alloc(4096, 4)}))
        expect(await client.simple()).toMatchObject({error: 0})
        client.close()
        expect((await served.stop()).ended.exit).toBe(0)
        const {before, events} = loaded(trace)
        const touched = new Uint8Array(SIZE_BYTES)
        for (const {offsetBytes, bytes} of before) {
          expect(bytes.every((byte) => byte === 0x11)).toBe(true)
          touched.fill(1, offsetBytes, offsetBytes + bytes.length)
        }
        const expected = new Uint8Array(SIZE_BYTES)
        for (const [from, until] of [
          [4096, 16_384],
          [Math.floor(100_000 / 512) * 512, Math.ceil(100_100 / 512) * 512],
          [2 ** 20, 2 ** 20 + 98_304],
        ] as const) {
          expected.fill(1, from, until)
        }
        expect(Buffer.compare(touched, expected)).toBe(0)
        expect(events.filter(({event}) => event.kind === 'complete').length).toBeGreaterThanOrEqual(7)
        // What nobody changed is in the image still.
        const explore = ['crash', 'explore', trace, '--base', image, '--check', 'stable-survives', '--json']
        expect(await flushpoint(explore)).toMatchObject({exit: 0})
      },
      flags.includes('--cache') ? [direct] : [],
    )
  }

  itServes('costs nothing for a large image that nobody writes to', async () => {
    truncateSync(image, 2 ** 40)
    const served = await Served.start(scene, image, ['--aio', aio, '--trace', trace])
    const client = await RawClient.connect(served.socket)
    await client.go()
    client.send(request({type: FLUSH}))
    await client.simple()
    client.close()
    await served.stop()
    expect(statSync(trace).size).toBeLessThan(1024)
  })

  itServes(
    'that cannot be written any more ends the server, with the write that could not be told undone',
    async () => {
      const listen = `unix:${scene.path('nbd.sock')}`
      const child = start(['serve', 'nbd', image, '--aio', aio, '--trace', '/dev/full', '--listen', listen, '--json'])
      child.stdin?.end()
      scene.onClose(() => child.kill('SIGKILL'))
      await new Promise<void>((resolve) => {
        child.stderr?.on('data', (chunk: Buffer) => {
          if (chunk.toString().includes('note: serving')) resolve()
        })
      })
      const client = await RawClient.connect(scene.path('nbd.sock'))
      await client.go()
      client.send(request({type: WRITE, offset: 0, data: Buffer.alloc(2 ** 20, 1)}))
      await client.readToEnd()
      const ended = await endOf(child)
      expect(ended.exit).toBe(4)
      expect(JSON.parse(ended.stdout)).toMatchObject({error: {code: 'E_OUTPUT_FILE'}})
      expect(readFileSync(image).every((byte) => byte === 0x11)).toBe(true)
    },
  )
})
