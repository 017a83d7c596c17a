import {constants, fsyncSync, readFileSync, renameSync, truncateSync, writeSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {CACHE_MODES, cacheModeOf, type CacheModeName} from '../../src/cache-mode/index.js'
import {openImage, type Image} from '../../src/image/index.js'
import {fileSystemOf} from '../../src/image/file-system.js'
import {loadLibc} from '../../src/native/index.js'
import {capability, itNeeds, root} from '../peers.js'
import {loopDevices, openDescriptors, procFd, Scene} from './scene.js'

const native = await loadLibc()
const MIB = 2 ** 20

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

async function open(path: string, modeName: CacheModeName = 'writeback', readOnly = false): Promise<Image> {
  const image = await openImage(path, {mode: cacheModeOf(modeName), readOnly, forceShare: false})
  scene.onClose(() => image.close())
  return image
}

/** The flags a descriptor was opened with, as the kernel tells them (octal, in fdinfo of proc(5)). */
function flagsOf(fd: number): number {
  const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1]
  return Number.parseInt(flags ?? '', 8)
}

describe('descriptors', () => {
  for (const mode of CACHE_MODES.filter((candidate) => !candidate.direct)) {
    itNeeds([procFd], `under ${mode.name} the kernel sees O_DSYNC exactly if the mode has it`, async () => {
      const flags = flagsOf((await open(scene.file('disk.img', 4096), mode.name)).fd)
      expect((flags & constants.O_DSYNC) !== 0).toBe(mode.dsync)
      expect(flags & constants.O_DIRECT).toBe(0)
      expect(flags & (constants.O_RDWR | constants.O_WRONLY)).toBe(constants.O_RDWR)
      expect(flags & constants.O_NONBLOCK).toBe(0)
    })
  }

  itNeeds([procFd], 'the stable one is opened on first use, once, with O_DSYNC', async () => {
    const image = await open(scene.file('disk.img', 4096))
    const before = openDescriptors()
    const fd = image.dsyncFd()
    expect(image.dsyncFd()).toBe(fd)
    expect(openDescriptors()).toBe(before + 1)
    expect(flagsOf(fd) & constants.O_DSYNC).toBe(constants.O_DSYNC)
    image.close()
    expect(openDescriptors()).toBe(before - 1)
  })

  it('the stable one is the image itself where every write is stable, and where nothing is written', async () => {
    const stable = await open(scene.file('a.img', 4096), 'writethrough')
    expect(stable.dsyncFd()).toBe(stable.fd)
    const reader = await open(scene.file('b.img', 4096), 'writeback', true)
    expect(reader.dsyncFd()).toBe(reader.fd)
  })

  itNeeds([procFd], 'the stable one is the same file even if another has taken its name', async () => {
    const path = scene.file('disk.img', 4096, 1)
    const image = await open(path)
    renameSync(path, scene.path('moved.img'))
    scene.file('disk.img', 4096, 2)
    writeSync(image.dsyncFd(), 'X', 0)
    expect(readFileSync(scene.path('moved.img'), 'latin1')[0]).toBe('X')
    expect(readFileSync(path)[0]).toBe(2)
  })

  it('may be closed twice', async () => {
    const image = await open(scene.file('disk.img', 4096))
    image.close()
    expect(() => image.close()).not.toThrow()
  })
})

describe('the size', () => {
  it('now is asked anew: somebody may have cut the file', async () => {
    const path = scene.file('disk.img', 8192)
    const image = await open(path)
    truncateSync(path, 4096)
    expect(image.sizeBytes).toBe(8192)
    expect(image.currentSizeBytes()).toBe(4096)
  })
})

/** Whether temporary files are on a file system that overwrites in place and maps its extents. */
async function mapsExtents(): Promise<boolean> {
  const place = new Scene()
  const image = await openImage(place.file('probe.img', 4096), {
    mode: cacheModeOf('writeback'),
    readOnly: true,
    forceShare: false,
  })
  try {
    return fileSystemOf(place.folder).overwrites === 'in-place' && image.freshRanges(0, 4096) !== undefined
  } finally {
    image.close()
    place.close()
  }
}
const inPlace = capability(native.ok && (await mapsExtents()), 'temporary files are not on ext4 or xfs')

describe('data', () => {
  const libc = capability(native.ok, native.ok ? '' : native.reason)

  itNeeds([libc], 'is told apart from holes, counted from where the image begins', async () => {
    const path = scene.file('disk.img', MIB)
    const whole = await open(path)
    expect(whole.dataRanges(0, MIB)).toEqual([])
    writeSync(whole.fd, Buffer.alloc(65536, 1), 0, 65536, 131072)
    expect(whole.dataRanges(0, MIB)).toEqual([{offsetBytes: 131072, lengthBytes: 65536}])
    expect(whole.dataRanges(135168, 4096)).toEqual([{offsetBytes: 135168, lengthBytes: 4096}])
    whole.close()
    const facts = {mode: cacheModeOf('writeback'), readOnly: true, forceShare: false}
    const part = await openImage(path, {...facts, part: {offsetBytes: 65536, lengthBytes: 131072}})
    scene.onClose(() => part.close())
    expect(part.dataRanges(0, 131072)).toEqual([{offsetBytes: 65536, lengthBytes: 65536}])
  })

  itNeeds([libc, root(), loopDevices], 'of a block device is anywhere, as far as anybody can tell', async () => {
    const image = await open(scene.loop(scene.file('disk.img', MIB)), 'writeback', true)
    expect(image.dataRanges(0, MIB)).toBeUndefined()
  })
})

describe('allocation', () => {
  itNeeds([inPlace], 'a hole is fresh; a written and synced block is not', async () => {
    const path = scene.file('disk.img', MIB)
    const image = await open(path)
    const whole = {offsetBytes: 0, lengthBytes: MIB}
    expect(image.freshRanges(0, MIB)).toEqual([whole])
    writeSync(image.fd, Buffer.alloc(65536, 1), 0, 65536, 131072)
    fsyncSync(image.fd)
    expect(image.freshRanges(131072, 65536)).toEqual([])
    expect(image.freshRanges(0, MIB)).toEqual([
      {offsetBytes: 0, lengthBytes: 131072},
      {offsetBytes: 196608, lengthBytes: MIB - 196608},
    ])
  })

  itNeeds([inPlace], 'a buffered write that was never synced is still fresh', async () => {
    const image = await open(scene.file('disk.img', MIB))
    writeSync(image.fd, Buffer.alloc(65536, 1), 0, 65536, 0)
    expect(image.freshRanges(0, 65536)).toEqual([{offsetBytes: 0, lengthBytes: 65536}])
  })

  it('nobody can tell without native calls', async () => {
    const before = process.env['FLUSHPOINT_NO_NATIVE']
    process.env['FLUSHPOINT_NO_NATIVE'] = '1'
    try {
      const image = await open(scene.file('disk.img', MIB))
      // A file system that never overwrites in place needs no map to know.
      const elsewhere = fileSystemOf(scene.folder).overwrites === 'elsewhere'
      expect(image.freshRanges(0, 4096) === undefined).toBe(!elsewhere)
      expect(image.dataRanges(0, 4096)).toBeUndefined()
    } finally {
      if (before === undefined) delete process.env['FLUSHPOINT_NO_NATIVE']
      else process.env['FLUSHPOINT_NO_NATIVE'] = before
    }
  })
})
