import {crc32} from 'node:zlib'

import {Prng} from '../base/index.js'

/** What stands at the start of a block that can be checked. */
const MAGIC = Buffer.from('fpverify')
const SEED_AT = 8
const OFFSET_AT = 16
const CHECKSUM_AT = 24
const HEAD_BYTES = 28

/**
 * Content that can be checked later: each unit holds what belongs at its place under a seed, whichever write put it there and
 * however often. Magic, seed and offset (little-endian), a CRC-32 of the rest of the unit, then bytes drawn from seed and offset.
 */
export class CheckedContent {
  readonly #unitBytes: number
  readonly #seed: number
  readonly #expected: Buffer

  /** @param unitBytes the smallest block of the workload, at least one sector */
  constructor(unitBytes: number, seed: number) {
    this.#unitBytes = unitBytes
    this.#seed = seed
    this.#expected = Buffer.alloc(unitBytes)
  }

  /** Fills whole units. */
  fill(target: Uint8Array, offsetBytes: number): void {
    for (let at = 0; at < target.length; at += this.#unitBytes) {
      this.#compose(offsetBytes + at)
      target.set(this.#expected, at)
    }
  }

  /** The first byte of a unit that is not what belongs there, from its start; -1 when all is well. */
  firstDifference(found: Uint8Array, offsetBytes: number): number {
    this.#compose(offsetBytes)
    if (this.#expected.equals(found)) return -1
    return this.#expected.findIndex((byte, i) => byte !== found[i])
  }

  /** Nothing of a unit looks as though a workload that can be checked had written it. */
  isForeign(found: Uint8Array): boolean {
    return !MAGIC.equals(found.subarray(0, MAGIC.length))
  }

  #compose(offsetBytes: number): void {
    const unit = this.#expected
    MAGIC.copy(unit)
    unit.writeDoubleLE(this.#seed, SEED_AT)
    unit.writeDoubleLE(offsetBytes, OFFSET_AT)
    const rest = unit.subarray(HEAD_BYTES)
    new Prng(this.#seed * 2 ** 20 + offsetBytes / this.#unitBytes).fill(rest)
    unit.writeUInt32LE(crc32(rest), CHECKSUM_AT)
  }
}

/** A bit for each unit of a region. */
export class UnitMap {
  readonly #bits: Uint32Array
  readonly count: number

  constructor(count: number) {
    this.count = count
    this.#bits = new Uint32Array(Math.ceil(count / 32))
  }

  add(first: number, count: number): void {
    for (let unit = first; unit < first + count; unit++)
      this.#bits[unit >>> 5] = (this.#bits[unit >>> 5] ?? 0) | (1 << (unit & 31))
  }

  has(unit: number): boolean {
    return ((this.#bits[unit >>> 5] ?? 0) & (1 << (unit & 31))) !== 0
  }

  /** Takes over what another map of the same region has. */
  merge(bits: Uint32Array): void {
    for (let i = 0; i < bits.length; i++) this.#bits[i] = (this.#bits[i] ?? 0) | (bits[i] ?? 0)
  }

  get bits(): Uint32Array {
    return this.#bits
  }
}
