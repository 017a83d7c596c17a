import {existsSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import type {ToolError} from '../../src/base/index.js'
import {createImage} from '../../src/image/index.js'
import {itNeeds} from '../peers.js'
import {openDescriptors, procFd, refusalOf, Scene} from './scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

describe('making an image', () => {
  it('the file has the size asked for, reads as zeroes and takes hardly any space', async () => {
    const path = scene.path('new.img')
    await createImage(path, 64 * 2 ** 20)
    const stat = statSync(path)
    expect(stat.size).toBe(64 * 2 ** 20)
    expect(stat.blocks * 512).toBeLessThan(2 ** 20)
    expect(readFileSync(path).equals(Buffer.alloc(64 * 2 ** 20))).toBe(true)
  })

  it('an existing file is refused and keeps every byte', async () => {
    const path = scene.file('old.img', 8192, 0x5a)
    const refusal = await refusalOf(createImage(path, 4096))
    expect(refusal).toMatchObject({kind: 'environment', code: 'E_EXISTS'})
    expect(refusal.message).toContain('old.img')
    expect(readFileSync(path)).toEqual(Buffer.alloc(8192, 0x5a))
  })

  it('a dangling symbolic link is refused, not followed', async () => {
    symlinkSync(scene.path('target'), scene.path('link'))
    expect(await refusalOf(createImage(scene.path('link'), 4096))).toMatchObject({code: 'E_EXISTS'})
    expect(existsSync(scene.path('target'))).toBe(false)
  })

  it('a missing folder is an environment error that says to make it', async () => {
    const refusal = await refusalOf(createImage(scene.path('nowhere/new.img'), 4096))
    expect(refusal).toMatchObject({kind: 'environment', code: 'E_NO_FOLDER'})
    expect(refusal.hint).toContain('mkdir -p')
  })

  it.each([0, -1, 1.5, Number.NaN, 2 ** 53])('a size of %d is a usage error', async (sizeBytes) => {
    expect(await refusalOf(createImage(scene.path('new.img'), sizeBytes))).toMatchObject({kind: 'usage'})
    expect(readdirSync(scene.folder)).toEqual([])
  })

  itNeeds([procFd], 'no descriptor stays open, made or refused', async () => {
    await createImage(scene.path('warm-up.img'), 512)
    const before = openDescriptors()
    await createImage(scene.path('new.img'), 512)
    await refusalOf(createImage(scene.path('new.img'), 512))
    expect(openDescriptors()).toBe(before)
  })
})

describe('an image that cannot be made as asked', () => {
  it('leaves nothing behind when the file system refuses the size', async () => {
    const path = scene.path('huge.img')
    const outcome = await createImage(path, Number.MAX_SAFE_INTEGER).then(
      () => 'made', // some file systems can (xfs, btrfs)
      (error: unknown) => (error as ToolError).code,
    )
    expect(['made', 'E_TOO_LARGE']).toContain(outcome)
    expect(existsSync(path)).toBe(outcome === 'made')
  })

  it('is taken back by its undo, once and without complaint', async () => {
    const path = scene.path('new.img')
    const undo = await createImage(path, 4096)
    undo()
    expect(existsSync(path)).toBe(false)
    expect(undo).not.toThrow()
  })

  it('is not confused with another file that has taken its name', async () => {
    const path = scene.path('new.img')
    const undo = await createImage(path, 4096)
    renameSync(path, scene.path('moved.img'))
    writeFileSync(path, 'precious')
    undo()
    expect(readFileSync(path, 'utf8')).toBe('precious')
    expect(existsSync(scene.path('moved.img'))).toBe(true)
  })
})
