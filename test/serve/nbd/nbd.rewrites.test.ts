import {readFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, vi} from 'vitest'

import {Prng} from '../../../src/base/index.js'
import {TIMEOUT_MS} from '../../e2e/cli.js'
import {Scene} from '../../image/scene.js'
import {itNeeds} from '../../peers.js'
import {Served, uring} from '../served.js'
import {RawClient, request, WRITE, WRITE_ZEROES} from './client.js'

vi.setConfig({testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS})

const MIB = 1 << 20
const FUA = 1
const NO_HOLE = 2

describe.each(['uring', 'threads'])('requests with ends finer than a sector, with --aio %s', (aio) => {
  const itServes = (title: string, test: () => Promise<void>): void =>
    itNeeds(aio === 'uring' ? [uring] : [], title, test, TIMEOUT_MS)
  let scene: Scene
  beforeEach(() => {
    scene = new Scene()
  })
  afterEach(() => scene.close())

  itServes('change what they name and nothing else, whatever is in flight beside them', async () => {
    const sizeBytes = MIB
    const image = scene.file('disk.img', sizeBytes, 0x11)
    const served = await Served.start(scene, image, ['--aio', aio])
    const client = await RawClient.connect(served.socket)
    await client.go()
    const random = new Prng(5)
    const expected = Buffer.alloc(sizeBytes, 0x11)
    for (let round = 0; round < 40; round++) {
      // Each in a stretch of its own, so that their order does not matter; neighbours share sectors.
      const cuts = Array.from({length: 9}, () => random.below(sizeBytes)).toSorted((a, b) => a - b)
      const spans = cuts.slice(1).map((end, i) => [cuts[i] as number, end - (cuts[i] as number)] as const)
      spans.forEach(([offset, length], cookie) => {
        const zeroes = random.chance(0.5)
        const byte = zeroes ? 0 : 1 + random.below(255)
        expected.fill(byte, offset, offset + length)
        const flags = (random.chance(0.3) ? FUA : 0) | (zeroes && random.chance(0.5) ? NO_HOLE : 0)
        const data = Buffer.alloc(length, byte)
        client.send(
          request({type: zeroes ? WRITE_ZEROES : WRITE, cookie, flags, offset, ...(zeroes ? {length} : {data})}),
        )
      })
      for (let i = 0; i < spans.length; i++) expect((await client.simple()).error).toBe(0)
    }
    expect((await served.stop()).ended.exit).toBe(0)
    expect(readFileSync(image).equals(expected)).toBe(true)
  })

  itServes('may be zeroes of any length, as holes or not', async () => {
    const sizeBytes = 100 * MIB
    for (const flags of [0, NO_HOLE | FUA]) {
      const image = scene.file('disk.img', sizeBytes, 0x11)
      const served = await Served.start(scene, image, ['--aio', aio])
      const client = await RawClient.connect(served.socket)
      await client.go()
      const [offset, length] = [1001, 80 * MIB + 77]
      client.send(request({type: WRITE_ZEROES, flags, offset, length}))
      expect((await client.simple()).error).toBe(0)
      expect((await served.stop()).ended.exit).toBe(0)
      const bytes = readFileSync(image)
      const first = bytes.indexOf(0)
      expect([first, bytes.lastIndexOf(0)]).toEqual([offset, offset + length - 1])
      expect(bytes.subarray(offset, offset + length).every((byte) => byte === 0)).toBe(true)
    }
  })
})
