import {execFileSync} from 'node:child_process'
import {chmodSync, constants, readdirSync, readFileSync, readSync, statSync, writeFileSync, writeSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import type {Range} from '../../src/base/index.js'
import {CACHE_MODES, cacheModeOf, openFlagNames} from '../../src/cache-mode/index.js'
import {fileSystemOf} from '../../src/image/file-system.js'
import {openImage, snapshotImage, type Image} from '../../src/image/index.js'
import {loadLibc} from '../../src/native/index.js'
import {capability, itNeeds, peer, root} from '../peers.js'
import {loopDevices, openDescriptors, procFd, refusalOf, Scene} from './scene.js'

const KIB = 1024
const mode = cacheModeOf('writeback')
const native = await loadLibc()
const locks = capability(native.ok, native.ok ? '' : native.reason)
const onDisk = capability(!fileSystemOf(tmpdir()).inMemory, `${tmpdir()} is in memory`)

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

async function snapshot(path: string, touched: readonly Range[], of = mode): Promise<Image> {
  const image = await snapshotImage(path, {mode: of, forceShare: false, touched})
  scene.onClose(() => image.close())
  return image
}

function bytesAt(image: Image, offsetBytes: number, lengthBytes: number): Buffer {
  const bytes = Buffer.alloc(lengthBytes)
  expect(readSync(image.fd, bytes, 0, lengthBytes, offsetBytes)).toBe(lengthBytes)
  return bytes
}

describe('a snapshot', () => {
  it('starts as the image does where it is touched, and is as large', async () => {
    const image = await snapshot(scene.file('disk.img', 64 * KIB, 0x33), [{offsetBytes: 8192, lengthBytes: 512}])
    expect(image).toMatchObject({snapshot: true, readOnly: false, soleWriter: true, sizeBytes: 64 * KIB})
    expect(bytesAt(image, 8192, 4096)).toEqual(Buffer.alloc(4096, 0x33))
    expect(bytesAt(image, 0, 4096)).toEqual(Buffer.alloc(4096))
  })

  it('takes the writes, and the image keeps every byte and its times', async () => {
    const path = scene.file('disk.img', 8192, 0x33)
    const before = statSync(path, {bigint: true})
    const image = await snapshot(path, [{offsetBytes: 0, lengthBytes: 8192}])
    writeSync(image.fd, Buffer.alloc(512, 0x44), 0, 512, 0)
    expect(bytesAt(image, 0, 512)).toEqual(Buffer.alloc(512, 0x44))
    image.close()
    expect(readFileSync(path)).toEqual(Buffer.alloc(8192, 0x33))
    expect(statSync(path, {bigint: true}).mtimeNs).toBe(before.mtimeNs)
  })

  it('has no name while it is open, nor afterwards', async () => {
    const path = scene.file('disk.img', 8192, 0x33)
    const image = await snapshot(path, [{offsetBytes: 0, lengthBytes: 8192}])
    image.dsyncFd()
    expect(readdirSync(scene.folder)).toEqual(['disk.img'])
    image.close()
    expect(readdirSync(scene.folder)).toEqual(['disk.img'])
  })

  for (const candidate of CACHE_MODES.filter(({direct}) => !direct)) {
    itNeeds([procFd], `under ${candidate.name} is open with the flags of the mode`, async () => {
      const image = await snapshot(scene.file('disk.img', 8192), [], candidate)
      expect(image.openFlags).toEqual(openFlagNames(candidate, false))
      const info = readFileSync(`/proc/self/fdinfo/${image.fd}`, 'utf8')
      const flags = Number.parseInt(/^flags:\s*([0-7]+)$/m.exec(info)?.[1] ?? '', 8)
      expect((flags & constants.O_DSYNC) !== 0).toBe(candidate.dsync)
    })
  }

  itNeeds([procFd], 'gives a second descriptor for stable writes to the same copy', async () => {
    const image = await snapshot(scene.file('disk.img', 8192), [])
    writeSync(image.dsyncFd(), Buffer.alloc(512, 0x55), 0, 512, 0)
    expect(bytesAt(image, 0, 512)).toEqual(Buffer.alloc(512, 0x55))
  })

  itNeeds([onDisk], 'lies beside the image', async () => {
    const image = await snapshot(scene.file('disk.img', 8192), [])
    expect(image.notes.join()).not.toContain('throw-away copy')
    expect(image.fileSystem).toBe(fileSystemOf(scene.folder).name)
  })

  it('can be taken of a file one may only read', async () => {
    const path = scene.file('disk.img', 8192, 0x33)
    chmodSync(path, 0o444)
    const image = await snapshot(path, [{offsetBytes: 0, lengthBytes: 8192}])
    expect(bytesAt(image, 0, 512)).toEqual(Buffer.alloc(512, 0x33))
  })

  it('touched ranges that reach beyond the end are cut there', async () => {
    const image = await snapshot(scene.file('disk.img', 8192, 1), [{offsetBytes: 4096, lengthBytes: 2 ** 40}])
    expect(image.currentSizeBytes()).toBe(8192)
    expect(bytesAt(image, 4096, 4096)).toEqual(Buffer.alloc(4096, 1))
  })

  itNeeds([procFd], 'leaves no descriptor open, taken or refused', async () => {
    const path = scene.file('disk.img', 8192)
    const before = openDescriptors()
    const image = await snapshotImage(path, {mode, forceShare: false, touched: [{offsetBytes: 0, lengthBytes: 4096}]})
    image.dsyncFd()
    image.close()
    expect(openDescriptors()).toBe(before)
    await refusalOf(
      snapshotImage(scene.file('odd.img', 700), {mode: cacheModeOf('none'), forceShare: false, touched: []}),
    )
    await refusalOf(snapshotImage(scene.path('none.img'), {mode, forceShare: false, touched: []}))
    expect(openDescriptors()).toBe(before)
    expect(readdirSync(scene.folder).toSorted()).toEqual(['disk.img', 'odd.img'])
  })
})

describe('the image under a snapshot', () => {
  const writer = {mode, readOnly: false, forceShare: false}

  itNeeds([locks], 'is not copied while somebody writes to it, except by force, which is noted', async () => {
    const path = scene.file('disk.img', 8192)
    const held = await openImage(path, writer)
    scene.onClose(() => held.close())
    expect(await refusalOf(snapshotImage(path, {mode, forceShare: false, touched: []}))).toMatchObject({
      code: 'E_LOCKED',
    })
    const image = await snapshotImage(path, {mode, forceShare: true, touched: []})
    scene.onClose(() => image.close())
    expect(image.notes.join()).toContain('--force-share')
  })

  itNeeds([locks], 'is free again once it is copied', async () => {
    const path = scene.file('disk.img', 8192)
    await snapshot(path, [{offsetBytes: 0, lengthBytes: 8192}])
    const held = await openImage(path, writer)
    expect(held.soleWriter).toBe(true)
    held.close()
  })
})

describe('where the image cannot have a neighbour', () => {
  itNeeds(
    [root(), peer('losetup'), loopDevices],
    'a block device is copied to the temporary folder, as a note says',
    async () => {
      const device = scene.loop(scene.file('disk.img', 1024 * KIB, 0x66))
      const image = await snapshot(device, [{offsetBytes: 4096, lengthBytes: 4096}])
      expect(image).toMatchObject({blockDevice: false, sizeBytes: 1024 * KIB, path: device})
      expect(image.notes.join()).toContain(`${tmpdir()} `)
      expect(bytesAt(image, 4096, 4096)).toEqual(Buffer.alloc(4096, 0x66))
    },
  )

  itNeeds([root(), peer('mount')], 'a tmpfs is left for the temporary folder', async () => {
    const point = scene.mount('none', '-t', 'tmpfs')
    const path = join(point, 'disk.img')
    writeFileSync(path, Buffer.alloc(8192, 1))
    const image = await snapshot(path, [])
    expect(image.notes.join()).toContain(`${point} is in memory (tmpfs)`)
  })

  const small = [root(), peer('losetup'), peer('mkfs.ext4'), peer('mount'), loopDevices]
  itNeeds(small, 'a read-only file system is left for the temporary folder', async () => {
    const device = scene.loop(scene.file('disk.img', 8192 * KIB))
    execFileSync('mkfs.ext4', ['-q', device])
    const point = scene.mount(device)
    writeFileSync(join(point, 'inner.img'), Buffer.alloc(8192, 1))
    execFileSync('mount', ['-o', 'remount,ro', point])
    const image = await snapshot(join(point, 'inner.img'), [{offsetBytes: 0, lengthBytes: 8192}])
    expect(image.notes.join()).toContain(`no file can be made in ${point} (EROFS)`)
    expect(bytesAt(image, 0, 512)).toEqual(Buffer.alloc(512, 1))
  })

  itNeeds(small, 'a copy that does not fit is an I/O error and leaves nothing', async () => {
    const device = scene.loop(scene.file('disk.img', 4096 * KIB))
    execFileSync('mkfs.ext4', ['-q', device])
    const point = scene.mount(device)
    const path = join(point, 'inner.img')
    writeFileSync(path, Buffer.alloc(2560 * KIB, 1))
    const before = openDescriptors()
    const touched = [{offsetBytes: 0, lengthBytes: 2560 * KIB}]
    const refusal = await refusalOf(snapshotImage(path, {mode, forceShare: false, touched}))
    expect(refusal).toMatchObject({kind: 'io', code: 'E_NO_SPACE'})
    expect(openDescriptors()).toBe(before)
    expect(readdirSync(point).filter((name) => name !== 'lost+found')).toEqual(['inner.img'])
  })
})

describe('where files cannot be made without a name', () => {
  const platform = Object.getOwnPropertyDescriptor(process, 'platform') as PropertyDescriptor
  beforeEach(() => {
    Object.defineProperty(process, 'platform', {...platform, value: 'darwin'})
  })
  afterEach(() => {
    Object.defineProperty(process, 'platform', platform)
  })

  it('the name is gone before anything is copied, and both descriptors are there already', async () => {
    const image = await snapshot(scene.file('disk.img', 8192, 0x33), [{offsetBytes: 0, lengthBytes: 4096}])
    expect(readdirSync(scene.folder)).toEqual(['disk.img'])
    expect(bytesAt(image, 0, 4096)).toEqual(Buffer.alloc(4096, 0x33))
    writeSync(image.dsyncFd(), Buffer.alloc(512, 0x55), 0, 512, 0)
    expect(bytesAt(image, 0, 512)).toEqual(Buffer.alloc(512, 0x55))
  })

  itNeeds([procFd], 'no descriptor stays open afterwards', async () => {
    const path = scene.file('disk.img', 8192)
    const before = openDescriptors()
    const image = await snapshotImage(path, {mode, forceShare: false, touched: []})
    image.dsyncFd()
    image.close()
    expect(openDescriptors()).toBe(before)
  })
})
