import type {Range} from '../base/index.js'
import {loadKoffi, type Koffi} from './koffi.js'

/** A byte-range lock of an open file description; `unlock` gives one back. */
type LockKind = 'read' | 'write' | 'unlock'

/** A lock somebody else holds. The kernel knows a process only for traditional locks; undefined for those of descriptions. */
export interface OtherLock {
  readonly kind: LockKind
  readonly pid: number | undefined
}

/** A mapped stretch of a file, as FIEMAP reports it. `flags` are the FIEMAP_EXTENT_* bits of linux/fiemap.h. */
export interface Extent extends Range {
  readonly flags: number
}

/**
 * The calls node:fs lacks. All are synchronous and act on an open descriptor; errors are errno numbers, positive where the
 * result is nothing but an errno, negative where it shares its place with an answer.
 */
export interface Libc {
  /** What O_DIRECT asks of transfers (statx, STATX_DIOALIGN, Linux 6.1); undefined when the kernel does not say. */
  statxDioAlign(fd: number): {memoryBytes: number; offsetBytes: number} | 'unsupported' | undefined
  /** Takes or gives back a lock without waiting (F_OFD_SETLK). @returns 0, or EAGAIN/EACCES when somebody else is in the way */
  ofdLock(fd: number, kind: LockKind, startByte: number, lengthBytes: number): number
  /** The first lock that would stop this one (F_OFD_GETLK); undefined when none would; a number when it cannot be told. */
  ofdTest(fd: number, kind: 'read' | 'write', startByte: number, lengthBytes: number): OtherLock | number | undefined
  /** The extents that touch a range, in order, without syncing first (FS_IOC_FIEMAP). @returns a negative errno otherwise */
  fiemap(fd: number, offsetBytes: number, lengthBytes: number): Extent[] | number
  /** Where data or a hole begins at or after an offset (SEEK_DATA, SEEK_HOLE). Moves the file position. @returns or -errno */
  seek(fd: number, offsetBytes: number, to: 'data' | 'hole'): number
  /** Copies within the kernel (copy_file_range); may do less than asked. @returns bytes copied, 0 at the end, or -errno */
  copyFileRange(fromFd: number, fromBytes: number, toFd: number, toBytes: number, lengthBytes: number): number
  /** Makes a file share all blocks of another (FICLONE). @returns 0 or an errno: EOPNOTSUPP where there is no such thing */
  clone(toFd: number, fromFd: number): number
  /** Reserves blocks for a range, which reads as zeroes where nothing was written (fallocate, mode 0). @returns 0 or an errno */
  allocate(fd: number, offsetBytes: number, lengthBytes: number): number
  /** Asks the kernel to forget what it caches of a file, so that it is read from the disk again; what is dirty stays. @returns 0 or an errno */
  dropCache(fd: number): number
  /** Has the kernel begin to write a range back that is dirty (sync_file_range); promises nothing about it. @returns 0 or an errno */
  startWriteback(fd: number, offsetBytes: number, lengthBytes: number): number
}

export type LibcAnswer = {readonly ok: true; readonly libc: Libc} | {readonly ok: false; readonly reason: string}

let loaded: Promise<LibcAnswer> | undefined

/**
 * Binds the C library, once per process. Never throws: without koffi, on another system, or with FLUSHPOINT_NO_NATIVE=1
 * in the environment (the way to see what the tool does without native calls) the answer is the reason.
 */
export async function loadLibc(): Promise<LibcAnswer> {
  if (process.env['FLUSHPOINT_NO_NATIVE'] === '1') return {ok: false, reason: 'FLUSHPOINT_NO_NATIVE=1 is set'}
  loaded ??= bind()
  return loaded
}

async function bind(): Promise<LibcAnswer> {
  const loading = await loadKoffi()
  if (!loading.ok) return loading
  try {
    return {ok: true, libc: bindLibc(loading.koffi)}
  } catch (error) {
    return {ok: false, reason: `the C library lacks a call: ${(error as Error).message}`}
  }
}

const F_OFD_GETLK = 36
const F_OFD_SETLK = 37
const LOCK_TYPES: readonly LockKind[] = ['read', 'write', 'unlock'] // F_RDLCK 0, F_WRLCK 1, F_UNLCK 2

const AT_EMPTY_PATH = 0x1000
const STATX_DIOALIGN = 0x2000
const STATX_BYTES = 256

const FS_IOC_FIEMAP = 0xc020660b
const FIEMAP_HEADER_BYTES = 32
const FIEMAP_EXTENT_BYTES = 56
const FIEMAP_EXTENT_LAST = 1
/** Extents per call; a range with more takes more calls. */
const FIEMAP_BATCH = 1024

/** _IOW(0x94, 9, int) of linux/fs.h. */
const FICLONE = 0x40049409

