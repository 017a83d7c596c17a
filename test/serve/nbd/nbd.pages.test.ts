import {readdirSync, readFileSync, readlinkSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, vi} from 'vitest'

import {Prng} from '../../../src/base/index.js'
import {loadSplice} from '../../../src/native/index.js'
import {TIMEOUT_MS} from '../../e2e/cli.js'
import {Scene} from '../../image/scene.js'
import {capability, itNeeds} from '../../peers.js'
import {Served, uring} from '../served.js'
import {extendedRequest, FLUSH, READ, RawClient, request, WRITE} from './client.js'

vi.setConfig({testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS})

const MIB = 1 << 20
const SIZE_BYTES = 8 * MIB
/** Descriptors of as many pipes as there may be. */
const PIPE_ENDS_MAX = 128
const bound = await loadSplice()
const splicing = capability(bound.ok, bound.ok ? '' : bound.reason)

let scene: Scene
let content: Buffer
let image: string
beforeEach(() => {
  scene = new Scene()
  const words = new Uint32Array(SIZE_BYTES / 4)
  const random = new Prng(7)
  words.forEach((_, i) => (words[i] = random.next()))
  content = Buffer.from(words.buffer)
  image = scene.path('disk.img')
  writeFileSync(image, content)
})
afterEach(() => scene.close())

/** Bytes that a process has read into its memory so far (proc(5)); what is passed on is not among them. */
function bytesRead({pid}: Served): number {
  return Number(/rchar: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1])
}

/** Ends of pipes that a process has. */
function pipeEnds({pid}: Served): number {
  const targets = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)]
    } catch {
      return []
    }
  })
  return targets.filter((target) => target.startsWith('pipe:')).length
}

const styles = ['simple', 'structured', 'extended'] as const
type Style = (typeof styles)[number]

/** Asks for ranges at once. @returns whether each has come with the right bytes */
async function readAll(
  client: RawClient,
  style: Style,
  ranges: readonly (readonly [number, number])[],
): Promise<boolean> {
  const encode = style === 'extended' ? extendedRequest : request
  client.send(...ranges.map(([offset, length], cookie) => encode({type: READ, cookie, offset, length})))
  let isRight = true
  for (let i = 0; i < ranges.length; i++) {
    const {cookie, data} = await dataOf(client, style, ranges)
    const [offset, length] = ranges[cookie] as readonly [number, number]
    isRight &&= data.equals(content.subarray(offset, offset + length))
  }
  return isRight
}

/** The next reply, which has data. */
async function dataOf(
  client: RawClient,
  style: Style,
  ranges: readonly (readonly [number, number])[],
): Promise<{readonly cookie: number; readonly data: Buffer}> {
  if (style === 'simple') {
    const {error, cookie} = await client.simple()
    expect(error).toBe(0)
    return {cookie, data: await client.read(ranges[cookie]?.[1] ?? 0)}
  }
  const head = await client.read(style === 'extended' ? 32 : 20)
  expect(head.readUInt16BE(6)).toBe(1)
  const cookie = head.readUInt32BE(12)
  const payload = await client.read(head.readUInt32BE(head.length - 4))
  expect(Number(payload.readBigUInt64BE(0))).toBe(ranges[cookie]?.[0])
  return {cookie, data: payload.subarray(8)}
}

/** Long and short ones, with whole sectors and without, from anywhere. */
const RANGES = [
  [0, 64 * 1024],
  [4096, 256 * 1024],
  [512, 128 * 1024 + 512],
  [0, 512],
  [7, 64 * 1024 + 1],
  [3 * MIB, MIB],
  [MIB - 512, 2 * MIB],
  [1024, 2 * MIB + 512],
  [SIZE_BYTES - 65_536, 65_536],
] as const

