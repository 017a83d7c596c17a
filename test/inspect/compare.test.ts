import {closeSync, openSync, writeSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {compareSources} from '../../src/inspect/index.js'
import {openTarget} from '../../src/inspect/target.js'
import {loadLibc} from '../../src/native/index.js'
import {Scene} from '../image/scene.js'
import {capability, itNeeds} from '../peers.js'

const answer = await loadLibc()
const native = capability(answer.ok, answer.ok ? '' : answer.reason)

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

function poke(path: string, offset: number, text = 'x'): string {
  const fd = openSync(path, 'r+')
  writeSync(fd, text, offset)
  closeSync(fd)
  return path
}

async function compare(a: string, b: string, strict = false) {
  const [one, other] = [openTarget(a), openTarget(b)]
  try {
    return await compareSources(one.source, other.source, {strict, threads: false})
  } finally {
    one.close()
    other.close()
  }
}

describe('two images', () => {
  itNeeds([native], 'are followed by where the comparison is, not by how much of them there is to read', async () => {
    const size = 2 ** 40 + 5
    const a = openTarget(poke(scene.file('a', size), 2 ** 40))
    const told: number[] = []
    const progress = async (doneBytes: number): Promise<void> => void told.push(doneBytes)
    await compareSources(a.source, a.source, {strict: false, threads: false, progress})
    a.close()
    expect(told).toEqual([size])
  })

  it('are identical where holes meet zeroes', async () => {
    const found = await compare(scene.file('hole', 2 ** 20), scene.file('zeroes', 2 ** 20, 0))
    expect(found).toMatchObject({identical: true, ranges: [], rangeCount: 0, allocation: undefined})
  })

  it('of different sizes are identical when the rest is zeroes, but not under strict', async () => {
    const [a, b] = [scene.file('a', 1000), scene.file('b', 2000)]
    expect(await compare(a, b)).toMatchObject({identical: true, sizeBytes: [1000, 2000]})
    expect(await compare(a, b, true)).toMatchObject({identical: false, rangeCount: 0})
    poke(b, 1500)
    expect(await compare(a, b)).toMatchObject({identical: false, ranges: [{offsetBytes: 1500, lengthBytes: 1}]})
  })

  itNeeds([native], 'differ under strict where one has data and the other a hole', async () => {
    const found = await compare(scene.file('hole', 2 ** 20), scene.file('zeroes', 2 ** 20, 0), true)
    expect(found).toMatchObject({identical: false, rangeCount: 0, allocation: [{offsetBytes: 0, lengthBytes: 2 ** 20}]})
  })

  itNeeds([native], 'of terabytes are compared where they have data only', async () => {
    const [a, b] = ['a', 'b'].map((name) => poke(scene.file(name, 6 * 2 ** 40), 5 * 2 ** 40)) as [string, string]
    expect(await compare(a, b)).toMatchObject({identical: true})
    poke(b, 3 * 2 ** 40 + 5)
    expect((await compare(a, b)).ranges).toEqual([{offsetBytes: 3 * 2 ** 40 + 5, lengthBytes: 1}])
  })

  it('have differences joined across tasks', async () => {
    const [a, b] = [scene.file('a', 9 * 2 ** 20, 1), scene.file('b', 9 * 2 ** 20, 1)]
    poke(b, 4 * 2 ** 20 - 2, 'xxxx')
    expect((await compare(a, b)).ranges).toEqual([{offsetBytes: 4 * 2 ** 20 - 2, lengthBytes: 4}])
  })

  it('may be empty', async () => {
    expect(await compare(scene.file('a', 0), scene.file('b', 0), true)).toMatchObject({identical: true})
  })
})
