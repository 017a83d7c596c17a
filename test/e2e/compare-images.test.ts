import {spawnSync} from 'node:child_process'
import {closeSync, openSync, writeSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {Scene} from '../image/scene.js'
import {peerIt} from '../peers.js'
import {contents, expectRefusal, flushpoint, TIMEOUT_MS} from './cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

function poke(path: string, offset: number, text: string): void {
  const fd = openSync(path, 'r+')
  writeSync(fd, text, offset)
  closeSync(fd)
}

interface Answer {
  readonly identical: boolean
  readonly rangeCount: number
  readonly rangeBytes: number
  readonly ranges: readonly {readonly offsetBytes: number; readonly lengthBytes: number; readonly sector: number}[]
}

async function compare(a: string, b: string, ...flags: string[]): Promise<Answer> {
  const ended = await flushpoint(['compare', a, b, '--json', ...flags])
  expect(ended.stderr).toBe('')
  const answer = JSON.parse(ended.stdout) as Answer
  expect(ended.exit).toBe(answer.identical ? 0 : 1)
  return answer
}

describe('flushpoint compare', () => {
  it('lists every range that differs, also those that the second thread finds', async () => {
    const size = 150 * 2 ** 20 + 77
    const [a, b] = [scene.file('a', size, 0x41), scene.file('b', size, 0x41)]
    const places = [0, 5 * 2 ** 20, 64 * 2 ** 20 - 1, 100 * 2 ** 20, size - 3]
    for (const place of places) poke(b, place, 'xyz')
    const answer = await compare(a, b)
    expect(answer.ranges.map(({offsetBytes, lengthBytes}) => [offsetBytes, lengthBytes])).toEqual(
      places.map((place) => [place, 3]),
    )
    expect(await compare(a, a)).toMatchObject({identical: true, rangeCount: 0})
  })

  peerIt(['qemu-img'], 'says yes and no where qemu-img compare does', async () => {
    scene.file('hole', 2 ** 20)
    scene.file('zeroes', 2 ** 20, 0)
    scene.file('longer', 2 ** 20 + 512)
    poke(scene.file('tail', 2 ** 20 + 512), 2 ** 20 + 5, 'x')
    poke(scene.file('inside', 2 ** 20), 1000, 'x')
    const names = ['hole', 'zeroes', 'longer', 'tail', 'inside'].map((name) => scene.path(name))
    for (const a of names) {
      for (const b of names) {
        for (const strict of [false, true]) {
          const peer = spawnSync('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', ...(strict ? ['-s'] : []), a, b])
          const {identical} = await compare(a, b, ...(strict ? ['--strict'] : []))
          expect(identical ? 0 : 1, `${a} ${b} ${strict}`).toBe(peer.status)
        }
      }
    }
  })

  it('shows the first differences in hex, and changes nothing', async () => {
    scene.file('a', 8192, 0x41)
    poke(scene.file('b', 8192, 0x41), 5000, 'hello')
    const before = contents(scene.folder)
    const ended = await flushpoint(['compare', 'a', 'b'], {cwd: scene.folder})
    expect(ended.exit).toBe(1)
    expect(ended.stdout).toContain('00001380  41 41 41 41 41 41 41 41  68 65 6c 6c 6f 41 41 41  |AAAAAAAAhelloAAA|')
    expect(contents(scene.folder)).toEqual(before)
  })

  it('ends with trouble, not with a difference, when one cannot be opened', async () => {
    scene.file('a', 100)
    await expectRefusal(scene, ['compare', 'a', 'b'], {exit: 3, code: 'E_NO_IMAGE', says: 'b does not exist'})
    await expectRefusal(scene, ['compare', 'a', '.'], {exit: 3, code: 'E_NOT_AN_IMAGE', says: 'is a directory'})
  })
})
