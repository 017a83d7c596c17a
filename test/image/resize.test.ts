import {readFileSync, statSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {resizeImage} from '../../src/image/index.js'
import {refusalOf, Scene} from './scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

describe('a resize', () => {
  it('adds zeroes, and keeps what was there', async () => {
    const path = scene.file('disk', 100, 7)
    expect(await resizeImage(path, 300, false)).toMatchObject({fromBytes: 100, toBytes: 300})
    expect(readFileSync(path)).toEqual(Buffer.concat([Buffer.alloc(100, 7), Buffer.alloc(200)]))
  })

  it('cuts off only when that is allowed', async () => {
    const path = scene.file('disk', 100, 7)
    expect(await refusalOf(resizeImage(path, 99, false))).toMatchObject({kind: 'usage', code: 'E_SHRINK'})
    expect(statSync(path).size).toBe(100)
    await resizeImage(path, 99, true)
    expect(statSync(path).size).toBe(99)
  })

  it('to what no file can have says so', async () => {
    const error = await refusalOf(resizeImage(scene.file('disk', 100), Number.MAX_SAFE_INTEGER, false))
    expect(error).toMatchObject({kind: 'environment', code: 'E_TOO_LARGE'})
  })

  it('of what is no image file is refused', async () => {
    expect(await refusalOf(resizeImage(scene.folder, 100, false))).toMatchObject({code: 'E_NOT_AN_IMAGE'})
    expect(await refusalOf(resizeImage(scene.path('missing'), 100, true))).toMatchObject({code: 'E_NO_IMAGE'})
  })
})