describe('long reads of what is in the page cache', () => {
  itNeeds(
    [uring, splicing],
    'are passed on under every mode that caches, byte for byte, in every style of reply',
    async () => {
      for (const mode of ['writeback', 'writethrough', 'unsafe']) {
        const served = await Served.start(scene, image, ['--aio', 'uring', '--cache', mode])
        for (const style of styles) {
          const client = await RawClient.connect(served.socket)
          await client.go(style)
          expect(await readAll(client, style, RANGES)).toBe(true)
          const before = bytesRead(served)
          expect(await readAll(client, style, [[4096, 128 * 1024]])).toBe(true)
          expect(bytesRead(served) - before).toBeLessThan(64 * 1024)
          // With ends finer than a sector it is copied.
          expect(await readAll(client, style, [[4097, 127 * 1024]])).toBe(true)
          expect(bytesRead(served) - before).toBeGreaterThan(127 * 1024)
          client.close()
        }
        expect((await served.stop()).ended.exit).toBe(0)
      }
    },
  )

  itNeeds([uring, splicing], 'are not there where nothing is cached, nor without a ring', async () => {
    for (const flags of [
      ['--aio', 'uring', '--cache', 'none'],
      ['--aio', 'threads', '--cache', 'writeback'],
    ]) {
      const served = await Served.start(scene, image, flags)
      const before = pipeEnds(served)
      const client = await RawClient.connect(served.socket)
      await client.go()
      expect(await readAll(client, 'simple', RANGES)).toBe(true)
      expect(pipeEnds(served)).toBe(before)
      expect((await served.stop()).ended.exit).toBe(0)
    }
  })

  itNeeds([uring, splicing], 'need no pipe while they wait for the disk, and are not bounded then', async () => {
    // Nobody has read it: nothing of it is in the page cache.
    const hole = scene.file('hole.img', 128 * 8 * MIB)
    const served = await Served.start(scene, hole, ['--aio', 'uring'])
    const before = pipeEnds(served)
    const client = await RawClient.connect(served.socket)
    await client.go()
    for (let i = 0; i < 100; i++) client.send(request({type: READ, cookie: i, offset: i * 8 * MIB, length: 128 * 1024}))
    for (let i = 0; i < 100; i++) {
      expect((await client.simple()).error).toBe(0)
      expect((await client.read(128 * 1024)).every((byte) => byte === 0)).toBe(true)
    }
    expect(pipeEnds(served) - before).toBe(2)
    expect((await served.stop()).ended.exit).toBe(0)
  })

  itNeeds([uring, splicing], 'have what was written before they were asked for', async () => {
    const served = await Served.start(scene, image, ['--aio', 'uring'])
    const client = await RawClient.connect(served.socket)
    await client.go()
    const random = new Prng(11)
    for (let round = 0; round < 50; round++) {
      const offset = 512 * random.below((SIZE_BYTES - MIB) / 512)
      const data = Buffer.alloc(512 * (1 + random.below(64)), round + 1)
      content.set(data, offset)
      client.send(request({type: WRITE, offset, data}))
      expect((await client.simple()).error).toBe(0)
      expect(await readAll(client, 'simple', [[Math.max(0, offset - 4096), 512 * 1024]])).toBe(true)
    }
    expect((await served.stop()).ended.exit).toBe(0)
  })
})

describe('clients that do not take the pages they have asked for', () => {
  itNeeds(
    [uring, splicing],
    'hold no more pipes than there may be, keep nobody, and get what they take later',
    async () => {
      const served = await Served.start(scene, image, ['--aio', 'uring'])
      const ranges = Array.from({length: 200}, (_, i) => [(i % 7) * MIB, MIB] as const)
      const stalled = await Promise.all(
        Array.from({length: 6}, async () => {
          const client = await RawClient.connect(served.socket)
          await client.go()
          client.socket.pause()
          client.send(...ranges.map(([offset, length], cookie) => request({type: READ, cookie, offset, length})))
          return client
        }),
      )
      const other = await RawClient.connect(served.socket)
      await other.go('structured')
      for (let i = 0; i < 20; i++) expect(await readAll(other, 'structured', RANGES)).toBe(true)
      other.send(request({type: FLUSH}))
      expect((await other.answer('structured')).error).toBe(0)
      expect(pipeEnds(served)).toBeLessThanOrEqual(PIPE_ENDS_MAX + 16)
      const [late, ...gone] = stalled as [RawClient, ...RawClient[]]
      for (const client of gone) client.close()
      late.socket.resume()
      for (let i = 0; i < ranges.length; i++) {
        const {cookie, data} = await dataOf(late, 'simple', ranges)
        const [offset, length] = ranges[cookie] as readonly [number, number]
        expect(data.equals(content.subarray(offset, offset + length))).toBe(true)
      }
      expect(await readAll(other, 'structured', RANGES)).toBe(true)
      const status = readFileSync(`/proc/${served.pid}/status`, 'utf8')
      expect(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1])).toBeLessThan(150_000)
      expect((await served.stop()).ended.exit).toBe(0)
    },
  )
})
