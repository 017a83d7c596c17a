import {execFileSync, spawn} from 'node:child_process'
import {once} from 'node:events'
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {CACHE_MODES, cacheModeOf, openFlagNames} from '../../src/cache-mode/index.js'
import {openImage, type Image, type OpenOptions} from '../../src/image/index.js'
import {directRefusal, isDirectRefused, measure} from '../../src/image/open.js'
import {loadLibc, type Libc, type LibcAnswer} from '../../src/native/index.js'
import {capability, itNeeds, peer, root} from '../peers.js'
import {loopDevices, openDescriptors, procFd, refusalOf, Scene} from './scene.js'

const native = await loadLibc()
const locks = capability(native.ok, native.ok ? '' : native.reason)
const WRITER: OpenOptions = {mode: cacheModeOf('writeback'), readOnly: false, forceShare: false}
const READER: OpenOptions = {...WRITER, readOnly: true}
const DIRECT: OpenOptions = {...WRITER, mode: cacheModeOf('none')}

const linux = capability(process.platform === 'linux', 'needs Linux')

/** O_DIRECT where temporary files are. */
async function directWorks(): Promise<boolean> {
  const place = new Scene()
  try {
    ;(await openImage(place.file('probe.img', 4096), DIRECT)).close()
    return true
  } catch {
    return false
  } finally {
    place.close()
  }
}
const direct = capability(await directWorks(), `${tmpdir()} is on a file system without O_DIRECT`)

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

async function open(path: string, options: OpenOptions = WRITER): Promise<Image> {
  const image = await openImage(path, options)
  scene.onClose(() => image.close())
  return image
}

function kernelSaying(told: ReturnType<Libc['statxDioAlign']>): LibcAnswer {
  const unused = (): never => {
    throw new Error('not expected here')
  }
  return {
    ok: true,
    libc: {
      statxDioAlign: () => told,
      ofdLock: unused,
      ofdTest: unused,
      fiemap: unused,
      seek: unused,
      copyFileRange: unused,
      clone: unused,
      allocate: unused,
      dropCache: unused,
      startWriteback: unused,
    },
  }
}

/** Measures a file as if it were open with O_DIRECT on a file system about which the kernel says something. */
function measureDirect(path: string, kernel: LibcAnswer): unknown {
  const fd = openSync(path, 'r')
  const testfs = {name: 'testfs', overwrites: 'unknown', inMemory: false, blockBytes: 4096} as const
  try {
    return measure(kernel, fd, path, true, testfs, [])
  } finally {
    closeSync(fd)
  }
}

/** Runs as somebody who is not root, so that permissions count. */
async function unprivileged<T>(action: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return action()
  process.seteuid?.(65534)
  try {
    return await action()
  } finally {
    process.seteuid?.(0)
  }
}

describe('an image that opens', () => {
  it.each(CACHE_MODES.filter((mode) => !mode.direct))('$name: is as large as its file, in sectors', async (mode) => {
    const image = await open(scene.file('disk.img', 2 ** 20), {...WRITER, mode})
    expect(image).toMatchObject({
      sizeBytes: 2 ** 20,
      capacitySectors: 2048,
      tailBytes: 0,
      blockDevice: false,
      readOnly: false,
      snapshot: false,
      openFlags: openFlagNames(mode, false),
      alignmentBytes: 512,
      memoryAlignmentBytes: 1,
    })
  })

  it('a last part that is no sector is unreachable, and a note counts its bytes', async () => {
    const image = await open(scene.file('disk.img', 1024 + 100))
    expect(image).toMatchObject({capacitySectors: 2, tailBytes: 100})
    expect(image.notes.join()).toContain('last 100 bytes')
  })

  it('opening and closing changes neither a byte nor the size', async () => {
    const path = scene.file('disk.img', 8192, 0x5a)
    const image = await open(path)
    image.close()
    expect(readFileSync(path)).toEqual(Buffer.alloc(8192, 0x5a))
  })

  itNeeds([locks], 'the writer of a locked image is its sole writer, a reader never is', async () => {
    const path = scene.file('disk.img', 4096)
    const writer = await open(path)
    expect(writer.soleWriter).toBe(true)
    expect(writer.notes).toEqual([])
    writer.close()
    expect((await open(path, READER)).soleWriter).toBe(false)
  })

  it('without native calls it opens all the same, is not the sole writer and says so', async () => {
    const before = process.env['FLUSHPOINT_NO_NATIVE']
    process.env['FLUSHPOINT_NO_NATIVE'] = '1'
    try {
      const image = await open(scene.file('disk.img', 4096))
      expect(image.soleWriter).toBe(false)
      expect(image.notes.join()).toContain('Locks unavailable: FLUSHPOINT_NO_NATIVE=1 is set')
    } finally {
      if (before === undefined) delete process.env['FLUSHPOINT_NO_NATIVE']
      else process.env['FLUSHPOINT_NO_NATIVE'] = before
    }
  })
})

