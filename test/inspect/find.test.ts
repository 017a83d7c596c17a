import {closeSync, openSync, writeFileSync, writeSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {findPattern, matchAlignmentOf} from '../../src/inspect/index.js'
import {openTarget} from '../../src/inspect/target.js'
import {Scene} from '../image/scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

async function find(path: string, pattern: string | Buffer, align = '1', max = Infinity) {
  const target = openTarget(path)
  const found = await findPattern(target.source, Buffer.from(pattern as string), {
    alignment: matchAlignmentOf(align),
    max,
  })
  target.close()
  return found
}

function file(bytes: Buffer): string {
  writeFileSync(scene.path('disk'), bytes)
  return scene.path('disk')
}

describe('a search', () => {
  it('finds matches across everything that is read at a time, each once', async () => {
    const bytes = Buffer.alloc(2 ** 20, 0x2e)
    const offsets = [0, 2 ** 18 - 3, 2 ** 18 + 10, 2 ** 19 - 1, 2 ** 19 + 6, 2 ** 20 - 6]
    for (const offset of offsets) bytes.write('needle', offset)
    expect(await find(file(bytes), 'needle')).toEqual({offsets, count: 6, complete: true})
  })

  it('stays in its range, whatever is data there', async () => {
    const path = scene.file('disk', 2 ** 20)
    const fd = openSync(path, 'r+')
    for (const offset of [0, 4090, 500_000, 2 ** 20 - 6]) writeSync(fd, 'needle', offset)
    closeSync(fd)
    const target = openTarget(path)
    const within = (offsetBytes: number, lengthBytes: number) => {
      const options = {alignment: matchAlignmentOf('1'), max: Infinity, within: {offsetBytes, lengthBytes}}
      return findPattern(target.source, Buffer.from('needle'), options).then(({offsets}) => offsets)
    }
    expect(await within(0, 2 ** 20)).toEqual([0, 4090, 500_000, 2 ** 20 - 6])
    expect(await within(1, 2 ** 20 - 2)).toEqual([4090, 500_000])
    expect(await within(4090, 6)).toEqual([4090])
    expect([await within(4090, 5), await within(4091, 5), await within(600_000, 0)]).toEqual([[], [], []])
    target.close()
  })

  it('goes on behind a match', async () => {
    expect((await find(file(Buffer.from('aaaaaaa')), 'aa')).offsets).toEqual([0, 2, 4])
  })

  it('keeps to the alignment, and an unaligned match hides no aligned one', async () => {
    expect((await find(file(Buffer.from('xaaaaaaa')), 'aa', '2')).offsets).toEqual([2, 4, 6])
    expect((await find(file(Buffer.from('xaaaaaaa')), 'aa', '4+3')).offsets).toEqual([3])
  })

  it('stops at the maximum, and says so', async () => {
    expect(await find(file(Buffer.from('aaaaaaa')), 'a', '1', 3)).toEqual({
      offsets: [0, 1, 2],
      count: 3,
      complete: false,
    })
  })

  it('looks into holes only for what they can hold', async () => {
    const path = scene.file('sparse', 3 * 2 ** 40)
    const fd = openSync(path, 'r+')
    writeSync(fd, 'needle', 2 ** 40 + 4096)
    closeSync(fd)
    expect((await find(path, 'needle')).offsets).toEqual([2 ** 40 + 4096])
    // The zeroes before the match are of the hole.
    expect((await find(path, Buffer.from('\0\0need'))).offsets).toEqual([2 ** 40 + 4094])
  })

  it('finds nothing in nothing', async () => {
    expect(await find(file(Buffer.alloc(0)), 'a')).toEqual({offsets: [], count: 0, complete: true})
  })
})
