import {execFileSync} from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import {basename, join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {hostFacts, syncFacts} from '../../src/image/index.js'
import {deviceName} from '../../src/image/block-device.js'
import {takeLocks} from '../../src/image/locks.js'
import {fileSystemOf} from '../../src/image/file-system.js'
import {loadLibc} from '../../src/native/index.js'
import {capability, itNeeds, peer, root} from '../peers.js'
import {KernelTree, queue} from './kernel-tree.js'
import {loopDevices, openDescriptors, procFd, refusalOf, Scene} from './scene.js'

const sysfs = capability(existsSync('/sys/dev/block'), 'this system has no /sys/dev/block')
const native = await loadLibc()
const calls = capability(native.ok, native.ok ? '' : native.reason)
const shm = capability(existsSync('/dev/shm') && fileSystemOf('/dev/shm').inMemory, '/dev/shm is not in memory')

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

describe('what syncing costs where an image lies', () => {
  it('is measured as it is for all facts, without a change to the image or its folder', async () => {
    const path = scene.file('disk.img', 65536, 0x77)
    const before = readFileSync(path)
    const found = await syncFacts(path)
    const {syncProbe} = await hostFacts(path)
    expect('skipped' in found).toBe('skipped' in syncProbe)
    expect(found).toMatchObject('skipped' in found ? {} : {folder: scene.folder, writeBytes: 4096})
    expect(readFileSync(path)).toEqual(before)
    expect(readdirSync(scene.folder)).toEqual(['disk.img'])
  })

  itNeeds([shm], 'is that of memory in memory', async () => {
    const folder = mkdtempSync('/dev/shm/flushpoint-')
    scene.onClose(() => rmSync(folder, {recursive: true, force: true}))
    writeFileSync(join(folder, 'disk.img'), Buffer.alloc(4096))
    expect(await syncFacts(join(folder, 'disk.img'))).toMatchObject({verdict: {reaches: 'no'}})
  })

  it('is not known of an image that is not there', async () => {
    await expect(syncFacts(scene.path('no.img'))).rejects.toMatchObject({kind: 'environment', code: 'E_NO_IMAGE'})
  })
})

describe('the facts about an image', () => {
  it('are its size, what is allocated of it, and where it lies', async () => {
    const path = scene.file('disk.img', 2 ** 20)
    const facts = await hostFacts(path)
    expect(facts).toMatchObject({path, kind: 'file', sizeBytes: 2 ** 20, sparse: true})
    expect(facts.allocatedBytes).toBe(statSync(path).blocks * 512)
    expect(facts.assumptions).toHaveLength(5)
    expect(facts.ioUring.reason).not.toBe('')
  })

  it('come from the mount table and sysfs', async () => {
    const path = scene.file('disk.img', 65536, 0x77)
    const tree = new KernelTree(scene)
    tree.device(
      'pci/block/sda',
      '8:0',
      queue('write through', {'../device/scsi_disk/0:0:0:0/cache_type': 'write back'}),
    )
    tree.device('pci/block/sda/sda1', '8:1', {partition: 1})
    tree.mounts('1 0 8:1 / / rw,relatime - ext4 /dev/sda1 rw,barrier=0')
    const facts = await hostFacts(path, tree.roots)
    expect(facts.fileSystem).toMatchObject({name: 'ext4', barriers: 'off'})
    expect(facts.layers.map(({name}) => name)).toEqual(['sda1', 'sda'])
    expect(facts.assumptions.map(({holds}) => holds).slice(0, 3)).toEqual([false, true, false])
  })

  it('are few without /proc and /sys, and then nothing is promised', async () => {
    const path = scene.file('disk.img', 65536)
    const nowhere = {procfs: scene.path('none'), sysfs: scene.path('none')}
    const facts = await hostFacts(path, nowhere)
    expect(facts).toMatchObject({fileSystem: undefined, layers: []})
    expect(facts.assumptions.map(({holds}) => holds)).not.toContain(true)
  })

  it('cost the image no byte and its folder no file', async () => {
    const path = scene.file('disk.img', 65536, 0x77)
    const before = statSync(path)
    const names = readdirSync(scene.folder)
    await hostFacts(path)
    expect(readFileSync(path)).toEqual(Buffer.alloc(65536, 0x77))
    const {mtimeMs, ctimeMs} = statSync(path)
    expect({mtimeMs, ctimeMs}).toEqual({mtimeMs: before.mtimeMs, ctimeMs: before.ctimeMs})
    expect(readdirSync(scene.folder)).toEqual(names)
  })

  itNeeds([procFd], 'cost no descriptor, told or refused', async () => {
    const path = scene.file('disk.img', 65536)
    await hostFacts(path)
    const before = openDescriptors()
    await hostFacts(path)
    await refusalOf(hostFacts(scene.path('none')))
    expect(openDescriptors()).toBe(before)
  })

  itNeeds([calls], 'are told while somebody else holds the locks of a writer, and leave those alone', async () => {
    const path = scene.file('disk.img', 65536)
    const fd = openSync(path, 'r+')
    scene.onClose(() => closeSync(fd))
    takeLocks(native, fd, path, 'writer')
    expect((await hostFacts(path)).kind).toBe('file')
    const other = openSync(path, 'r')
    scene.onClose(() => closeSync(other))
    expect(() => takeLocks(native, other, path, 'reader')).toThrow('in use')
  })

  it('are refused where there is no image', async () => {
    expect(await refusalOf(hostFacts(scene.path('none')))).toMatchObject({kind: 'environment', code: 'E_NO_IMAGE'})
    expect(await refusalOf(hostFacts(scene.folder))).toMatchObject({kind: 'environment', code: 'E_NOT_AN_IMAGE'})
  })
})

describe('the facts on this host', () => {
  itNeeds([sysfs, shm], 'in memory: certainly no stable medium', async () => {
    const folder = mkdtempSync('/dev/shm/flushpoint-image-')
    scene.onClose(() => rmSync(folder, {recursive: true}))
    const path = join(folder, 'disk.img')
    closeSync(openSync(path, 'w'))
    const facts = await hostFacts(path)
    expect(facts.syncProbe).toMatchObject({verdict: {reaches: 'no'}})
    expect(facts.assumptions.map(({holds}) => holds)).toEqual([false, false, false, false, false])
  })

  itNeeds(
    [sysfs, root(), peer('losetup'), loopDevices],
    'a block device is not written to, so syncs are not measured',
    async () => {
      const file = scene.file('disk.img', 2 ** 20, 0x55)
      const device = scene.loop(file)
      const facts = await hostFacts(device)
      expect(facts).toMatchObject({
        kind: 'block device',
        sizeBytes: 2 ** 20,
        allocatedBytes: undefined,
        sparse: false,
        fileSystem: undefined,
        syncProbe: {skipped: expect.stringContaining('block device')},
      })
      expect(facts.layers[0]).toMatchObject({name: basename(device), kind: 'loop', backing: {path: file}})
      expect(readFileSync(file)).toEqual(Buffer.alloc(2 ** 20, 0x55))
    },
  )

  itNeeds(
    [sysfs, calls, root(), peer('losetup'), peer('mkfs.ext4'), peer('mount'), loopDevices],
    'ext4 on a loop device is followed to the file system of its file',
    async () => {
      const file = scene.file('fs.img', 16 * 2 ** 20)
      const device = scene.loop(file)
      execFileSync('mkfs.ext4', ['-q', device])
      const point = scene.mount(device)
      const path = join(point, 'disk.img')
      writeFileSync(path, Buffer.alloc(65536, 0x66), {flush: true})
      const facts = await hostFacts(path)
      expect(facts).toMatchObject({fileSystem: {name: 'ext4', mountPoint: point, barriers: 'on'}, sparse: false})
      expect(facts.layers[0]).toMatchObject({name: basename(device), backing: {path: file}})
      expect(facts.direct).toMatchObject({supported: true, sizeFits: true})
      expect(facts.syncProbe).toMatchObject({folder: point})
      expect(deviceName(statSync(path).dev)).toBe(deviceName(statSync(device).rdev))
      // All of the file is written, but the loop device below has holes in its own file.
      expect(facts.assumptions[4]).toMatchObject({holds: 'unknown', why: expect.stringContaining('loop')})
    },
  )
})
