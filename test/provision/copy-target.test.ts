import {readdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {openCopyTarget, type TargetOptions} from '../../src/provision/copy-target.js'
import {openDescriptors, refusalOf, Scene} from '../image/scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

const OPTIONS: TargetOptions = {sizeBytes: 4096, mode: cacheModeOf('writeback'), force: false, resume: false}

const target = (name: string, options: Partial<TargetOptions> = {}) => {
  return openCopyTarget(scene.path(name), {...OPTIONS, ...options})
}
const names = (): string[] => readdirSync(scene.folder).toSorted()

describe('where a copy goes', () => {
  it('has its name only when it is finished', async () => {
    const copy = await target('b')
    expect([names(), copy.blank, copy.image.sizeBytes]).toEqual([['b.partial'], true, 4096])
    copy.finish(true)
    expect(names()).toEqual(['b'])
  })

  it('stays under its other name when the copy is stopped, and is gone when it failed', async () => {
    const before = openDescriptors()
    ;(await target('b')).keep()
    expect(names()).toEqual(['b.partial'])
    expect(await refusalOf(target('b'))).toMatchObject({code: 'E_PARTIAL'})
    const again = await target('b', {resume: true})
    expect([again.resumed, again.blank]).toEqual([true, false])
    again.discard()
    expect([names(), openDescriptors()]).toEqual([[], before])
  })

  it('is not what somebody has made meanwhile', async () => {
    const copy = await target('b')
    writeFileSync(scene.path('b'), 'other')
    expect(() => copy.finish(true)).toThrow(expect.objectContaining({code: 'E_EXISTS'}))
    copy.discard()
    expect(readFileSync(scene.path('b'), 'utf8')).toBe('other')
    expect(names()).toEqual(['b'])
  })

  it('replaces, with force, the file that a link leads to, and only when finished', async () => {
    scene.file('real', 100, 1)
    symlinkSync(scene.path('real'), scene.path('link'))
    expect(await refusalOf(target('link'))).toMatchObject({code: 'E_EXISTS'})
    const copy = await target('link', {force: true})
    expect(readFileSync(scene.path('real'))).toHaveLength(100)
    copy.finish(true)
    expect([names(), readFileSync(scene.path('real')).length]).toEqual([['link', 'real'], 4096])
  })

  it('is resumed at the size of the source', async () => {
    scene.file('b.partial', 100, 1)
    const copy = await target('b', {resume: true})
    expect(copy.image.sizeBytes).toBe(4096)
    copy.discard()
  })
})
