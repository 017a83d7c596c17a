import {execFileSync} from 'node:child_process'
import {closeSync, openSync, statSync, truncateSync, writeFileSync, writeSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {Prng} from '../../src/base/index.js'
import {Scene} from '../image/scene.js'
import {peerIt} from '../peers.js'
import {contents, expectRefusal, flushpoint, TIMEOUT_MS} from './cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

/** A sparse file with islands of data. */
function islands(name: string, sizeBytes: number, offsets: readonly number[], text = 'x'): string {
  const path = scene.file(name, sizeBytes)
  const fd = openSync(path, 'r+')
  for (const offset of offsets) writeSync(fd, text, offset)
  closeSync(fd)
  return path
}

async function mapOf(path: string, ...flags: string[]): Promise<unknown> {
  const ended = await flushpoint(['map', path, '--json', ...flags])
  expect(ended).toMatchObject({exit: 0, stderr: ''})
  return JSON.parse(ended.stdout)
}

function peerMapOf(path: string): unknown {
  return JSON.parse(execFileSync('qemu-img', ['map', '--output=json', '-f', 'raw', path], {encoding: 'utf8'}))
}

describe('flushpoint map --json', () => {
  peerIt(['qemu-img'], 'is the document of qemu-img map, also in the order of its keys', async () => {
    const random = new Prng(2009)
    const images = [
      scene.file('empty', 0),
      scene.file('hole', 2 ** 20),
      scene.file('small-hole', 100),
      scene.file('full', 2 ** 20, 1),
      islands('odd', 1_000_000, [70_000]),
      islands('odd-tail', 1_000_005, [1_000_004]),
      islands('three-bytes', 3, [0], 'abc'),
      islands('far', 6 * 2 ** 40, [5 * 2 ** 40 + 7]),
      ...[1, 2, 3].map((i) => {
        const offsets = Array.from({length: 20}, () => random.below(2 ** 24))
        return islands(`random-${i}`, 2 ** 24 + random.below(1000), offsets)
      }),
    ]
    for (const image of images) {
      expect(JSON.stringify(await mapOf(image)), image).toBe(JSON.stringify(peerMapOf(image)))
    }
  })

  it('calls zero-filled data zero as well, when it is asked to look', async () => {
    const path = scene.path('zeroes')
    writeFileSync(path, Buffer.concat([Buffer.alloc(8192), Buffer.alloc(4096, 1)]))
    expect(await mapOf(path, '--zeroes')).toMatchObject([
      {start: 0, length: 8192, zero: true, data: true},
      {start: 8192, length: 4096, zero: false, data: true},
    ])
  })
})

describe('flushpoint map', () => {
  it('shows the whole image at a glance and changes nothing', async () => {
    islands('disk.img', 2 ** 20, [2 ** 19])
    const before = contents(scene.folder)
    const times = statSync(scene.path('disk.img'), {bigint: true})
    const ended = await flushpoint(['map', 'disk.img', '--zeroes'], {cwd: scene.folder})
    expect(ended).toMatchObject({exit: 0, stderr: ''})
    expect(ended.stdout).toMatch(/^\[·+[█▓]·+\]$/m)
    expect(contents(scene.folder)).toEqual(before)
    const after = statSync(scene.path('disk.img'), {bigint: true})
    expect([after.mtimeNs, after.ctimeNs]).toEqual([times.mtimeNs, times.ctimeNs])
  })

  it('works without native calls, and says what it cannot tell', async () => {
    const path = scene.file('disk.img', 8192)
    const ended = await flushpoint(['map', path], {env: {FLUSHPOINT_NO_NATIVE: '1'}})
    expect(ended.stdout).toContain('Holes cannot be told from data: FLUSHPOINT_NO_NATIVE=1 is set.')
  })

  it('refuses what is no image', async () => {
    await expectRefusal(scene, ['map', 'missing.img'], {
      exit: 3,
      code: 'E_NO_IMAGE',
      says: 'missing.img does not exist',
    })
    truncateSync(scene.file('disk.img', 10), 20)
    await expectRefusal(scene, ['map', 'disk.img#p1'], {exit: 2, code: 'E_NO_PARTITION', says: 'has no partition 1'})
  })
})
