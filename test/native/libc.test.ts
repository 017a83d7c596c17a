import {closeSync, fsyncSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeSync} from 'node:fs'
import {constants, tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {loadLibc, type Libc} from '../../src/native/index.js'
import {capability, itNeeds} from '../peers.js'

const {errno} = constants
const answer = await loadLibc()
const native = capability(answer.ok, answer.ok ? '' : answer.reason)

let folder: string
let fds: number[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flushpoint-libc-'))
  fds = []
})

afterEach(() => {
  for (const fd of fds) closeSync(fd)
  rmSync(folder, {recursive: true, force: true})
})

function open(flags = 'a+'): number {
  const fd = openSync(join(folder, 'file'), flags)
  fds.push(fd)
  return fd
}

function libc(): Libc {
  if (!answer.ok) throw new Error(answer.reason)
  return answer.libc
}

describe('loading the C library', () => {
  it('never throws: there are its calls, or there is a reason', async () => {
    const loaded = await loadLibc()
    expect(loaded.ok ? typeof loaded.libc.fiemap : typeof loaded.reason).toBe(loaded.ok ? 'function' : 'string')
  })

  it('FLUSHPOINT_NO_NATIVE=1 makes the answer a reason that names it', async () => {
    const before = process.env['FLUSHPOINT_NO_NATIVE']
    process.env['FLUSHPOINT_NO_NATIVE'] = '1'
    try {
      expect(await loadLibc()).toEqual({ok: false, reason: 'FLUSHPOINT_NO_NATIVE=1 is set'})
    } finally {
      if (before === undefined) delete process.env['FLUSHPOINT_NO_NATIVE']
      else process.env['FLUSHPOINT_NO_NATIVE'] = before
    }
  })
})

describe('locks of open file descriptions', () => {
  itNeeds([native], 'two descriptions may both hold a read lock on a byte', () => {
    expect(libc().ofdLock(open(), 'read', 100, 1)).toBe(0)
    expect(libc().ofdLock(open(), 'read', 100, 1)).toBe(0)
  })

  itNeeds(
    [native],
    'a write lock is refused with EAGAIN where another description holds a lock, also in one process',
    () => {
      const [first, second] = [open(), open()]
      expect(libc().ofdLock(first, 'read', 100, 1)).toBe(0)
      expect(libc().ofdLock(second, 'write', 100, 1)).toBe(errno.EAGAIN)
      expect(libc().ofdLock(second, 'write', 101, 1)).toBe(0)
      expect(libc().ofdLock(first, 'unlock', 100, 1)).toBe(0)
      expect(libc().ofdLock(second, 'write', 100, 1)).toBe(0)
    },
  )

  itNeeds([native], 'a test names the kind of the lock in the way, and no process since a description has none', () => {
    const [first, second] = [open(), open()]
    expect(libc().ofdTest(second, 'write', 200, 1)).toBeUndefined()
    libc().ofdLock(first, 'read', 200, 1)
    expect(libc().ofdTest(second, 'write', 200, 1)).toEqual({kind: 'read', pid: undefined})
    expect(libc().ofdTest(second, 'read', 200, 1)).toBeUndefined()
    expect(libc().ofdTest(first, 'write', 200, 1)).toBeUndefined()
  })

  itNeeds([native], 'lock offsets are 64 bits wide', () => {
    const far = 2 ** 40 + 5
    libc().ofdLock(open(), 'write', far, 1)
    const other = open()
    expect(libc().ofdTest(other, 'write', far, 1)).toEqual({kind: 'write', pid: undefined})
    expect(libc().ofdTest(other, 'write', 5, 1)).toBeUndefined()
  })

  itNeeds([native], 'a descriptor that is not open gives EBADF', () => {
    expect(libc().ofdLock(-1, 'read', 0, 1)).toBe(errno.EBADF)
    expect(libc().ofdTest(-1, 'read', 0, 1)).toBe(errno.EBADF)
    expect(libc().fiemap(-1, 0, 1)).toBe(-errno.EBADF)
    expect(libc().seek(-1, 0, 'data')).toBe(-errno.EBADF)
  })
})

const BLOCK = 65536

describe('where a sparse file has data', () => {
  itNeeds([native], 'SEEK_DATA and SEEK_HOLE find the borders of a written block', () => {
    const fd = open('w+')
    ftruncateSync(fd, 4 * BLOCK)
    writeSync(fd, Buffer.alloc(BLOCK, 1), 0, BLOCK, 2 * BLOCK)
    expect(libc().seek(fd, 0, 'hole')).toBe(0)
    expect(libc().seek(fd, 0, 'data')).toBe(2 * BLOCK)
    expect(libc().seek(fd, 2 * BLOCK, 'hole')).toBe(3 * BLOCK)
  })

  itNeeds([native], 'SEEK_DATA behind the last data gives ENXIO', () => {
    const fd = open('w+')
    ftruncateSync(fd, BLOCK)
    expect(libc().seek(fd, 0, 'data')).toBe(-errno.ENXIO)
  })

  itNeeds([native], 'offsets beyond 4 GiB are found exactly', () => {
    const fd = open('w+')
    const far = 5 * 2 ** 30
    ftruncateSync(fd, far + 2 * BLOCK)
    writeSync(fd, Buffer.alloc(BLOCK, 1), 0, BLOCK, far)
    expect(libc().seek(fd, 0, 'data')).toBe(far)
  })
})