describe('sharing', () => {
  itNeeds([locks], 'a second writer is refused until the first has closed', async () => {
    const path = scene.file('disk.img', 4096)
    const first = await open(path)
    expect(await refusalOf(openImage(path, WRITER))).toMatchObject({kind: 'environment', code: 'E_LOCKED'})
    first.close()
    await open(path)
  })

  itNeeds([locks], 'what is opened beside a writer, for the same purpose, stands under its locks', async () => {
    const path = scene.file('disk.img', 4096)
    const first = await open(path)
    const second = await open(path, {...WRITER, beside: first})
    expect(second.soleWriter).toBe(true)
    expect((await open(path, {...READER, beside: first})).soleWriter).toBe(false)
    second.close()
    expect(await refusalOf(openImage(path, WRITER))).toMatchObject({code: 'E_LOCKED'})
  })

  it('nothing is opened beside another file', async () => {
    const first = await open(scene.file('disk.img', 4096))
    const refusal = await refusalOf(openImage(scene.file('other.img', 4096), {...WRITER, beside: first}))
    expect(refusal).toMatchObject({kind: 'environment', code: 'E_REPLACED'})
  })

  itNeeds(
    [root(), peer('losetup'), loopDevices],
    'a device is claimed once for all that is opened beside each other',
    async () => {
      const path = scene.loop(scene.file('disk.img', 1 << 20))
      const first = await open(path)
      expect(await refusalOf(openImage(path, WRITER))).toMatchObject({kind: 'environment'})
      await open(path, {...WRITER, beside: first})
    },
  )

  itNeeds([locks], 'two readers share, and keep a writer out', async () => {
    const path = scene.file('disk.img', 4096)
    await open(path, READER)
    await open(path, READER)
    expect(await refusalOf(openImage(path, WRITER))).toMatchObject({code: 'E_LOCKED'})
  })

  itNeeds([locks], 'force-share reads beside a writer, and a note warns', async () => {
    const path = scene.file('disk.img', 4096)
    await open(path)
    const image = await open(path, {...READER, forceShare: true})
    expect(image.notes.join()).toContain('--force-share')
  })

  it('force-share for writing is a usage error', async () => {
    const refusal = await refusalOf(openImage(scene.file('disk.img', 4096), {...WRITER, forceShare: true}))
    expect(refusal).toMatchObject({kind: 'usage', exitCode: 2})
  })
})

