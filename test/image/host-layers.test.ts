import {existsSync, statSync} from 'node:fs'
import {basename} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {deviceName} from '../../src/image/block-device.js'
import {blockLayers} from '../../src/image/host-layers.js'
import {capability, itNeeds, peer, root} from '../peers.js'
import {KernelTree, queue} from './kernel-tree.js'
import {loopDevices, Scene} from './scene.js'

const sysfs = capability(existsSync('/sys/dev/block'), 'this system has no /sys/dev/block')

describe('the layers below a file system', () => {
  let scene: Scene
  let tree: KernelTree
  beforeEach(() => {
    scene = new Scene()
    tree = new KernelTree(scene)
  })
  afterEach(() => scene.close())

  const below = (...devices: string[]) => blockLayers(devices, tree.roots)
  const only = (place: string, files: Readonly<Record<string, string | number>>) => {
    tree.device(place, '8:0', files)
    return below('8:0')[0]
  }

  it('are none where sysfs does not show the device', () => {
    expect(below('8:1')).toEqual([])
  })

  it('lead from a partition to its disk, whose queue it shares', () => {
    tree.device('pci/block/sda', '8:0', queue('write back', {fua: 1, rotational: 1}))
    tree.device('pci/block/sda/sda1', '8:1', {partition: 1})
    expect(below('8:1')).toEqual([
      {
        name: 'sda1',
        kind: 'partition',
        label: undefined,
        writeCache: 'write back',
        ownCache: undefined,
        fua: true,
        logicalBlockBytes: 512,
        physicalBlockBytes: 4096,
        rotational: true,
        medium: undefined,
        backing: undefined,
        below: ['sda'],
      },
      expect.objectContaining({name: 'sda', kind: 'disk', writeCache: 'write back', medium: 'rotating', below: []}),
    ])
  })

  it('lead through device mapper and md to every disk, each once', () => {
    tree.device('pci/block/sda', '8:0', queue('write back'))
    tree.device('pci/block/sda/sda1', '8:1', {partition: 1})
    tree.device('pci/block/sda/sda2', '8:2', {partition: 2})
    tree.device('pci/block/nvme0n1', '259:0', queue('write through'))
    tree.device('virtual/md0', '9:0', queue('write back'), [
      'pci/block/sda/sda1',
      'pci/block/nvme0n1',
      'pci/block/sda/sda2',
    ])
    tree.device('virtual/dm-0', '252:0', {...queue('write back'), 'dm/name': 'vg-images'}, ['virtual/md0'])
    const layers = below('252:0')
    expect(layers.map(({name, kind}) => [name, kind])).toEqual([
      ['dm-0', 'dm'],
      ['md0', 'md'],
      ['nvme0n1', 'disk'],
      ['sda1', 'partition'],
      ['sda', 'disk'],
      ['sda2', 'partition'],
    ])
    expect(layers[0]).toMatchObject({label: 'vg-images', below: ['md0'], medium: undefined})
    expect(layers[1]?.below).toEqual(['nvme0n1', 'sda1', 'sda2'])
    expect(layers[5]?.below).toEqual(['sda'])
  })

  it('lead from a loop device through the file system of its file', () => {
    const file = scene.file('loop.img', 4096)
    tree.device('pci/block/sda', '8:0', queue('write back'))
    tree.device('virtual/loop3', '7:3', {...queue('write back'), 'loop/backing_file': file})
    tree.mounts('1 0 8:0 / / rw - ext4 /dev/sda rw,nobarrier')
    const layers = below('7:3')
    expect(layers.map(({name}) => name)).toEqual(['loop3', 'sda'])
    expect(layers[0]).toMatchObject({
      kind: 'loop',
      backing: {path: file, fileSystem: {name: 'ext4', barriers: 'off'}},
      below: ['sda'],
    })
  })

  it('end at a loop device whose file is gone', () => {
    const backing_file = '/nowhere/loop.img (deleted)'
    tree.device('virtual/loop3', '7:3', {...queue('write back'), 'loop/backing_file': backing_file})
    expect(below('7:3')).toEqual([
      expect.objectContaining({name: 'loop3', backing: {path: backing_file, fileSystem: undefined}, below: []}),
    ])
  })

  it.each([
    [
      'pci/block/sda',
      {...queue('write back'), 'device/vendor': 'ATA     ', 'device/model': 'WDC WD40EFRX-68N'},
      'flash',
    ],
    ['pci/block/sda', queue('write back', {rotational: 1}), 'rotating'],
    ['pci/nvme/nvme0/nvme0n1', {...queue('write back'), 'device/transport': 'pcie'}, 'flash'],
    ['virtual/pmem0', queue('write back'), 'persistent memory'],
    ['virtual/zram0', queue('write back'), 'memory'],
    ['virtual/ram0', queue('write back'), 'memory'],
    ['virtual/nbd0', queue('write back'), 'network'],
    ['platform/host3/session1/target3:0:0/block/sda', queue('write back'), 'network'],
    ['fabrics/nvme1/nvme1n1', {...queue('write back'), 'device/transport': 'tcp'}, 'network'],
  ] as const)('%s with %j is %s', (place, files, medium) => {
    expect(only(place, files)?.medium).toBe(medium)
  })

  it.each([
    ['pci/virtio1/block/vda', {}],
    ['vbd-51712/block/xvda', {}],
    ['pci/block/sda', {'device/vendor': 'QEMU    ', 'device/model': 'QEMU HARDDISK   '}],
    ['pci/nvme/nvme0/nvme0n1', {'device/model': 'Amazon Elastic Block Store'}],
  ])('%s with %j is virtual, whatever its flag for rotation says', (place, files) => {
    expect(only(place, {...queue('write back', {rotational: 1}), ...files})?.medium).toBe('virtual')
  })

  it('a number for a vendor is no label', () => {
    expect(only('pci/virtio1/block/vda', {...queue('write back'), 'device/vendor': '0x1af4'})?.label).toBeUndefined()
  })

  it('what the queue was told and what the disk itself says are kept apart', () => {
    const files = {...queue('write through'), 'device/scsi_disk/0:0:0:0/cache_type': 'write back'}
    expect(only('pci/block/sda', files)).toMatchObject({writeCache: 'write through', ownCache: 'write back'})
    tree.device('pci/virtio1/block/vda', '254:0', {...queue('write back'), cache_type: 'write through'})
    expect(below('254:0')[0]).toMatchObject({writeCache: 'write back', ownCache: 'write through'})
  })

  it('what sysfs does not say is not known', () => {
    expect(only('pci/block/sda', {})).toMatchObject({
      writeCache: undefined,
      fua: undefined,
      logicalBlockBytes: undefined,
      rotational: undefined,
      medium: 'unknown',
    })
  })
})

describe('the layers of this host', () => {
  let scene: Scene
  beforeEach(() => {
    scene = new Scene()
  })
  afterEach(() => scene.close())

  itNeeds([sysfs, root(), peer('losetup'), loopDevices], 'a loop device stands on the file system of its file', () => {
    const file = scene.file('disk.img', 2 ** 20)
    const device = scene.loop(file, '--sector-size', '4096')
    const [loop] = blockLayers([deviceName(statSync(device).rdev)])
    expect(loop).toMatchObject({
      name: basename(device),
      kind: 'loop',
      logicalBlockBytes: 4096,
      backing: {path: file, fileSystem: {nature: expect.any(String)}},
    })
  })
})
