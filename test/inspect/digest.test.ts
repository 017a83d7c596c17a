import {createHash} from 'node:crypto'
import {closeSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {partOf, type ImageSource} from '../../src/image/index.js'
import {digestOf} from '../../src/inspect/index.js'
import {openTarget} from '../../src/inspect/target.js'
import {loadLibc} from '../../src/native/index.js'
import {refusalOf, Scene} from '../image/scene.js'
import {capability, itNeeds} from '../peers.js'

const answer = await loadLibc()
const native = capability(answer.ok, answer.ok ? '' : answer.reason)

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

async function digest(path: string, name: 'sha256' | 'blake3'): Promise<string> {
  const target = openTarget(path)
  try {
    return await digestOf(target.source, name)
  } finally {
    target.close()
  }
}

describe('the digest of an image', () => {
  it('is that of its bytes, holes included', async () => {
    const path = scene.file('disk', 5 * 2 ** 20 + 3)
    const fd = openSync(path, 'r+')
    for (const offset of [5, 2 ** 21 + 7, 5 * 2 ** 20 + 2]) writeSync(fd, 'x', offset)
    closeSync(fd)
    expect(await digest(path, 'sha256')).toBe(createHash('sha256').update(readFileSync(path)).digest('hex'))
  })

  itNeeds([native], 'of a hole is worked out once, whatever it is asked for again', async () => {
    const target = openTarget(scene.file('disk', 3 * 2 ** 20))
    const [one, other, shorter] = [
      partOf(target.source, 0, 2 ** 20),
      partOf(target.source, 2 ** 20, 2 ** 20),
      partOf(target.source, 2 ** 21, 1000),
    ] as const
    const ofHoles = new Map<number, string>()
    const sha256 = (bytes: number): string => createHash('sha256').update(Buffer.alloc(bytes)).digest('hex')
    const told: number[] = []
    const ask = (part: ImageSource): Promise<string> => {
      return digestOf(part, 'sha256', async (doneBytes) => void told.push(doneBytes), ofHoles)
    }
    expect([await ask(one), await ask(shorter)]).toEqual([sha256(2 ** 20), sha256(1000)])
    ofHoles.set(2 ** 20, 'known')
    expect([await ask(other), told.at(-1)]).toEqual(['known', 2 ** 20])
    target.close()
  })

  // FIPS 180-4 example "abc"; BLAKE3 test_vectors.json, input_len 0 and 251 bytes counted from 0.
  it('is right for the vectors of the standards', async () => {
    writeFileSync(scene.path('abc'), 'abc')
    expect(await digest(scene.path('abc'), 'sha256')).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
    expect(await digest(scene.file('empty', 0), 'blake3')).toBe(
      'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262',
    )
  })

  it('is an error when the image becomes shorter meanwhile', async () => {
    const target = openTarget(scene.file('disk', 4 * 2 ** 20, 1))
    truncateSync(scene.path('disk'), 2 ** 20 + 5)
    const error = await refusalOf(digestOf(target.source, 'sha256'))
    expect(error).toMatchObject({kind: 'io', code: 'E_SHORT_IMAGE', context: {offsetBytes: 2 ** 20 + 5}})
    target.close()
  })
})
