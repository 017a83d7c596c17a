import {ERRNO} from '../base/index.js'
import {loadKoffi, type Koffi} from './koffi.js'

/**
 * Pages of the page cache on their way to a socket, by reference, through a pipe (splice(2)). Results are bytes or descriptors, or a
 * negative errno. Nothing here waits for whoever reads the socket.
 */
export interface Splice {
  /** A pipe of the default size. @returns descriptors to read and to write, or a negative errno */
  pipe(): readonly [number, number] | number
  /** Lets a pipe hold so many bytes, in whole pages. @returns what it holds now, or a negative errno */
  resize(fd: number, bytes: number): number
  readonly pageBytes: number
  /** All pages of a range are in the page cache (cachestat(2), Linux 6.5), though some may still be on their way from the disk. */
  isCached(fd: number, offsetBytes: number, lengthBytes: number): boolean
  /** Puts bytes into a pipe. */
  write(pipeFd: number, bytes: Uint8Array): number
  /** Puts references to what a file holds into a pipe; waits for the disk where the page cache lacks it. */
  fromFile(fd: number, offsetBytes: number, pipeFd: number, lengthBytes: number): number
  /** Moves what a pipe holds to a socket, as much as it takes now. @returns -EAGAIN when it takes nothing */
  toSocket(pipeFd: number, socketFd: number, lengthBytes: number): number
}

export type SpliceAnswer = {readonly ok: true; readonly splice: Splice} | {readonly ok: false; readonly reason: string}

const SYS_CACHESTAT = 451
const O_NONBLOCK_CLOEXEC = 0o2004000
const F_SETPIPE_SZ = 1031
const FIONBIO = 0x5421
const SPLICE_F_NONBLOCK = 2

/** Binds the calls. Never throws: without koffi, or with a kernel that does not tell what it caches, it says why not. */
export async function loadSplice(): Promise<SpliceAnswer> {
  const loaded = await loadKoffi()
  if (!loaded.ok) return loaded
  const splice = bindSplice(loaded.koffi)
  return splice ? {ok: true, splice} : {ok: false, reason: 'the kernel has no cachestat(2): it is older than Linux 6.5'}
}

function bindSplice(koffi: Koffi): Splice | undefined {
  const libc = koffi.load(null)
  const pipe2 = libc.func('int pipe2(void *fds, int flags)')
  const fcntl = libc.func('int fcntl(int fd, int command, ...)')
  const ioctl = libc.func('int ioctl(int fd, unsigned long request, const void *argument)')
  const getpagesize = libc.func('int getpagesize()')
  const cachestat = libc.func('long syscall(long number, uint32_t fd, const void *range, void *stat, uint32_t flags)')
  const write = libc.func('int64_t write(int fd, const void *bytes, int64_t length)')
  const splice = libc.func('int64_t splice(int from, void *at, int to, void *toAt, int64_t length, uint32_t flags)')
  const answer = (result: number): number => (result < 0 ? -koffi.errno() : result)
  const range = new BigUint64Array(2)
  /** nr_cache, nr_dirty, nr_writeback, nr_evicted, nr_recently_evicted. */
  const stat = new BigUint64Array(5)
  const at = new BigInt64Array(1)
  const [on, off] = [new Int32Array([1]), new Int32Array([0])]
  // SAFETY: no pointers.
  const pageBytes = Number(getpagesize())
  // SAFETY: a kernel that has the call finds no such descriptor; one without it knows no such call.
  const has = Number(cachestat(SYS_CACHESTAT, 2 ** 32 - 1, range, stat, 0)) < 0 && koffi.errno() === ERRNO.EBADF
  if (!has) return undefined
  return {
    pageBytes,
    pipe() {
      const fds = new Int32Array(2)
      // SAFETY: `fds` has room for the two descriptors the kernel writes.
      const result = answer(Number(pipe2(fds, O_NONBLOCK_CLOEXEC)))
      return result < 0 ? result : [fds[0] as number, fds[1] as number]
    },
    // SAFETY: plain numbers; the variable argument is the int that F_SETPIPE_SZ takes.
    resize: (fd, bytes) => answer(Number(fcntl(fd, F_SETPIPE_SZ, 'int', bytes))),
    isCached(fd, offsetBytes, lengthBytes) {
      range[0] = BigInt(offsetBytes)
      range[1] = BigInt(lengthBytes)
      // SAFETY: the kernel reads the 16 bytes of `range` and writes the 40 of `stat`.
      if (Number(cachestat(SYS_CACHESTAT, fd, range, stat, 0)) !== 0) return false
      const pages = Math.ceil((offsetBytes + lengthBytes) / pageBytes) - Math.floor(offsetBytes / pageBytes)
      return Number(stat[0]) === pages
    },
    // SAFETY: the kernel reads bytes that outlive this synchronous call, and their length is told.
    write: (pipeFd, bytes) => answer(Number(write(pipeFd, bytes, bytes.length))),
    fromFile(fd, offsetBytes, pipeFd, lengthBytes) {
      at[0] = BigInt(offsetBytes)
      // SAFETY: the kernel reads and writes the eight bytes of `at`.
      return answer(Number(splice(fd, at, pipeFd, null, lengthBytes, SPLICE_F_NONBLOCK)))
    },
    toSocket(pipeFd, socketFd, lengthBytes) {
      // The flag of splice(2) is for the pipe; whether the socket waits is told by its own, which a ring that works on it must not see.
      // SAFETY: the kernel reads the four bytes of `on`.
      ioctl(socketFd, FIONBIO, on)
      // SAFETY: no pointers but two that are null.
      const result = answer(Number(splice(pipeFd, null, socketFd, null, lengthBytes, SPLICE_F_NONBLOCK)))
      // SAFETY: the kernel reads the four bytes of `off`.
      ioctl(socketFd, FIONBIO, off)
      return result
    },
  }
}
