import {closeSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync} from 'node:fs'
import {tmpdir} from 'node:os'

import {loadKoffi} from '../../src/native/koffi.js'
import {realImage} from '../aio/real-image.js'
import {capability, type Need} from '../peers.js'

/** Bits of /proc/kpageflags (linux/kernel-page-flags.h): a page is the first, or another one, of a folio of several. */
const OF_SEVERAL = (1n << 15n) | (1n << 16n)

/** How the kernel keeps a page of a file in its cache. Asked of /proc/self/pagemap and /proc/kpageflags, as root. */
export class FolioGlass {
  readonly #close: () => void
  /** The page at this offset is in a folio of several pages; undefined where the kernel does not tell. */
  readonly isInLargeFolio: (fd: number, offsetBytes: number) => boolean | undefined

  private constructor(isInLargeFolio: FolioGlass['isInLargeFolio'], close: () => void) {
    this.isInLargeFolio = isInLargeFolio
    this.#close = close
  }

  /** @returns undefined where there is nothing to see */
  static async open(): Promise<FolioGlass | undefined> {
    const loaded = await loadKoffi()
    if (!loaded.ok) return undefined
    const files: number[] = []
    try {
      for (const name of ['/proc/self/pagemap', '/proc/kpageflags']) files.push(openSync(name, 'r'))
    } catch {
      for (const fd of files) closeSync(fd)
      return undefined
    }
    const [pagemap, flags] = files as [number, number]
    const libc = loaded.koffi.load(null)
    const mmap = libc.func('int64_t mmap(int64_t address, int64_t length, int prot, int flags, int fd, int64_t offset)')
    const munmap = libc.func('int munmap(int64_t address, int64_t length)')
    const madvise = libc.func('int madvise(int64_t address, int64_t length, int advice)')
    const getpagesize = libc.func('int getpagesize()')
    // SAFETY: no pointers.
    const pageBytes = Number(getpagesize())
    const word = (fd: number, index: number): bigint => {
      const bytes = Buffer.alloc(8)
      readSync(fd, bytes, 0, 8, index * 8)
      return bytes.readBigUInt64LE()
    }
    const look = (fd: number, offsetBytes: number): boolean | undefined => {
      // SAFETY: one page that the kernel places, populated by it (MADV_POPULATE_READ) and not read here.
      const address = Number(mmap(0, pageBytes, 1, 1, fd, offsetBytes - (offsetBytes % pageBytes)))
      if (address === -1) return undefined
      const isThere = Number(madvise(address, pageBytes, 22)) === 0
      const frame = isThere ? Number(word(pagemap, address / pageBytes) & (2n ** 55n - 1n)) : 0
      const bits = frame === 0 ? undefined : word(flags, frame)
      munmap(address, pageBytes)
      return bits === undefined ? undefined : (bits & OF_SEVERAL) !== 0n
    }
    return new FolioGlass(look, () => files.forEach((fd) => closeSync(fd)))
  }

  close(): void {
    this.#close()
  }
}

/** Where memory is short of large pieces, another try may find one. */
const TRIES = 20

/** Writes a file in one run, again until the pages at these offsets are in large folios. @returns whether they are */
export function writeInLargeFolios(
  glass: FolioGlass | undefined,
  fd: number,
  sizeBytes: number,
  at: readonly number[],
): boolean {
  for (let i = 0; i < TRIES; i++) {
    ftruncateSync(fd, 0)
    writeSync(fd, Buffer.alloc(sizeBytes, 0x5a), 0, sizeBytes, 0)
    fsyncSync(fd)
    if (at.every((offset) => glass?.isInLargeFolio(fd, offset) === true)) return true
  }
  return false
}

/** Whether files that were written in long runs lie in large folios here, and this can be seen. */
export async function largeFolios(): Promise<Need> {
  const glass = await FolioGlass.open()
  if (!glass) return capability(false, 'how the page cache keeps a file is for root to see, in /proc/kpageflags')
  const image = realImage(0)
  const isLarge = writeInLargeFolios(glass, image.fd, 1 << 20, [1 << 19])
  image.remove()
  glass.close()
  return capability(isLarge, `files in ${tmpdir()} are not kept in large folios, or this cannot be seen`)
}
