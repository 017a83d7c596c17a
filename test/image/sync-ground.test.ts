import {describe, expect, it} from 'vitest'
import {fileSystemsOf, groundOf} from '../../src/image/sync-ground.js'
import {layer, mounted} from './evidence.js'

const loop = (fileSystem: ReturnType<typeof mounted> | undefined, below: readonly string[]) =>
  layer('loop0', {kind: 'loop', medium: undefined, backing: {path: '/loop.img', fileSystem}, below})

describe('what a sync ends at', () => {
  it('are the disks at the bottom, not the layers on them', () => {
    const layers = [layer('dm-0', {kind: 'dm', medium: undefined, below: ['sda', 'sdb']}), layer('sda'), layer('sdb')]
    const disks = ['sda', 'sdb'].map((name) => ({name, medium: 'flash', writeCache: 'write back'}))
    expect(groundOf(mounted('ext4'), layers, false)).toEqual({kind: 'disks', disks})
  })

  it('is the disk behind a device node, which has no file system', () => {
    expect(groundOf(undefined, [layer('sda')], true)).toMatchObject({kind: 'disks'})
  })

  it.each([
    ['the file system is', mounted('tmpfs'), [], 'tmpfs'],
    ['a loop device stands on a file that is', mounted('ext4'), [loop(mounted('tmpfs'), [])], 'tmpfs'],
    ['one of two disks is', mounted('btrfs'), [layer('sda'), layer('ram0', {medium: 'memory'})], 'ram0'],
  ])('is memory where %s in memory', (_where, fileSystem, layers, what) => {
    expect(groundOf(fileSystem, layers, false)).toEqual({kind: 'memory', what})
  })

  it.each([
    ['a server', mounted('nfs4'), []],
    ['a process', mounted('fuse.sshfs'), []],
    ['an overlay', mounted('overlay'), []],
    ['a file system nobody told us', undefined, [layer('sda')]],
    ['a system without /sys', mounted('ext4'), []],
    ['a disk on another machine', mounted('ext4'), [layer('nbd0', {medium: 'network'})]],
    ['a loop device on a server', mounted('ext4'), [loop(mounted('nfs4'), [])]],
    ['a loop device whose file is gone', mounted('ext4'), [loop(undefined, [])]],
    ['a stack whose members are not shown', mounted('ext4'), [layer('dm-0', {kind: 'dm', medium: undefined})]],
  ])('is out of sight behind %s', (_what, fileSystem, layers) => {
    expect(groundOf(fileSystem, layers, false)).toMatchObject({kind: 'out of sight', why: expect.stringMatching(/\w/)})
  })
})

describe('the file systems a sync passes', () => {
  it('are that of the image and those behind loop devices', () => {
    const layers = [loop(mounted('xfs'), ['sda']), layer('sda')]
    expect(fileSystemsOf(mounted('ext4'), layers).map(({name}) => name)).toEqual(['ext4', 'xfs'])
    expect(fileSystemsOf(undefined, [layer('sda')])).toEqual([])
  })
})
