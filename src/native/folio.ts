import {ERRNO} from '../base/index.js'
import {loadKoffi, type Koffi} from './koffi.js'

/** The unit the page cache keeps data of files in: one page, or since Linux 5.18 (ext4: 6.16) up to a few MiB in one piece. */
export interface Folios {
  /**
   * Has the folio that holds a byte of a file made one of single pages, where the page cache holds it, it is clean and nobody else has
   * it mapped. What it holds stays as it is, and the disk is not asked. The kernel does not tell whether it has split anything.
   *
   * @returns 0 or a negative errno
   */
  split(fd: number, offsetBytes: number): number
}

export type FoliosAnswer = {readonly ok: true; readonly folios: Folios} | {readonly ok: false; readonly reason: string}

const PROT_READ = 1
const MAP_SHARED = 1
/** Of what lies behind, nothing is read ahead. */
const MADV_RANDOM = 1
/** Linux 5.4. Of a folio that is only partly meant, the kernel has to make several, unless they are busy (mm/madvise.c). */
const MADV_COLD = 20
/** Linux 5.14. Where a page cannot be had it is an error, and no signal as when the page is touched. */
const MADV_POPULATE_READ = 22

/** Binds the calls. Never throws: without koffi it says why not. */
export async function loadFolios(): Promise<FoliosAnswer> {
  const loaded = await loadKoffi()
  return loaded.ok ? {ok: true, folios: bindFolios(loaded.koffi)} : loaded
}

/** Pointers travel as whole numbers: an address of user space fits into a double, and no BigInt is made. */
function bindFolios(koffi: Koffi): Folios {
  const libc = koffi.load(null)
  const mmap = libc.func('int64_t mmap(int64_t address, int64_t length, int prot, int flags, int fd, int64_t offset)')
  const munmap = libc.func('int munmap(int64_t address, int64_t length)')
  const madvise = libc.func('int madvise(int64_t address, int64_t length, int advice)')
  const mincore = libc.func('int mincore(int64_t address, int64_t length, void *resident)')
  const getpagesize = libc.func('int getpagesize()')
  // SAFETY: no pointers.
  const pageBytes = Number(getpagesize())
  const resident = new Uint8Array(1)
  const advise = (address: number, advice: number): number => {
    // SAFETY: one page of a mapping that is ours alone; none of the advice changes what is in it.
    const result = Number(madvise(address, pageBytes, advice))
    return result < 0 ? -koffi.errno() : 0
  }
  const isCached = (address: number): boolean =>
    // SAFETY: the kernel writes one byte for one page.
    Number(mincore(address, pageBytes, resident)) === 0 && ((resident[0] as number) & 1) === 1
  return {
    split(fd, offsetBytes) {
      const at = offsetBytes - (offsetBytes % pageBytes)
      // SAFETY: the kernel chooses the address. Nobody reads the mapping, so nothing that happens to the file can raise a signal.
      const address = Number(mmap(0, pageBytes, PROT_READ, MAP_SHARED, fd, at))
      if (address === -1) return -koffi.errno()
      let errno = 0
      if (isCached(address)) {
        for (const advice of [MADV_RANDOM, MADV_POPULATE_READ, MADV_COLD]) errno ||= advise(address, advice)
      }
      // SAFETY: what mmap has returned, once.
      munmap(address, pageBytes)
      return errno === -ERRNO.EFAULT ? 0 : errno
    },
  }
}
