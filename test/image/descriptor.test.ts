import {closeSync, constants, openSync, readFileSync, renameSync, unlinkSync, writeFileSync, writeSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {flagBits, reopen} from '../../src/image/descriptor.js'
import {capability, itNeeds} from '../peers.js'
import {procFd, Scene} from './scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

function open(path: string, flags: string): number {
  const fd = openSync(path, flags)
  scene.onClose(() => closeSync(fd))
  return fd
}

const linux = capability(process.platform === 'linux', 'O_DIRECT by name needs Linux')

describe('flags by name', () => {
  itNeeds([linux], 'are the bits open(2) takes', () => {
    expect(flagBits(['O_RDWR', 'O_DSYNC', 'O_DIRECT'])).toBe(constants.O_RDWR | constants.O_DSYNC | constants.O_DIRECT)
    expect(flagBits(['O_RDONLY'])).toBe(0)
  })

  it('a flag the system lacks is refused by name, not left out', () => {
    expect(() => flagBits(['O_RDWR', 'O_TELEPORT'])).toThrow(
      expect.objectContaining({kind: 'environment', message: expect.stringContaining('O_TELEPORT')}),
    )
  })
})

describe('opening a descriptor again', () => {
  it('gives other access rights to the same file', () => {
    const path = scene.file('disk.img', 512, 1)
    const again = reopen(open(path, 'r'), path, constants.O_RDWR)
    scene.onClose(() => closeSync(again))
    writeSync(again, 'new')
    expect(readFileSync(path, 'latin1').startsWith('new\x01')).toBe(true)
  })

  itNeeds([procFd], 'finds the file when it was renamed and when it has no name any more', () => {
    const path = scene.file('disk.img', 512, 1)
    const fd = open(path, 'r')
    renameSync(path, scene.path('moved.img'))
    writeFileSync(path, 'another file')
    const again = reopen(fd, path, constants.O_RDONLY)
    scene.onClose(() => closeSync(again))
    expect(readFileSync(again)).toEqual(Buffer.alloc(512, 1))
    unlinkSync(scene.path('moved.img'))
    const nameless = reopen(fd, path, constants.O_RDONLY)
    scene.onClose(() => closeSync(nameless))
    expect(readFileSync(nameless)).toEqual(Buffer.alloc(512, 1))
  })

  it('by path, never takes another file for the one meant', () => {
    const platform = Object.getOwnPropertyDescriptor(process, 'platform') as PropertyDescriptor
    const path = scene.file('disk.img', 512, 1)
    const fd = open(path, 'r')
    renameSync(path, scene.path('moved.img'))
    writeFileSync(path, 'another file')
    Object.defineProperty(process, 'platform', {...platform, value: 'darwin'})
    try {
      expect(() => reopen(fd, path, constants.O_RDONLY)).toThrow('ESTALE')
    } finally {
      Object.defineProperty(process, 'platform', platform)
    }
  })
})
