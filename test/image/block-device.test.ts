import {mkdirSync, statSync, symlinkSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {
  deviceName,
  deviceSizeBytes,
  findMountPoint,
  givesBlocksBack,
  logicalBlockBytes,
  mountPointOf,
} from '../../src/image/block-device.js'
import {itNeeds, peer, root} from '../peers.js'
import {loopDevices, Scene} from './scene.js'

describe('a device number', () => {
  // The layout of makedev(3): minor in bits 0-7 and 20-31, major in bits 8-19 and from 44 on.
  it.each([
    ['7:0', 0x700],
    ['259:1', 0x10301],
    ['8:300', 0x10082c],
    ['259:1048575', 0xfff103ff],
    ['5000:1', 0x100000038801],
  ])('%s is read from the bits of dev_t', (name, rdev) => {
    expect(deviceName(rdev)).toBe(name)
  })
})

describe('the mount table', () => {
  const table = [
    '22 1 259:1 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p1 rw',
    '40 22 7:0 / /mnt/two\\040words rw,relatime - ext4 /dev/loop0 rw',
    '41 22 7:0 / /mnt/again rw,relatime - ext4 /dev/loop0 rw',
  ].join('\n')

  it('names the first place where a device is mounted, with its blanks', () => {
    expect(findMountPoint(table, '7:0')).toBe('/mnt/two words')
    expect(findMountPoint(table, '259:1')).toBe('/')
  })

  it('does not take one device for another whose number begins alike', () => {
    expect(findMountPoint(table, '259:10')).toBeUndefined()
    expect(findMountPoint(table, '7:')).toBeUndefined()
  })
})

describe('what sysfs says about a block device', () => {
  let scene: Scene
  beforeEach(() => {
    scene = new Scene()
  })
  afterEach(() => scene.close())

  it('a number that is no device gives nothing', () => {
    const nobody = 0xfff << 8
    expect(deviceSizeBytes(nobody)).toBeUndefined()
    expect(logicalBlockBytes(nobody)).toBeUndefined()
    expect(givesBlocksBack(nobody)).toBe(false)
    expect(mountPointOf(nobody)).toBeUndefined()
  })

  itNeeds(
    [root(), peer('losetup'), loopDevices],
    'a loop device has the size of its file and the block it was given',
    () => {
      const device = scene.loop(scene.file('disk.img', 3 * 2 ** 20), '--sector-size', '4096')
      const {rdev} = statSync(device)
      expect(deviceSizeBytes(rdev)).toBe(3 * 2 ** 20)
      expect(logicalBlockBytes(rdev)).toBe(4096)
    },
  )

  itNeeds(
    [root(), peer('losetup'), peer('mount'), loopDevices],
    'a loop device gives blocks back where the file system of its file does',
    () => {
      const inRam = join(scene.mount('ramfs', '-t', 'ramfs'), 'disk.img')
      writeFileSync(inRam, Buffer.alloc(2 ** 20))
      expect(givesBlocksBack(statSync(scene.loop(inRam)).rdev)).toBe(false)
      expect(givesBlocksBack(statSync(scene.loop(scene.file('disk.img', 2 ** 20))).rdev)).toBe(true)
    },
  )

  it.each([
    [{discard_max_bytes: 2 ** 31, write_zeroes_max_bytes: 2 ** 31}, true],
    [{discard_max_bytes: 0, write_zeroes_max_bytes: 2 ** 31}, false],
    [{discard_max_bytes: 2 ** 31, write_zeroes_max_bytes: 0}, false],
    [{discard_max_bytes: 2 ** 31}, false],
  ])('a disk and its partitions with the limits %j give blocks back: %s', (limits, gives) => {
    const sysfs = scene.path('sys')
    const partition = join(sysfs, 'devices/sda/sda1')
    const queue = join(sysfs, 'devices/sda/queue')
    for (const folder of [partition, queue, join(sysfs, 'dev/block')]) mkdirSync(folder, {recursive: true})
    for (const [name, value] of Object.entries(limits)) writeFileSync(join(queue, name), `${value}\n`)
    symlinkSync(dirname(partition), join(sysfs, 'dev/block/8:0'))
    symlinkSync(partition, join(sysfs, 'dev/block/8:1'))
    expect([0x800, 0x801].map((rdev) => givesBlocksBack(rdev, sysfs))).toEqual([gives, gives])
  })

  it('a partition has a size of its own and the block of its disk', () => {
    const sysfs = scene.path('sys')
    const disk = join(sysfs, 'devices/sda')
    const partition = join(disk, 'sda1')
    for (const folder of [partition, join(disk, 'queue'), join(sysfs, 'dev/block')])
      mkdirSync(folder, {recursive: true})
    writeFileSync(join(disk, 'queue/logical_block_size'), '4096\n')
    writeFileSync(join(partition, 'size'), '1024\n')
    symlinkSync(partition, join(sysfs, 'dev/block/8:1'))
    expect(deviceSizeBytes(0x801, sysfs)).toBe(1024 * 512)
    expect(logicalBlockBytes(0x801, sysfs)).toBe(4096)
  })
})
