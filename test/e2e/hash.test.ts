import {execFileSync} from 'node:child_process'
import {closeSync, openSync, writeFileSync, writeSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {Disk} from '../disk-layout/disk.js'
import {Scene} from '../image/scene.js'
import {peerIt} from '../peers.js'
import {contents, expectRefusal, flushpoint, hashOf, TIMEOUT_MS} from './cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

async function hash(path: string, ...flags: string[]): Promise<readonly [number, number, string][]> {
  const ended = await flushpoint(['hash', path, '--json', ...flags])
  expect(ended).toMatchObject({exit: 0, stderr: ''})
  const {parts} = JSON.parse(ended.stdout) as {parts: {offsetBytes: number; lengthBytes: number; digest: string}[]}
  return parts.map(
    ({offsetBytes, lengthBytes, digest}) => [offsetBytes, lengthBytes, digest] as [number, number, string],
  )
}

describe('flushpoint hash', () => {
  peerIt(['sha256sum'], 'is sha256sum, whatever is a hole', async () => {
    const sparse = scene.file('sparse', 5_000_003)
    const fd = openSync(sparse, 'r+')
    for (const offset of [0, 2_000_000, 5_000_002]) writeSync(fd, 'x', offset)
    closeSync(fd)
    for (const path of [
      sparse,
      scene.file('hole', 3_000_000),
      scene.file('full', 2 ** 21 + 1, 7),
      scene.file('e', 0),
    ]) {
      const expected = execFileSync('sha256sum', [path], {encoding: 'utf8'}).slice(0, 64)
      expect((await hash(path)).map(([, , digest]) => digest)).toEqual([expected])
    }
  })

  it('has a digest for each chunk, and changes nothing', async () => {
    const path = scene.path('disk')
    writeFileSync(path, 'aaaabbbbcc')
    const before = contents(scene.folder)
    const parts = await hash(path, '--chunk', '4')
    expect(contents(scene.folder)).toEqual(before)
    expect(parts.map(([offset, length]) => [offset, length])).toEqual([
      [0, 4],
      [4, 4],
      [8, 2],
    ])
    writeFileSync(path, 'cc')
    expect(parts[2]?.[2]).toBe(hashOf(path))
  })

  it('has one of a range, from the start of a partition where that is asked for', async () => {
    const disk = new Disk(64).record(0, [{type: 0x83, firstLba: 8, sectors: 16}]).put(9 * 512, 'text')
    writeFileSync(scene.path('disk'), disk.bytes)
    writeFileSync(scene.path('part'), disk.bytes.subarray(9 * 512, 9 * 512 + 100))
    const [range] = await hash(scene.path('disk'), '--offset', 'p1+1s', '--length', '100')
    expect(range).toEqual([9 * 512, 100, hashOf(scene.path('part'))])
    expect(await hash(`${scene.path('disk')}#p1`, '--offset', '1s', '--length', '100')).toEqual([
      [512, 100, hashOf(scene.path('part'))],
    ])
    expect((await hash(scene.path('disk'), '--length', '1k')).map(([offset, length]) => [offset, length])).toEqual([
      [0, 1024],
    ])
  })

  it('refuses chunks without end, and partitions that are not there', async () => {
    scene.file('disk', 100)
    await expectRefusal(scene, ['hash', 'disk', '--chunk', '0'], {exit: 2, code: 'E_CHUNK', says: 'chunks of 0 bytes'})
    await expectRefusal(scene, ['hash', 'disk', '--per-partition'], {
      exit: 5,
      code: 'E_NO_TABLE',
      says: 'disk has no partition table',
    })
  })
})
