import {closeSync, fstatSync, openSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {deviceName} from '../../src/image/block-device.js'
import {countersBetween, diskBelow, diskCounters} from '../../src/image/disk-counters.js'
import {KernelTree, queue} from './kernel-tree.js'
import {Scene} from './scene.js'

/** As Documentation/block/stat.rst has them: write I/Os is the fifth field, flush I/Os the sixteenth. */
const STAT = '1 2 3 4 555 6 7 8 9 10 11 12 13 14 15 1616 17'

let scene: Scene
let tree: KernelTree
beforeEach(() => {
  scene = new Scene()
  tree = new KernelTree(scene)
})
afterEach(() => scene.close())

describe('the counters of a disk', () => {
  it('are its reads, writes and flushes, and the time they took', () => {
    tree.device('pci/sda', '8:0', {...queue('write back'), 'queue/iostats': 1, stat: STAT})
    const counters = diskCounters('sda', tree.roots)
    const reads = {reads: 1, readMerges: 2, readMs: 4}
    const writes = {writes: 555, writeMerges: 6, writeMs: 8}
    expect(counters).toEqual({...reads, ...writes, busyMs: 10, queueMs: 11, flushes: 1616})
    expect(counters && countersBetween({...counters, writes: 500, busyMs: 3}, counters)).toMatchObject({
      reads: 0,
      writes: 55,
      busyMs: 7,
      flushes: 0,
    })
  })

  it('are not there where statistics are off or too old, or the disk is unknown', () => {
    tree.device('pci/sda', '8:0', {...queue('write back'), 'queue/iostats': 0, stat: STAT})
    tree.device('pci/sdb', '8:16', {...queue('write back'), 'queue/iostats': 1, stat: '1 2 3 4 5 6 7 8 9 10 11'})
    for (const name of ['sda', 'sdb', 'sdc']) expect(diskCounters(name, tree.roots)).toBeUndefined()
  })
})

describe('the disk below an image', () => {
  function below(): string | undefined {
    const path = scene.file('disk.img', 4096)
    const fd = openSync(path, 'r')
    try {
      tree.mounts(`1 0 ${deviceName(fstatSync(fd).dev)} / / rw - ext4 /dev/sda1 rw`)
      return diskBelow(path, fd, tree.roots)
    } finally {
      closeSync(fd)
    }
  }

  it('is found through the partition of the file system', () => {
    const fd = openSync(scene.file('probe', 1), 'r')
    const number = deviceName(fstatSync(fd).dev)
    closeSync(fd)
    tree.device('pci/sda', '250:0', queue('write back'))
    tree.device('pci/sda/sda1', number, {partition: 1})
    expect(below()).toBe('sda')
  })

  it('is not named where none can be seen', () => {
    expect(below()).toBeUndefined()
  })
})