const POSIX_FADV_DONTNEED = 4

const SYNC_FILE_RANGE_WRITE = 2

const SEEK_WHENCE = {data: 3, hole: 4} as const

function bindLibc(koffi: Koffi): Libc {
  const library = koffi.load(null)
  const fcntl: (fd: number, command: number, flock: Buffer) => number = library.func(
    'int fcntl(int fd, int command, void *flock)',
  )
  const ioctl: (fd: number, request: number, argument: Buffer) => number = library.func(
    'int ioctl(int fd, unsigned long request, void *argument)',
  )
  const lseek: (fd: number, offset: number, whence: number) => number = library.func(
    'int64_t lseek(int fd, int64_t offset, int whence)',
  )
  return {
    statxDioAlign: bindStatx(library),
    ofdLock(fd, kind, startByte, lengthBytes) {
      const flock = encodeFlock(kind, startByte, lengthBytes)
      // SAFETY: `flock` is a 32-byte struct flock that outlives this synchronous call; F_OFD_SETLK only reads it.
      return fcntl(fd, F_OFD_SETLK, flock) === 0 ? 0 : koffi.errno()
    },
    ofdTest(fd, kind, startByte, lengthBytes) {
      const flock = encodeFlock(kind, startByte, lengthBytes)
      // SAFETY: as above; F_OFD_GETLK writes the 32 bytes of struct flock back and nothing else.
      return fcntl(fd, F_OFD_GETLK, flock) === 0 ? decodeFlock(flock) : koffi.errno()
    },
    fiemap(fd, offsetBytes, lengthBytes) {
      return readExtents(offsetBytes, lengthBytes, (request) => {
        // SAFETY: `request` is a struct fiemap with room for the FIEMAP_BATCH extents its fm_extent_count announces; the
        // kernel writes no further, and the buffer outlives this synchronous call.
        return ioctl(fd, FS_IOC_FIEMAP, request) === 0 ? 0 : koffi.errno()
      })
    },
    seek(fd, offsetBytes, to) {
      // SAFETY: takes and returns plain numbers; a bad descriptor or offset is an errno.
      const found = lseek(fd, offsetBytes, SEEK_WHENCE[to])
      return found >= 0 ? found : -koffi.errno()
    },
    ...bindCopying(koffi, library),
  }
}

/** The calls that move blocks about. */
function bindCopying(
  koffi: Koffi,
  library: ReturnType<Koffi['load']>,
): Pick<Libc, 'copyFileRange' | 'clone' | 'allocate' | 'dropCache' | 'startWriteback'> {
  type CopyFileRange = (from: number, fromAt: Buffer, to: number, toAt: Buffer, length: number, flags: number) => number
  const copyFileRange: CopyFileRange = library.func(
    'int64_t copy_file_range(int from, void *fromAt, int to, void *toAt, size_t length, unsigned int flags)',
  )
  const ioctl: (fd: number, request: number, argument: number) => number = library.func(
    'int ioctl(int fd, unsigned long request, int argument)',
  )
  const fallocate: (fd: number, mode: number, offset: number, length: number) => number = library.func(
    'int fallocate(int fd, int mode, int64_t offset, int64_t length)',
  )
  const fadvise: (fd: number, offset: number, length: number, advice: number) => number = library.func(
    'int posix_fadvise(int fd, int64_t offset, int64_t length, int advice)',
  )
  const syncFileRange: (fd: number, offset: number, length: number, flags: number) => number = library.func(
    'int sync_file_range(int fd, int64_t offset, int64_t length, unsigned int flags)',
  )
  return {
    copyFileRange(fromFd, fromBytes, toFd, toBytes, lengthBytes) {
      const [fromAt, toAt] = [offsetCell(fromBytes), offsetCell(toBytes)]
      // SAFETY: the cells are 8-byte loff_t that outlive this synchronous call; the kernel moves them on and nothing else.
      const copied = copyFileRange(fromFd, fromAt, toFd, toAt, lengthBytes, 0)
      return copied >= 0 ? copied : -koffi.errno()
    },
    clone(toFd, fromFd) {
      // SAFETY: FICLONE takes the descriptor as a plain number; no memory is passed.
      return ioctl(toFd, FICLONE, fromFd) === 0 ? 0 : koffi.errno()
    },
    allocate(fd, offsetBytes, lengthBytes) {
      // SAFETY: takes and returns plain numbers; a bad descriptor or range is an errno.
      return fallocate(fd, 0, offsetBytes, lengthBytes) === 0 ? 0 : koffi.errno()
    },
    dropCache(fd) {
      // SAFETY: takes and returns plain numbers; a length of 0 means up to the end, and the errno is what it returns.
      return fadvise(fd, 0, 0, POSIX_FADV_DONTNEED)
    },
    startWriteback(fd, offsetBytes, lengthBytes) {
      // SAFETY: takes and returns plain numbers; a bad descriptor or range is an errno.
      return syncFileRange(fd, offsetBytes, lengthBytes, SYNC_FILE_RANGE_WRITE) === 0 ? 0 : koffi.errno()
    },
  }
}