describe('what is refused, with the cause and a next step', () => {
  it('a missing image: --create makes one', async () => {
    const refusal = await refusalOf(openImage(scene.path('none.img'), WRITER))
    expect(refusal).toMatchObject({kind: 'environment', code: 'E_NO_IMAGE', exitCode: 3})
    expect(refusal.hint).toContain('--create SIZE')
  })

  it('a directory', async () => {
    expect(await refusalOf(openImage(scene.folder, WRITER))).toMatchObject({code: 'E_NOT_AN_IMAGE'})
  })

  it('a FIFO, at once: opening it would wait for its other end', async () => {
    execFileSync('mkfifo', [scene.path('fifo')])
    const refusal = await refusalOf(openImage(scene.path('fifo'), READER))
    expect(refusal).toMatchObject({code: 'E_NOT_AN_IMAGE', message: expect.stringContaining('FIFO')})
  })

  it('a socket', async () => {
    const server = createServer().listen(scene.path('socket'))
    await once(server, 'listening')
    scene.onClose(() => server.close())
    const refusal = await refusalOf(openImage(scene.path('socket'), WRITER))
    expect(refusal.message).toContain('is a socket')
  })

  it('a character device', async () => {
    const refusal = await refusalOf(openImage('/dev/null', WRITER))
    expect(refusal.message).toBe('/dev/null is a character device, not an image')
  })

  it('an empty file', async () => {
    const refusal = await refusalOf(openImage(scene.file('disk.img', 0), WRITER))
    expect(refusal).toMatchObject({kind: 'environment', code: 'E_EMPTY'})
    expect(refusal.hint).toContain('truncate -s')
  })

  it('a file of less than a sector', async () => {
    const refusal = await refusalOf(openImage(scene.file('disk.img', 511), WRITER))
    expect(refusal).toMatchObject({code: 'E_EMPTY', message: expect.stringContaining('511 bytes')})
  })

  it('links that point at each other', async () => {
    symlinkSync(scene.path('b'), scene.path('a'))
    symlinkSync(scene.path('a'), scene.path('b'))
    expect(await refusalOf(openImage(scene.path('a'), WRITER))).toMatchObject({code: 'E_PATH'})
  })

  it('a name that is too long, and a path through a file', async () => {
    expect(await refusalOf(openImage(scene.path('x'.repeat(300)), WRITER))).toMatchObject({code: 'E_PATH'})
    const file = scene.file('disk.img', 512)
    expect(await refusalOf(openImage(`${file}/disk.img`, WRITER))).toMatchObject({code: 'E_NO_IMAGE'})
  })

  it('writing to a file one may only read: --read-only is the next step, and works', async () => {
    const path = scene.file('disk.img', 4096)
    chmodSync(path, 0o444)
    chmodSync(scene.folder, 0o755)
    const refusal = await unprivileged(() => refusalOf(openImage(path, WRITER)))
    expect(refusal).toMatchObject({kind: 'environment', code: 'E_ACCESS'})
    expect(refusal.hint).toContain('--read-only')
    await unprivileged(() => open(path, READER))
  })

  it('a folder one may not search', async () => {
    mkdirSync(scene.path('closed'))
    const path = scene.file('closed/disk.img', 4096)
    chmodSync(scene.folder, 0o755)
    chmodSync(scene.path('closed'), 0o000)
    scene.onClose(() => chmodSync(scene.path('closed'), 0o755))
    expect(await unprivileged(() => refusalOf(openImage(path, READER)))).toMatchObject({code: 'E_ACCESS'})
  })

  itNeeds([linux], 'a program that is running', async () => {
    const program = scene.path('cat')
    copyFileSync('/bin/cat', program)
    const child = spawn(program)
    const ended = once(child, 'exit')
    child.stdin.write('ready')
    await once(child.stdout, 'data')
    try {
      expect(await refusalOf(openImage(program, WRITER))).toMatchObject({code: 'E_IN_USE'})
    } finally {
      child.stdin.end()
      await ended
    }
  })

  itNeeds([procFd], 'leaves no descriptor open', async () => {
    const path = scene.file('disk.img', 4096)
    const odd = scene.file('odd.img', 4096 + 511)
    const empty = scene.file('empty.img', 0)
    const holder = await open(path)
    const before = openDescriptors()
    for (const [refused, options] of [
      [scene.path('none.img'), WRITER],
      [scene.folder, WRITER],
      [empty, WRITER],
      [odd, DIRECT],
      ...(native.ok ? ([[path, WRITER]] as const) : []),
    ] as const) {
      await refusalOf(openImage(refused, options))
      expect(openDescriptors()).toBe(before)
    }
    holder.close()
  })
})

