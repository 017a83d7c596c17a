import type {Folios} from '../native/index.js'

/** What is looked at together: a split folio is larger in most cases, and what is smaller costs little. */
const UNIT_BYTES = 256 * 1024
/** Longer writes are faster into large folios. */
const SHORT_BYTES = 16 * 1024
/** A short write into single pages takes a third of that, one into a folio of 1 MiB twice as long. */
const SLOW_MS = 0.01
/** A unit where writes are slow is looked at again after so long: by then what was dirty may be written back. */
const AGAIN_MS = 5000
/** So many units that are slow are remembered. */
const SLOW_UNITS = 4096

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
    // Where it cannot be done once it cannot be done ever.
    this.#isOff = this.#folios.split(this.#fd, offsetBytes) < 0
    return true
  }

  /** Comes after a write. */
  after(offsetBytes: number, lengthBytes: number, tookMs: number, nowMs: number): void {
    if (tookMs < SLOW_MS || lengthBytes > SHORT_BYTES || this.#isOff) return
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
