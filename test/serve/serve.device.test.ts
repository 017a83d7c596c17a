import {readFileSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, vi} from 'vitest'

import {TIMEOUT_MS} from '../e2e/cli.js'
import {loopDevices, Scene} from '../image/scene.js'
import {itNeeds, peer, root} from '../peers.js'
import {FLUSH, infoData, option, RawClient, READ, request, TRIM, WRITE_ZEROES} from './nbd/client.js'
import {Served, uring} from './served.js'

vi.setConfig({testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS})

const SIZE_BYTES = 2 ** 20
const FUA = 1
/** Transmission flags by their bits in the protocol. */
const OFFERS = {TRIM: 5, WRITE_ZEROES: 6, FAST_ZERO: 11}

describe.each(['uring', 'threads'])('a server of a block device with --aio %s', (aio) => {
  const needs = [root(), loopDevices, peer('losetup'), peer('mount'), ...(aio === 'uring' ? [uring] : [])]
  let scene: Scene
  let served: Served
  let client: RawClient
  let stop: () => Promise<unknown>
  beforeEach(() => {
    scene = new Scene()
    stop = () => Promise.resolve()
  })
  afterEach(async () => {
    // A device that is open cannot be detached, and what a ring holds of a process that was killed is open for a while.
    await stop()
    scene.close()
  })

  /** Serves a device. @returns what a client is offered for giving blocks back */
  async function serve(device: string): Promise<string[]> {
    served = await Served.start(scene, device, ['--aio', aio])
    client = await RawClient.connect(served.socket)
    stop = () => {
      client.close()
      return served.stop().catch(() => {})
    }
    await client.greet()
    client.send(option(7, infoData('')))
    const flags = (await client.replies()).data[0]?.readUInt16BE(10) ?? 0
    return Object.entries(OFFERS).flatMap(([name, bit]) => ((flags & (1 << bit)) === 0 ? [] : [name]))
  }

  async function expectDone(...asked: readonly Parameters<typeof request>[0][]): Promise<void> {
    for (const fields of asked) {
      client.send(request(fields))
      expect(await client.simple(), JSON.stringify(fields)).toMatchObject({error: 0})
    }
  }

  async function bytesAt(offset: number, length: number): Promise<Buffer> {
    await expectDone({type: READ, offset, length})
    return client.read(length)
  }

  async function end(): Promise<void> {
    client.close()
    const {ended, document} = await served.stop()
    expect(ended.exit, ended.stderr).toBe(0)
    expect(document).toMatchObject({counts: {refused: 0, errors: 0}})
  }

  itNeeds(needs, 'offers TRIM where the device below gives blocks back, and it does', async () => {
    const file = scene.file('disk.img', SIZE_BYTES, 0x11)
    const offers = await serve(scene.loop(file))
    const allocated = statSync(file).blocks
    expect(offers).toEqual(aio === 'uring' ? ['TRIM', 'WRITE_ZEROES'] : ['WRITE_ZEROES'])
    await expectDone({type: TRIM, offset: 2 ** 18, length: 2 ** 19}, {type: FLUSH})
    expect(allocated - statSync(file).blocks).toBe(aio === 'uring' ? 2 ** 19 / 512 : 0)
    await end()
  })

  itNeeds(needs, 'does not offer TRIM where the device below declines it, and answers one as done', async () => {
    const file = join(scene.mount('ramfs', '-t', 'ramfs'), 'disk.img')
    writeFileSync(file, Buffer.alloc(SIZE_BYTES, 0x11))
    expect(await serve(scene.loop(file))).toEqual(['WRITE_ZEROES'])
    await expectDone(
      {type: TRIM, offset: 4096, length: 8192},
      {type: TRIM, flags: FUA, offset: 4096, length: 8192},
      {type: WRITE_ZEROES, offset: 65536, length: 8192},
      {type: FLUSH},
    )
    expect(await bytesAt(4096, 8192)).toEqual(Buffer.alloc(8192, 0x11))
    expect(await bytesAt(65536, 8192)).toEqual(Buffer.alloc(8192))
    await end()
  })

  itNeeds(needs, 'answers a TRIM that is finer than a block of the device as done, and changes nothing', async () => {
    const file = scene.file('disk.img', SIZE_BYTES, 0x11)
    await serve(scene.loop(file, '--sector-size', '4096'))
    await expectDone({type: TRIM, offset: 512, length: 2048}, {type: TRIM, offset: 512, length: 8192}, {type: FLUSH})
    expect(await bytesAt(0, 16_384)).toEqual(Buffer.alloc(16_384, 0x11))
    await expectDone({type: WRITE_ZEROES, offset: 512, length: 2048}, {type: FLUSH})
    expect(readFileSync(file).subarray(0, 4096)).toEqual(
      Buffer.concat([Buffer.alloc(512, 0x11), Buffer.alloc(2048), Buffer.alloc(1536, 0x11)]),
    )
    await end()
  })
})
