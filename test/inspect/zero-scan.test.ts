import {truncateSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, expect, it} from 'vitest'
import {mapWith} from '../../src/inspect/extent-map.js'
import {openTarget} from '../../src/inspect/target.js'
import {markZeroes} from '../../src/inspect/zero-scan.js'
import {Prng} from '../../src/base/index.js'
import {Scene} from '../image/scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

const NO_HOLES = {ok: false, reason: 'all of it is data'} as const

async function zeroesOf(bytes: Buffer): Promise<[number, number, boolean][]> {
  const path = scene.path('disk')
  writeFileSync(path, bytes)
  const target = openTarget(path)
  const {extents} = await markZeroes(target.source, mapWith(target.source, NO_HOLES))
  target.close()
  return extents.map(({offsetBytes, lengthBytes, zeroes}) => [offsetBytes, lengthBytes, zeroes])
}

it('data that is all zeroes is found in blocks of 4 KiB, and in what is left at the end', async () => {
  const bytes = Buffer.alloc(3 * 4096 + 100)
  bytes[4096] = 1
  bytes[2 * 4096 - 1] = 1
  expect(await zeroesOf(bytes)).toEqual([
    [0, 4096, true],
    [4096, 4096, false],
    [8192, 4196, true],
  ])
  bytes[bytes.length - 1] = 1
  expect((await zeroesOf(bytes)).at(-1)).toEqual([12288, 100, false])
})

it('blocks are the same across the borders of what is read at a time', async () => {
  const blocks = 300
  const random = new Prng(7)
  const zero = Array.from({length: blocks}, () => random.below(2) === 0)
  const bytes = Buffer.alloc(blocks * 4096)
  zero.forEach((is, block) => {
    if (!is) bytes[block * 4096 + random.below(4096)] = 1
  })
  const found = (await zeroesOf(bytes)).flatMap(([, length, zeroes]) => Array<boolean>(length / 4096).fill(zeroes))
  expect(found).toEqual(zero)
})

it('holes and unwritten extents are not read', async () => {
  const target = openTarget(scene.file('disk', 8192))
  const unread = {...target.source, readInto: () => expect.fail('it was read')}
  const hole = {offsetBytes: 0, lengthBytes: 8192, kind: 'hole', delayed: false, shared: false, zeroes: false} as const
  const map = {sizeBytes: 8192, extents: [hole], holesUnknown: undefined, physicalUnknown: undefined}
  expect(await markZeroes(unread, map)).toEqual(map)
  target.close()
})

it('what an image that became shorter has lost is no zeroes, but an error', async () => {
  writeFileSync(scene.path('disk'), Buffer.alloc(20_000, 1))
  const target = openTarget(scene.path('disk'))
  const map = mapWith(target.source, NO_HOLES)
  truncateSync(scene.path('disk'), 10_000)
  await expect(markZeroes(target.source, map)).rejects.toMatchObject({kind: 'io', code: 'E_SHORT_IMAGE'})
  target.close()
})
