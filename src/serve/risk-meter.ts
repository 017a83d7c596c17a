import {SECTOR_BYTES, type Range} from '../base/index.js'

/** Sectors one piece of a map covers: 4 MiB of the image in 1 KiB of memory. */
const PIECE_SECTORS = 8192
const PIECE_WORDS = PIECE_SECTORS / 32

/** Sectors of an image, as bits; only what is touched takes memory. */
class SectorSet {
  readonly #pieces = new Map<number, Uint32Array>()
  #count = 0

  get size(): number {
    return this.#count
  }

  /** Adds the sectors that a range of bytes touches. */
  add(offsetBytes: number, lengthBytes: number): void {
    let sector = Math.floor(offsetBytes / SECTOR_BYTES)
    const end = Math.ceil((offsetBytes + lengthBytes) / SECTOR_BYTES)
    while (sector < end) {
      const piece = this.#pieceOf(Math.floor(sector / PIECE_SECTORS))
      const bit = sector % 32
      const bits = Math.min(32 - bit, end - sector)
      this.#put(piece, (sector % PIECE_SECTORS) >>> 5, bits === 32 ? 0xffffffff : (((1 << bits) - 1) << bit) >>> 0)
      sector += bits
    }
  }

  addAll(other: SectorSet): void {
    for (const [number, words] of other.#pieces) {
      const piece = this.#pieceOf(number)
      for (let i = 0; i < PIECE_WORDS; i++) this.#put(piece, i, words[i] as number)
    }
  }

  #pieceOf(number: number): Uint32Array {
    let piece = this.#pieces.get(number)
    if (piece === undefined) {
      piece = new Uint32Array(PIECE_WORDS)
      this.#pieces.set(number, piece)
    }
    return piece
  }

  #put(piece: Uint32Array, word: number, mask: number): void {
    const before = piece[word] as number
    piece[word] = before | mask
    this.#count += bitCount(mask & ~before)
  }
}

function bitCount(word: number): number {
  let count = word - ((word >>> 1) & 0x55555555)
  count = (count & 0x33333333) + ((count >>> 2) & 0x33333333)
  return Math.imul((count + (count >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/**
 * How many bytes a power cut may take away now, in memory bounded by what was written since the last flush (1/4096 of it) however
 * long the server runs. Never less than the ledger's answer; more where a stable write supersedes a volatile one, which this does
 * not follow.
 */
export class RiskMeter {
  /** What ended since a flush began, oldest first; the last takes what ends now. */
  #sets: {readonly epoch: number; readonly sectors: SectorSet}[] = [{epoch: 1, sectors: new SectorSet()}]
  #epoch = 1
  #isPoisoned = false

  /** A write that is not stable has ended, well or not. */
  wrote(offsetBytes: number, lengthBytes: number): void {
    this.#sets.at(-1)?.sectors.add(offsetBytes, lengthBytes)
  }

  /** Nothing that has ended is left to be made stable. */
  get isSettled(): boolean {
    return !this.#isPoisoned && this.#sets.every(({sectors}) => sectors.size === 0)
  }

  /** A flush has been submitted: it covers what has ended. @returns its number for flushed() */
  flushBegan(): number {
    const covers = this.#epoch
    if (!this.#isPoisoned && (this.#sets.at(-1)?.sectors.size ?? 0) > 0) {
      this.#epoch++
      this.#sets.push({epoch: this.#epoch, sectors: new SectorSet()})
      return covers
    }
    return covers - 1
  }

  /** That flush has ended well. */
  flushed(covers: number): void {
    if (!this.#isPoisoned) this.#sets = this.#sets.filter(({epoch}) => epoch > covers)
  }

  /** A sync has failed: nothing that was written is sure any more, whatever later flushes say. */
  poisoned(): void {
    this.#isPoisoned = true
  }

  /** @param inFlight writes that have not ended */
  bytesAtRisk(inFlight: readonly Range[]): number {
    const [first] = this.#sets
    if (this.#sets.length === 1 && inFlight.length === 0) return (first?.sectors.size ?? 0) * SECTOR_BYTES
    const union = new SectorSet()
    for (const {sectors} of this.#sets) union.addAll(sectors)
    for (const {offsetBytes, lengthBytes} of inFlight) union.add(offsetBytes, lengthBytes)
    return union.size * SECTOR_BYTES
  }
}