/** FIEMAP on a file of its own in the folder for temporary files: a tmpfs has none. */
function fiemapWorks(): boolean {
  if (!answer.ok) return false
  const place = mkdtempSync(join(tmpdir(), 'flushpoint-fiemap-'))
  const fd = openSync(join(place, 'file'), 'w+')
  try {
    return typeof answer.libc.fiemap(fd, 0, 4096) !== 'number'
  } finally {
    closeSync(fd)
    rmSync(place, {recursive: true, force: true})
  }
}
const fiemap = capability(fiemapWorks(), `${tmpdir()} is on a file system without FIEMAP`)

describe('the extent map of a file', () => {
  itNeeds([fiemap], 'a synced block is mapped and a hole is not', () => {
    const fd = open('w+')
    ftruncateSync(fd, 4 * BLOCK)
    writeSync(fd, Buffer.alloc(BLOCK, 1), 0, BLOCK, 2 * BLOCK)
    fsyncSync(fd)
    expect(libc().fiemap(fd, 0, 2 * BLOCK)).toEqual([])
    const extents = libc().fiemap(fd, 0, 4 * BLOCK)
    expect(extents).toMatchObject([{offsetBytes: 2 * BLOCK, lengthBytes: BLOCK}])
  })

  itNeeds([fiemap], 'a file with more extents than fit in one call is mapped to its end', () => {
    const fd = open('w+')
    const count = 200
    for (let i = 0; i < count; i++) writeSync(fd, Buffer.alloc(BLOCK, 1), 0, BLOCK, 2 * i * BLOCK)
    fsyncSync(fd)
    const extents = libc().fiemap(fd, 0, 2 * count * BLOCK)
    if (typeof extents === 'number') throw new Error(`errno ${-extents}`)
    expect(new Set(extents.map((extent) => extent.offsetBytes))).toEqual(
      new Set(Array.from({length: count}, (_, i) => 2 * i * BLOCK)),
    )
    expect(extents.reduce((sum, extent) => sum + extent.lengthBytes, 0)).toBe(count * BLOCK)
  })
})

describe('what O_DIRECT asks for', () => {
  itNeeds([native], 'the kernel says nothing, no, or two powers of two', () => {
    const told = libc().statxDioAlign(open('w+'))
    const sizes = typeof told === 'object' ? [told.memoryBytes, told.offsetBytes] : []
    expect(sizes.filter((bytes) => bytes <= 0 || Math.log2(bytes) % 1 !== 0)).toEqual([])
  })

  itNeeds([native], 'a descriptor that cannot be asked gives nothing, and others work after it', () => {
    expect(libc().statxDioAlign(-1)).toBeUndefined()
    const fd = open('w+')
    writeSync(fd, 'x')
    expect(readSync(fd, Buffer.alloc(1), 0, 1, 0)).toBe(1)
  })
})

describe('the calls that move blocks about', () => {
  itNeeds([native], 'copy_file_range copies from offset to offset, or names the errno', () => {
    const from = open('w+')
    writeSync(from, 'abcdefgh')
    const to = openSync(join(folder, 'to'), 'w+')
    fds.push(to)
    const copied = libc().copyFileRange(from, 2, to, 5, 3)
    // Some file systems have no such call: then the errno says so.
    expect([3, -errno.EXDEV, -errno.EINVAL, -errno.EOPNOTSUPP, -errno.ENOSYS]).toContain(copied)
    const bytes = Buffer.alloc(8)
    expect(readSync(to, bytes, 0, 8, 0)).toBe(copied === 3 ? 8 : 0)
    expect(bytes.toString('latin1')).toBe(copied === 3 ? '\0\0\0\0\0cde' : '\0'.repeat(8))
    expect(libc().copyFileRange(-1, 0, to, 0, 1)).toBe(-errno.EBADF)
  })

  itNeeds([native], 'a clone has the bytes of its source, or the errno says that it cannot be', () => {
    const from = open('w+')
    writeSync(from, Buffer.alloc(BLOCK, 7))
    const to = openSync(join(folder, 'to'), 'w+')
    fds.push(to)
    const result = libc().clone(to, from)
    expect([0, errno.EOPNOTSUPP, errno.EINVAL, errno.EXDEV, errno.ENOTTY]).toContain(result)
    expect(readSync(to, Buffer.alloc(BLOCK), 0, BLOCK, 0)).toBe(result === 0 ? BLOCK : 0)
    expect(libc().clone(to, -1)).toBe(errno.EBADF)
  })

  itNeeds([native], 'blocks are reserved for a range, which reads as zeroes', () => {
    const fd = open('w+')
    const result = libc().allocate(fd, 0, BLOCK)
    expect([0, errno.EOPNOTSUPP]).toContain(result)
    expect(readSync(fd, Buffer.alloc(BLOCK, 1), 0, BLOCK, 0)).toBe(result === 0 ? BLOCK : 0)
    expect(libc().allocate(-1, 0, 1)).toBe(errno.EBADF)
  })

  itNeeds([native], 'a cache that is dropped loses nothing, written to the disk or not', () => {
    const fd = open('w+')
    writeSync(fd, 'synced')
    fsyncSync(fd)
    writeSync(fd, ' and not')
    expect(libc().dropCache(fd)).toBe(0)
    const bytes = Buffer.alloc(14)
    expect([readSync(fd, bytes, 0, 14, 0), bytes.toString('latin1')]).toEqual([14, 'synced and not'])
    expect(libc().dropCache(-1)).toBe(errno.EBADF)
  })

  itNeeds([native], 'begins to write back what is dirty, or says why not', () => {
    const fd = open('w+')
    writeSync(fd, Buffer.alloc(BLOCK, 7))
    expect(libc().startWriteback(fd, 0, BLOCK)).toBe(0)
    expect(libc().startWriteback(fd, -1, BLOCK)).toBe(errno.EINVAL)
    expect(libc().startWriteback(-1, 0, BLOCK)).toBe(errno.EBADF)
  })
})