function offsetCell(offsetBytes: number): Buffer {
  const cell = Buffer.alloc(8)
  cell.writeBigInt64LE(BigInt(offsetBytes))
  return cell
}

/** statx(2) may be absent from an old C library: then alignment is unknown, and everything else still works. */
function bindStatx(library: ReturnType<Koffi['load']>): Libc['statxDioAlign'] {
  let statx: (directory: number, path: string, flags: number, mask: number, answer: Buffer) => number
  try {
    statx = library.func('int statx(int directory, const char *path, int flags, unsigned int mask, void *answer)')
  } catch {
    return () => undefined
  }
  return (fd) => {
    const answer = Buffer.alloc(STATX_BYTES)
    // SAFETY: `answer` has the 256 bytes of struct statx and outlives this synchronous call; the empty path with
    // AT_EMPTY_PATH means the descriptor itself.
    if (statx(fd, '', AT_EMPTY_PATH, STATX_DIOALIGN, answer) !== 0) return undefined
    return decodeStatx(answer)
  }
}

/** struct statx of linux/stat.h: stx_mask at 0, stx_dio_mem_align at 0x98, stx_dio_offset_align at 0x9c. */
function decodeStatx(answer: Buffer): ReturnType<Libc['statxDioAlign']> {
  if ((answer.readUInt32LE(0) & STATX_DIOALIGN) === 0) return undefined
  const memoryBytes = answer.readUInt32LE(0x98)
  const offsetBytes = answer.readUInt32LE(0x9c)
  return memoryBytes === 0 || offsetBytes === 0 ? 'unsupported' : {memoryBytes, offsetBytes}
}

/** struct flock with 64-bit offsets: l_type 0, l_whence 2 (SEEK_SET), l_start 8, l_len 16, l_pid 24 (must go in as 0). */
function encodeFlock(kind: LockKind, startByte: number, lengthBytes: number): Buffer {
  const flock = Buffer.alloc(32)
  flock.writeInt16LE(LOCK_TYPES.indexOf(kind), 0)
  flock.writeBigInt64LE(BigInt(startByte), 8)
  flock.writeBigInt64LE(BigInt(lengthBytes), 16)
  return flock
}

function decodeFlock(flock: Buffer): OtherLock | undefined {
  const kind = LOCK_TYPES[flock.readInt16LE(0)]
  if (kind === undefined || kind === 'unlock') return undefined
  const pid = flock.readInt32LE(24)
  return {kind, pid: pid > 0 ? pid : undefined}
}

/** Calls FIEMAP until the range is covered or the file has no more extents. */
function readExtents(
  offsetBytes: number,
  lengthBytes: number,
  call: (request: Buffer) => number,
): ReturnType<Libc['fiemap']> {
  const endBytes = offsetBytes + lengthBytes
  const extents: Extent[] = []
  const request = Buffer.alloc(FIEMAP_HEADER_BYTES + FIEMAP_BATCH * FIEMAP_EXTENT_BYTES)
  let cursorBytes = offsetBytes
  while (cursorBytes < endBytes) {
    request.writeBigUInt64LE(BigInt(cursorBytes), 0) // fm_start
    request.writeBigUInt64LE(BigInt(endBytes - cursorBytes), 8) // fm_length
    request.writeUInt32LE(0, 16) // fm_flags: no FLAG_SYNC
    request.writeUInt32LE(FIEMAP_BATCH, 24) // fm_extent_count
    const errno = call(request)
    if (errno !== 0) return -errno
    const batch = decodeExtents(request)
    extents.push(...batch)
    const last = batch.at(-1)
    if (last === undefined || (last.flags & FIEMAP_EXTENT_LAST) !== 0) break
    const nextBytes = last.offsetBytes + last.lengthBytes
    if (nextBytes <= cursorBytes) break // an extent that ends where we began: do not loop on a confused file system
    cursorBytes = nextBytes
  }
  return extents
}

/** struct fiemap_extent: fe_logical 0, fe_length 16, fe_flags 40; fm_mapped_extents at 20 of the header counts them. */
function decodeExtents(request: Buffer): Extent[] {
  return Array.from({length: request.readUInt32LE(20)}, (_, index) => {
    const at = FIEMAP_HEADER_BYTES + index * FIEMAP_EXTENT_BYTES
    return {
      offsetBytes: readUint64(request, at),
      lengthBytes: readUint64(request, at + 16),
      flags: request.readUInt32LE(at + 40),
    }
  })
}

/** As a double: exact for every offset that a file can have. */
function readUint64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32
}
