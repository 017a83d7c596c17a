import {linkSync, readdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {openCopyTarget, type TargetOptions} from '../../src/provision/copy-target.js'
import {Disk} from '../disk-layout/disk.js'
import {direct} from '../e2e/cli.js'
import {openDescriptors, refusalOf, Scene} from '../image/scene.js'
import {itNeeds} from '../peers.js'

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

  it.each([100, 5000])('is resumed at the size of the source, where %i bytes were left', async (left) => {
    scene.file('b.partial', left, 1)
    const copy = await target('b', {resume: true})
    expect([copy.resumed, copy.blank, copy.image.sizeBytes]).toEqual([true, false, 4096])
    copy.discard()
  })

  it('is never resumed through a link, nor in a file that has its own name already', async () => {
    scene.file('other', 100, 1)
    symlinkSync(scene.path('other'), scene.path('b.partial'))
    expect(await refusalOf(target('b', {resume: true}))).toMatchObject({code: 'E_PARTIAL'})
    linkSync(scene.path('other'), scene.path('other.partial'))
    const killed = target('other', {resume: true, force: true})
    expect(await refusalOf(killed)).toMatchObject({code: 'E_EXISTS', hint: expect.stringContaining('remove') as string})
    expect(readFileSync(scene.path('other'))).toEqual(Buffer.alloc(100, 1))
  })

  it('is, with force, the place of a partition: what is around it is not part of it', async () => {
    const disk = new Disk(64).record(0, [{type: 0x83, firstLba: 8, sectors: 16}])
    writeFileSync(scene.path('disk'), disk.bytes)
    expect(await refusalOf(target('disk#p1'))).toMatchObject({code: 'E_EXISTS'})
    expect(await refusalOf(target('disk#p2', {force: true}))).toMatchObject({code: 'E_NO_PARTITION'})
    expect(await refusalOf(target('disk#p1', {force: true, sizeBytes: 8193}))).toMatchObject({code: 'E_TOO_SMALL'})
    const copy = await target('disk#p1', {force: true})
    const {image, blank, partialPath, notes} = copy
    expect([image.startBytes, image.sizeBytes, blank, partialPath]).toEqual([4096, 8192, false, undefined])
    expect(notes[0]).toContain('disk#p1 is 4 KiB larger than the image: what was there stays there.')
    copy.finish(true)
    expect([names(), readFileSync(scene.path('disk')).equals(disk.bytes)]).toEqual([['disk'], true])
  })

  itNeeds([direct], 'is refused where O_DIRECT cannot reach its end, with what to do', async () => {
    const odd = target('b', {mode: cacheModeOf('none'), sizeBytes: 1000})
    const refusal = await refusalOf(odd)
    expect(refusal).toMatchObject({kind: 'environment', code: 'E_DIRECT_SIZE'})
    expect(refusal.hint).toBe('Choose --cache writeback or writethrough.')
    expect(names()).toEqual([])
  })
})
