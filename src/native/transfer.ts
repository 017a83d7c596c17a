import {loadKoffi, type Koffi} from './koffi.js'
import {RWF_DSYNC} from './uring.js'

/**
 * Transfers and syncs on the calling thread. Results are bytes, 0 for a sync, or a negative errno. The kernel is done with the
 * memory when a call returns. An address names `lengthBytes` of memory that stays where it is: part of what addressOf() was asked about.
 */
export interface Transfers {
  read(fd: number, address: number, lengthBytes: number, offsetBytes: number): number
  /** Reads what lies in the page cache; -EAGAIN where that is not all (preadv2(2), RWF_NOWAIT, Linux 4.14). */
  readCached(fd: number, address: number, lengthBytes: number, offsetBytes: number): number
  write(fd: number, address: number, lengthBytes: number, offsetBytes: number): number
  /** A write that is stable when it returns (pwritev2(2), RWF_DSYNC, Linux 4.7). */
  writeStable(fd: number, address: number, lengthBytes: number, offsetBytes: number): number
  fdatasync(fd: number): number
  fsync(fd: number): number
  /** Where bytes outside the JavaScript heap are: those of a mapping, or of WebAssembly memory that nobody grows. */
  addressOf(bytes: Uint8Array): number
  /** Gives back what the calls need themselves. */
  close(): void
}

const RWF_NOWAIT = 8
const TWO_32 = 2 ** 32
const PAGE_BYTES = 4096
const PROT_READ_WRITE = 3
const MAP_PRIVATE_ANONYMOUS = 0x22
const MAP_FAILED = 2n ** 64n - 1n

/** Binds the calls. Never throws: without koffi, or where the C library lacks one, it says why not. */
export async function loadTransfers(): Promise<
  {readonly ok: true; readonly transfers: Transfers} | {readonly ok: false; readonly reason: string}
> {
  const loaded = await loadKoffi()
  if (!loaded.ok) return loaded
  try {
    return {ok: true, transfers: bindTransfers(loaded.koffi)}
  } catch (error) {
    return {ok: false, reason: `the C library lacks a call: ${(error as Error).message}`}
  }
}

/** Pointers travel as whole numbers: an address of user space fits into a double, and no BigInt is made. */
function bindTransfers(koffi: Koffi): Transfers {
  const libc = koffi.load(null)
  const pread = libc.func('int64_t pread64(int fd, int64_t memory, int64_t length, int64_t offset)')
  const pwrite = libc.func('int64_t pwrite64(int fd, int64_t memory, int64_t length, int64_t offset)')
  const preadv2 = libc.func('int64_t preadv64v2(int fd, int64_t iovec, int count, int64_t offset, int flags)')
  const pwritev2 = libc.func('int64_t pwritev64v2(int fd, int64_t iovec, int count, int64_t offset, int flags)')
  const fdatasync = libc.func('int fdatasync(int fd)')
  const fsync = libc.func('int fsync(int fd)')
  const {iovec, iovecAddress, unmap} = mapIovec(koffi, libc)
  const answer = (result: number): number => (result < 0 ? -koffi.errno() : result)
  const describe = (address: number, lengthBytes: number): void => {
    iovec[0] = address // modulo 2^32
    iovec[1] = Math.floor(address / TWO_32)
    iovec[2] = lengthBytes
    iovec[3] = 0
  }
  return {
    read: (fd, address, lengthBytes, offsetBytes) =>
      // SAFETY: the caller names memory that stays where it is during this synchronous call.
      answer(pread(fd, address, lengthBytes, offsetBytes)),
    readCached(fd, address, lengthBytes, offsetBytes) {
      describe(address, lengthBytes)
      // SAFETY: the iovec is a page of our own that names memory of the caller; both outlive this synchronous call.
      return answer(preadv2(fd, iovecAddress, 1, offsetBytes, RWF_NOWAIT))
    },
    write: (fd, address, lengthBytes, offsetBytes) =>
      // SAFETY: as for read; the kernel only reads the memory.
      answer(pwrite(fd, address, lengthBytes, offsetBytes)),
    writeStable(fd, address, lengthBytes, offsetBytes) {
      describe(address, lengthBytes)
      // SAFETY: as for readCached; the kernel only reads the memory.
      return answer(pwritev2(fd, iovecAddress, 1, offsetBytes, RWF_DSYNC))
    },
    addressOf: (bytes) => Number(koffi.address(bytes)),
    // SAFETY: no pointers.
    fdatasync: (fd) => answer(fdatasync(fd)),
    // SAFETY: no pointers.
    fsync: (fd) => answer(fsync(fd)),
    close: unmap,
  }
}

/** A page for one struct iovec: iov_base at 0, iov_len at 8. */
function mapIovec(
  koffi: Koffi,
  libc: ReturnType<Koffi['load']>,
): {readonly iovec: Uint32Array; readonly iovecAddress: number; readonly unmap: () => void} {
  const mmap = libc.func('void *mmap(void *address, size_t length, int prot, int flags, int fd, int64_t offset)')
  const munmap = libc.func('int munmap(void *address, size_t length)')
  // SAFETY: address null lets the kernel choose; the result is checked before it is used.
  const pointer: unknown = mmap(null, PAGE_BYTES, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0)
  const address = koffi.address(pointer)
  if (address === MAP_FAILED || address === 0n) throw new Error('no memory for one page')
  return {
    // SAFETY: the view covers a part of the page; nobody uses it after unmap.
    iovec: new Uint32Array(koffi.view(pointer, PAGE_BYTES), 0, 4),
    iovecAddress: Number(address),
    // SAFETY: called once, with the pointer and length that mmap returned.
    unmap: () => void munmap(pointer, PAGE_BYTES),
  }
}
