import {describe, expect, it} from 'vitest'
import {factsOfMagic, fileSystemOf} from '../../src/image/file-system.js'
import {capability, itNeeds} from '../peers.js'

const linux = capability(process.platform === 'linux', 'the numbers of statfs(2) are those of Linux')

describe('file systems', () => {
  // Numbers of statfs(2), "The f_type field".
  itNeeds([linux], 'are known by the numbers of statfs(2)', () => {
    expect(factsOfMagic(0xef53)).toEqual({name: 'ext4', overwrites: 'in-place', inMemory: false})
    expect(factsOfMagic(0x58465342)).toMatchObject({name: 'xfs', overwrites: 'in-place'})
    expect(factsOfMagic(0x01021994)).toMatchObject({name: 'tmpfs', inMemory: true})
    expect(factsOfMagic(0x6969).name).toBe('nfs')
  })

  itNeeds([linux], 'those that copy on write never overwrite in place', () => {
    expect(factsOfMagic(0x9123683e)).toMatchObject({name: 'btrfs', overwrites: 'elsewhere'})
    // The same number, sign-extended as some systems pass it.
    expect(factsOfMagic(0x9123683e - 2 ** 32)).toMatchObject({name: 'btrfs', overwrites: 'elsewhere'})
  })

  it('an unknown number promises nothing and is shown', () => {
    expect(factsOfMagic(0x12345)).toEqual({name: 'file system 0x12345', overwrites: 'unknown', inMemory: false})
  })

  it('a place that cannot be asked promises nothing', () => {
    expect(fileSystemOf('/nowhere/at/all')).toMatchObject({overwrites: 'unknown', inMemory: false})
  })

  itNeeds([linux], 'the file system of a path is the one it is on', () => {
    expect(fileSystemOf('/proc').name).toBe('proc')
  })
})