describe('O_DIRECT', () => {
  it('B10: is refused by name where the file system has none, without a fallback', () => {
    expect(isDirectRefused(Object.assign(new Error('open'), {code: 'EINVAL'}))).toBe(true)
    expect(isDirectRefused(Object.assign(new Error('open'), {code: 'EACCES'}))).toBe(false)
    const refusal = directRefusal('disk.img', 'somefs')
    expect(refusal).toMatchObject({kind: 'environment', message: 'disk.img: somefs does not support O_DIRECT'})
    expect(refusal.hint).toContain('--cache writeback')
  })

  itNeeds([linux], 'is refused by proc at open, and the refusal names it', async () => {
    const refusal = await refusalOf(openImage('/proc/self/comm', {...DIRECT, readOnly: true}))
    expect(refusal).toMatchObject({kind: 'environment', code: 'E_DIRECT_REFUSED'})
    expect(refusal.message).toBe('/proc/self/comm: proc does not support O_DIRECT')
  })

  it('is refused where it opens but the kernel calls it unsupported', () => {
    const path = scene.file('disk.img', 4096)
    expect(() => measureDirect(path, kernelSaying('unsupported'))).toThrow(
      expect.objectContaining({code: 'E_DIRECT_REFUSED', message: expect.stringContaining('testfs')}),
    )
  })

  // 10.B, B9: never a short read as OK.
  it('B9: a size that is no multiple of the alignment is refused with the size to pad it to', () => {
    const path = scene.file('disk.img', 4096 + 512)
    const kernel = kernelSaying({memoryBytes: 512, offsetBytes: 4096})
    expect(() => measureDirect(path, kernel)).toThrow(
      expect.objectContaining({
        kind: 'environment',
        code: 'E_DIRECT_SIZE',
        message: expect.stringContaining('4608 bytes, not a multiple of the 4096'),
        hint: expect.stringContaining(`truncate -s 8192 ${path}`),
      }),
    )
  })

  itNeeds(
    [direct],
    'B9: a file that is no multiple of 512 bytes is refused, and opens through the page cache',
    async () => {
      const path = scene.file('disk.img', 4096 + 100)
      expect(await refusalOf(openImage(path, DIRECT))).toMatchObject({code: 'E_DIRECT_SIZE'})
      expect((await open(path)).tailBytes).toBe(100)
    },
  )

  itNeeds([direct], 'none and directsync bypass the page cache with a known alignment', async () => {
    for (const mode of CACHE_MODES.filter((candidate) => candidate.direct)) {
      const image = await open(scene.file(`${mode.name}.img`, 2 ** 20), {...WRITER, mode})
      expect(image.openFlags).toEqual(openFlagNames(mode, false))
      expect([512, 1024, 2048, 4096]).toContain(image.alignmentBytes)
      expect(image.alignmentSource).not.toContain('page cache')
    }
  })
})

describe('block devices', () => {
  const needs = [root(), peer('losetup'), loopDevices]

  itNeeds(needs, 'open with the size and the block of the device', async () => {
    const device = scene.loop(scene.file('disk.img', 4 * 2 ** 20), '--sector-size', '4096')
    const image = await open(device, DIRECT)
    expect(image).toMatchObject({
      sizeBytes: 4 * 2 ** 20,
      alignmentBytes: 4096,
      blockDevice: true,
      fileSystem: 'block device',
      openFlags: ['O_RDWR', 'O_DIRECT'],
    })
    // A loop device keeps direct writes in host memory, or its file in a hole: nobody can tell.
    expect(image.freshRanges(0, 8192)).toBeUndefined()
    expect(image.currentSizeBytes()).toBe(4 * 2 ** 20)
  })

  itNeeds(
    [...needs, locks],
    'are locked like files, and give a second descriptor although they are claimed',
    async () => {
      const device = scene.loop(scene.file('disk.img', 2 ** 20))
      const image = await open(device)
      expect(image.soleWriter).toBe(true)
      expect(image.dsyncFd()).not.toBe(image.fd)
      expect(await refusalOf(openImage(device, READER))).toMatchObject({code: 'E_LOCKED'})
    },
  )

  itNeeds([...needs, peer('mkfs.ext4'), peer('mount')], 'are refused for writing while mounted', async () => {
    const device = scene.loop(scene.file('disk.img', 8 * 2 ** 20))
    execFileSync('mkfs.ext4', ['-q', device])
    const point = scene.mount(device)
    const refusal = await refusalOf(openImage(device, WRITER))
    expect(refusal).toMatchObject({kind: 'environment', code: 'E_IN_USE'})
    expect(refusal.message).toContain(`is mounted on ${point}`)
    const image = await open(device, READER)
    expect(image.notes.join()).toContain(`is mounted on ${point}`)
  })
})

describe('a read-only file system', () => {
  const needs = [root(), peer('losetup'), peer('mkfs.ext4'), peer('mount'), loopDevices]

  itNeeds(needs, 'refuses a writer, who is told of --read-only, and serves a reader', async () => {
    const device = scene.loop(scene.file('disk.img', 8 * 2 ** 20))
    execFileSync('mkfs.ext4', ['-q', device])
    const point = scene.mount(device)
    writeFileSync(join(point, 'inner.img'), Buffer.alloc(4096))
    execFileSync('mount', ['-o', 'remount,ro', point])
    const refusal = await refusalOf(openImage(join(point, 'inner.img'), WRITER))
    expect(refusal).toMatchObject({kind: 'environment', code: 'E_READ_ONLY_FS'})
    expect(refusal.hint).toContain('--snapshot')
    expect((await open(join(point, 'inner.img'), READER)).fileSystem).toBe('ext4')
  })
})
