import {mkdirSync, symlinkSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {namesIn, readNumber, readText, realPath} from '../../src/image/kernel-file.js'
import {Scene} from './scene.js'

describe('the small files of the kernel', () => {
  let scene: Scene
  beforeEach(() => {
    scene = new Scene()
  })
  afterEach(() => scene.close())

  it('end with a newline that is not part of what they say', () => {
    writeFileSync(scene.path('word'), 'write back\n')
    writeFileSync(scene.path('number'), '4096\n')
    expect(readText(scene.path('word'))).toBe('write back')
    expect(readNumber(scene.path('number'))).toBe(4096)
  })

  it.each(['', '-1', '4096 bytes', '0x10'])('"%s" is no number', (text) => {
    writeFileSync(scene.path('number'), text)
    expect(readNumber(scene.path('number'))).toBeUndefined()
  })

  it('one that is missing says nothing, and a missing folder holds nothing', () => {
    expect(readText(scene.path('none'))).toBeUndefined()
    expect(readNumber(scene.path('none'))).toBeUndefined()
    expect(namesIn(scene.path('none'))).toEqual([])
    expect(realPath(scene.path('none'))).toBeUndefined()
  })

  it('folders are listed in order, and links are followed to their end', () => {
    mkdirSync(scene.path('folder'))
    for (const name of ['sdb', 'sda']) writeFileSync(scene.path(`folder/${name}`), '')
    symlinkSync(scene.path('folder'), scene.path('link'))
    expect(namesIn(scene.path('link'))).toEqual(['sda', 'sdb'])
    expect(realPath(scene.path('link'))).toBe(realPath(scene.path('folder')))
  })
})
