import {closeSync, fstatSync, readdirSync, writeSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {makeScratchIn} from '../../src/image/scratch.js'
import {Scene} from './scene.js'

describe('a scratch file', () => {
  let scene: Scene
  beforeEach(() => {
    scene = new Scene()
  })
  afterEach(() => scene.close())

  it.each([true, false])('can be written, and has no name but the one it tells (named: %s)', (named) => {
    const scratch = makeScratchIn(scene.folder, named)
    scene.onClose(() => closeSync(scratch.fd))
    expect(writeSync(scratch.fd, Buffer.alloc(512), 0, 512, 0)).toBe(512)
    expect(fstatSync(scratch.fd)).toMatchObject({size: 512, mode: 0o100600})
    expect(readdirSync(scene.folder).map((name) => scene.path(name))).toEqual(
      scratch.name === undefined ? [] : [scratch.name],
    )
  })

  it('has a name where it is asked for, and each its own', () => {
    const names = [makeScratchIn(scene.folder, true), makeScratchIn(scene.folder, true)].map(({fd, name}) => {
      closeSync(fd)
      return name
    })
    expect(new Set(names)).toHaveLength(2)
    expect(names).not.toContain(undefined)
  })

  it('is refused where there is no folder', () => {
    expect(() => makeScratchIn(scene.path('none'))).toThrow('ENOENT')
    expect(() => makeScratchIn(scene.path('none'), true)).toThrow('ENOENT')
  })
})
