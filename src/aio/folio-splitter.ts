import {ERRNO} from '../base/index.js'
import type {Folios} from '../native/index.js'

/**
 * What is looked at together, by its first write, which is not faster for it: to look takes 10 to 20 us, to split a folio of 1 MiB 100 us.
 * Most folios of long runs are larger; of several smaller ones in a unit one is split, and the others cost less.
 */
const UNIT_BYTES = 256 * 1024
/** Longer writes are faster into large folios. */
const SHORT_BYTES = 16 * 1024
/**
 * A write that takes longer was slow: 10 us for 4 KiB, which take 2 to 5 us into pages, and 18 us or more into a folio of 1 MiB; 16 us for
 * 16 KiB, which take 6 to 9 us and 19 us or more.
 */
const SLOW_MS = 0.008
const SLOW_MS_PER_BYTE = 0.002 / 4096
/** A unit where writes are slow is looked at again after so long: by then what was dirty may be written back. */
const AGAIN_MS = 5000
/** So many units that are slow are remembered. */
const SLOW_UNITS = 4096
/** What is so for every folio of the image, and will be: a kernel or a file system that cannot, or may not. */
const FOR_GOOD: ReadonlySet<number> = new Set(
  [ERRNO.EINVAL, ERRNO.ENOSYS, ERRNO.ENODEV, ERRNO.EACCES, ERRNO.EPERM, ERRNO.EBADF].map((errno) => -errno),
)

/** Units of one chunk of the bitmap: 1 GiB. */
const CHUNK_UNITS = 4096

/**
 * Splits large folios of the page cache before small writes go into them. ext4 looks at every block of a folio for each write into it
 * (ext4_block_write_begin, Linux 6.18): 4 KiB into a folio of 2 MiB take ten times as long as into a page, and files that were written
 * or read in long runs lie in such folios. Only clean ones can be split, so it is done before the first write.
 */
export class FolioSplitter {
  readonly #folios: Folios
  readonly #fd: number
  /** A bit for each unit that has been looked at. */
  readonly #seen: (Uint8Array | undefined)[] = []
  /** Units that were slow since `#slowSinceMs`. */
  readonly #slow = new Set<number>()
  #slowSinceMs = 0
  #isOff = false

  /** @param fd the image, open to be read and written through the page cache */
  constructor(folios: Folios, fd: number) {
    this.#folios = folios
    this.#fd = fd
  }

  /** Comes before a write. @returns whether it has taken time */
  before(offsetBytes: number, lengthBytes: number): boolean {
    if (lengthBytes > SHORT_BYTES || this.#isOff) return false
    if (!this.#see(Math.floor(offsetBytes / UNIT_BYTES))) return false
    this.#isOff = FOR_GOOD.has(this.#folios.split(this.#fd, offsetBytes))
    return true
  }

  /** Comes after a write. */
  after(offsetBytes: number, lengthBytes: number, tookMs: number, nowMs: number): void {
    if (lengthBytes > SHORT_BYTES || this.#isOff || tookMs < SLOW_MS + SLOW_MS_PER_BYTE * lengthBytes) return
    if (this.#slow.size === 0) this.#slowSinceMs = nowMs
    if (this.#slow.size < SLOW_UNITS) this.#slow.add(Math.floor(offsetBytes / UNIT_BYTES))
    if (nowMs - this.#slowSinceMs < AGAIN_MS) return
    for (const unit of this.#slow) this.#forget(unit)
    this.#slow.clear()
  }

  /** @returns whether the unit had not been seen */
  #see(unit: number): boolean {
    const chunk = Math.floor(unit / CHUNK_UNITS)
    const bits = (this.#seen[chunk] ??= new Uint8Array(CHUNK_UNITS / 8))
    const at = unit % CHUNK_UNITS
    const byte = bits[at >>> 3] as number
    const bit = 1 << (at & 7)
    bits[at >>> 3] = byte | bit
    return (byte & bit) === 0
  }

  #forget(unit: number): void {
    const bits = this.#seen[Math.floor(unit / CHUNK_UNITS)]
    const at = unit % CHUNK_UNITS
    if (bits) bits[at >>> 3] = (bits[at >>> 3] as number) & ~(1 << (at & 7))
  }
}
