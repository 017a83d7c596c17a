import {execFileSync} from 'node:child_process'
import {closeSync, openSync, mkdirSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {deviceName} from '../../src/image/block-device.js'
import {describeMount, mountOf} from '../../src/image/host-mount.js'
import {itNeeds, peer, root} from '../peers.js'
import {KernelTree} from './kernel-tree.js'
import {loopDevices, procFd, Scene} from './scene.js'

const mounted = (type: string, ...options: string[]) =>
  describeMount({id: 1, device: '8:1', mountPoint: '/data', type, source: '/dev/sda1', options: ['rw', ...options]})

describe('what a sync means to a file system', () => {
  // Barriers of ext3 are on by default since July 2011, those of the others always were; the table shows only what differs.
  it.each(['ext3', 'ext4', 'xfs', 'btrfs', 'f2fs'])('%s flushes its device unless told otherwise', (type) => {
    expect(mounted(type)).toMatchObject({name: type, nature: 'disk', barriers: 'on'})
  })

  it.each([
    ['ext4', 'nobarrier'],
    ['ext4', 'barrier=0'],
    ['xfs', 'nobarrier'],
    ['btrfs', 'nobarrier'],
    ['f2fs', 'fsync_mode=nobarrier'],
    ['overlay', 'volatile'],
  ])('%s mounted with %s flushes nothing', (type, option) => {
    expect(mounted(type, option)).toMatchObject({barriers: 'off', why: expect.stringContaining(option)})
  })

  it('an option whose name only begins alike switches nothing off', () => {
    expect(mounted('ext4', 'barrier=1', 'nobarriers').barriers).toBe('on')
  })

  it.each(['tmpfs', 'ramfs'])('%s is memory and flushes nothing', (type) => {
    expect(mounted(type)).toMatchObject({nature: 'memory', barriers: 'off'})
  })

  it.each(['nfs4', 'cifs', 'overlay', 'fuse.sshfs', 'fuseblk', 'zfs', 'somethingfs'])('%s cannot be judged', (type) => {
    expect(mounted(type)).toMatchObject({nature: 'out of sight', barriers: 'unknown'})
  })
})

describe('the mount of a file', () => {
  let scene: Scene
  let tree: KernelTree
  beforeEach(() => {
    scene = new Scene()
    tree = new KernelTree(scene)
  })
  afterEach(() => scene.close())

  const devicesOf = (path: string, device: string) => mountOf(path, device, undefined, tree.roots)?.devices

  it('is unknown without a mount table', () => {
    expect(mountOf('/disk.img', '8:1', undefined, tree.roots)).toBeUndefined()
  })

  it('lies on the device the table gives it', () => {
    tree.mounts('1 0 8:1 / / rw shared:1 - ext4 /dev/sda1 rw')
    expect(mountOf('/disk.img', '8:1', undefined, tree.roots)).toMatchObject({
      fileSystem: {name: 'ext4', mountPoint: '/', options: ['rw'], barriers: 'on'},
      devices: ['8:1'],
    })
  })

  it('is the one the kernel names for the open descriptor', () => {
    tree.mounts('1 0 8:1 / / rw - ext4 /dev/sda1 rw', '2 1 8:2 / /data rw - xfs /dev/sdb1 rw')
    mkdirSync(join(tree.roots.procfs, 'self/fdinfo'))
    writeFileSync(join(tree.roots.procfs, 'self/fdinfo/7'), 'pos:\t0\nflags:\t0100000\nmnt_id:\t2\nino:\t12\n')
    expect(mountOf('/disk.img', '8:1', 7, tree.roots)?.fileSystem.name).toBe('xfs')
  })

  it('of btrfs lies on every device of the volume', () => {
    for (const [name, number] of [
      ['sda', '8:0'],
      ['sdb', '8:16'],
      ['sdc', '8:32'],
    ] as const) {
      tree.device(name, number, {})
    }
    for (const [id, name] of [
      ['1111', 'sdc'],
      ['2222', 'sda'],
      ['2222', 'sdb'],
    ] as const) {
      mkdirSync(join(tree.roots.sysfs, 'fs/btrfs', id, 'devices', name), {recursive: true})
    }
    tree.mounts('1 0 0:30 /sub / rw - btrfs /dev/sda rw,subvolid=256')
    expect(devicesOf('/disk.img', '0:44')).toEqual(['8:0', '8:16'])
  })

  it('of XFS also lies on the device of its journal', () => {
    tree.device('sdb', '8:16', {})
    tree.mounts('1 0 8:0 / / rw - xfs /dev/sda rw,logdev=/dev/sdb')
    expect(devicesOf('/disk.img', '8:0')).toEqual(['8:0', '8:16'])
  })

  it('of a server lies on no device', () => {
    tree.mounts('1 0 0:45 / / rw - nfs4 server:/export rw')
    expect(devicesOf('/disk.img', '0:45')).toEqual([])
  })

  itNeeds([procFd], 'on this host is one that is in the mount table', () => {
    const path = scene.file('disk.img', 4096)
    const fd = openSync(path, 'r')
    scene.onClose(() => closeSync(fd))
    const device = deviceName(statSync(path).dev)
    const byDescriptor = mountOf(path, device, fd)
    expect(path.startsWith(byDescriptor?.fileSystem.mountPoint ?? 'none')).toBe(true)
    expect(mountOf(path, device, undefined)?.fileSystem).toEqual(byDescriptor?.fileSystem)
  })

  itNeeds(
    [root(), peer('losetup'), peer('mkfs.ext4'), peer('mount'), loopDevices],
    'on this host shows when barriers were switched off',
    () => {
      const device = scene.loop(scene.file('fs.img', 8 * 2 ** 20))
      execFileSync('mkfs.ext4', ['-q', device])
      const point = scene.mount(device, '-o', 'nobarrier')
      writeFileSync(join(point, 'disk.img'), 'x')
      const {dev} = statSync(join(point, 'disk.img'))
      expect(mountOf(join(point, 'disk.img'), deviceName(dev), undefined)).toMatchObject({
        fileSystem: {name: 'ext4', mountPoint: point, barriers: 'off'},
        devices: [deviceName(statSync(device).rdev)],
      })
    },
  )
})
