import type {Range} from './range.js'
import {SECTOR_BYTES} from './units.js'

/** Sectors one piece of a map covers: 4 MiB of the image in 1 KiB of memory. */
const PIECE_SECTORS = 8192
const PIECE_WORDS = PIECE_SECTORS / 32

/** Sectors of an image, as bits; only what is touched takes memory. */
export class SectorSet {
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

  /** Adds the sectors that a range of bytes touches. @returns where they had not been, joined and in order */
  addNew(offsetBytes: number, lengthBytes: number): Range[] {
    const added: Range[] = []
    let sector = Math.floor(offsetBytes / SECTOR_BYTES)
    const end = Math.ceil((offsetBytes + lengthBytes) / SECTOR_BYTES)
    let from = -1
    while (sector < end) {
      const words = this.#pieces.get(Math.floor(sector / PIECE_SECTORS))
      const isNew = words === undefined || !has(words, sector % PIECE_SECTORS)
      if (isNew && from < 0) from = sector
      if (!isNew && from >= 0) {
        added.push(rangeOf(from, sector))
        from = -1
      }
      sector += words === undefined ? PIECE_SECTORS - (sector % PIECE_SECTORS) : 1
    }
    if (from >= 0) added.push(rangeOf(from, end))
    for (const range of added) this.add(range.offsetBytes, range.lengthBytes)
    return added
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

function has(words: Uint32Array, bit: number): boolean {
  return (((words[bit >>> 5] as number) >>> (bit % 32)) & 1) === 1
}

function rangeOf(fromSector: number, endSector: number): Range {
  return {offsetBytes: fromSector * SECTOR_BYTES, lengthBytes: (endSector - fromSector) * SECTOR_BYTES}
}
