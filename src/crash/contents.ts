import {Prng, SECTOR_BYTES, ToolError} from '../base/index.js'
import type {BeforeContent} from './before.js'
import type {TracedWrite, Units} from './units.js'

/**
 * What of a write a unit shows. `whole`: its data (zeroes for WRITE_ZEROES), or the content before the trace for writer 0. A
 * discarded unit reads as `zero`, as `old` (what was there) or as `any`thing, for which one pattern stands. A torn one is new on
 * the `left` or the `right` and shows another write in the other half, or is `garbage`.
 */
export type Part = 'whole' | 'zero' | 'old' | 'any' | 'left' | 'right' | 'garbage'

/** One possible content of a unit. */
export interface Content {
  /** Request id, 0 for the content before the trace. */
  readonly writer: number
  readonly part: Part
  /** For `old`, `left` and `right`: the write that shows beneath. */
  readonly under?: number | undefined
}

const ZEROES = new Uint8Array(SECTOR_BYTES)
const HALF = SECTOR_BYTES / 2
/** Units with more sectors than this are not compared byte by byte: equal contents are then told apart, at the price of time. */
const COMPARED_SECTORS = 64

interface Known {
  readonly contents: Content[]
  readonly numbers: Map<string, number>
  /** Number of the first content with the same bytes. */
  readonly classes: number[]
  readonly bytes: (Uint8Array | undefined)[]
}

/**
 * Every content that was ever asked for, numbered by unit, with its bytes. Bytes are made when first read and shared from then on:
 * nobody may write to them.
 */
export class ContentStore {
  readonly #before: BeforeContent
  readonly #writes: ReadonlyMap<number, TracedWrite>
  readonly #units: Units
  readonly #known: (Known | undefined)[] = []
  readonly #sectors: (readonly number[] | undefined)[] = []
  readonly #untouched = new Map<number, Uint8Array>()

  constructor(before: BeforeContent, writes: ReadonlyMap<number, TracedWrite>, units: Units) {
    this.#before = before
    this.#writes = writes
    this.#units = units
  }

  /** The number of a content of a unit; the same content has the same number for ever. */
  number(unit: number, content: Content): number {
    const known: Known = (this.#known[unit] ??= {contents: [], numbers: new Map(), classes: [], bytes: []})
    const key = `${content.writer} ${content.part} ${content.under ?? ''}`
    let number = known.numbers.get(key)
    if (number === undefined) {
      known.numbers.set(key, (number = known.contents.length))
      known.contents.push(content)
    }
    return number
  }

  /** The content behind a number. */
  content(unit: number, number: number): Content {
    const content = this.#known[unit]?.contents[number]
    if (content === undefined) throw new ToolError('bug', 'E_CONTENT', `unit ${unit} has no content ${number}`)
    return content
  }

  /** The number of the first content of the unit with the same bytes: contents of one class cannot be told apart by reading. */
  classOf(unit: number, number: number): number {
    const known = this.#known[unit]
    if (known === undefined) return number
    return (known.classes[number] ??= this.#findClass(unit, known, number))
  }

  /**
   * The bytes of one sector of the unit.
   *
   * @throws ToolError of kind format when the trace does not tell what a write carried, of kind usage when nobody knows what was there before
   */
  sector(unit: number, number: number, sector: number): Uint8Array {
    const bytes = this.#bytes(unit, number)
    if (bytes.length === SECTOR_BYTES) return bytes
    const at = this.#positionOf(unit, sector) * SECTOR_BYTES
    return bytes.subarray(at, at + SECTOR_BYTES)
  }

  /** The bytes of a sector from before the trace. @throws ToolError of kind usage when nobody knows them */
  untouched(sector: number): Uint8Array {
    let bytes = this.#untouched.get(sector)
    if (bytes === undefined) {
      bytes = new Uint8Array(SECTOR_BYTES)
      this.#before.read(sector * SECTOR_BYTES, bytes)
      if (this.#untouched.size < 65_536) this.#untouched.set(sector, bytes)
    }
    return bytes
  }

  #findClass(unit: number, known: Known, number: number): number {
    if (this.#sectorsOf(unit).length > COMPARED_SECTORS) return number
    for (let other = 0; other < known.contents.length; other++) {
      if (other !== number && known.classes[other] === other && this.#areEqual(unit, number, other)) return other
    }
    return number
  }

  #areEqual(unit: number, one: number, other: number): boolean {
    if (this.#isUnknown(unit, one) || this.#isUnknown(unit, other)) return false
    const [a, b] = [this.#bytes(unit, one), this.#bytes(unit, other)]
    return a.every((byte, i) => byte === b[i])
  }

  #isUnknown(unit: number, number: number): boolean {
    const {writer, under, part} = this.content(unit, number)
    const isUnknown = (id: number): boolean => {
      if (id === 0) return !this.#sectorsOf(unit).every((sector) => this.#before.knows(sector))
      const write = this.#writes.get(id)
      return write?.effect === 'data' && write.data === undefined
    }
    const hasUnder = part === 'old' || part === 'left' || part === 'right'
    return (part !== 'garbage' && isUnknown(writer)) || (hasUnder && isUnknown(under ?? 0))
  }

  #sectorsOf(unit: number): readonly number[] {
    return (this.#sectors[unit] ??= this.#units.sectorsOf(unit))
  }

  #positionOf(unit: number, sector: number): number {
    const sectors = this.#sectorsOf(unit)
    const guess = sector - (sectors[0] ?? 0)
    return sectors[guess] === sector ? guess : sectors.indexOf(sector)
  }

  #bytes(unit: number, number: number): Uint8Array {
    const known = this.#known[unit]
    const bytes = known?.bytes[number]
    if (bytes !== undefined) return bytes
    const content = this.content(unit, number)
    const sectors = this.#sectorsOf(unit)
    let made: Uint8Array
    if (sectors.length === 1) made = this.#sectorBytes(sectors[0] ?? 0, content)
    else {
      made = new Uint8Array(sectors.length * SECTOR_BYTES)
      sectors.forEach((sector, i) => made.set(this.#sectorBytes(sector, content), i * SECTOR_BYTES))
    }
    if (known) known.bytes[number] = made
    return made
  }

  #sectorBytes(sector: number, {writer, part, under}: Content): Uint8Array {
    switch (part) {
      case 'whole':
        return this.#wholeBytes(sector, writer)
      case 'zero':
        return ZEROES
      case 'old':
        return this.#wholeBytes(sector, under ?? 0)
      case 'any':
      case 'garbage':
        return garbage(sector, writer)
      case 'left':
        return joined(this.#wholeBytes(sector, writer), this.#wholeBytes(sector, under ?? 0))
      case 'right':
        return joined(this.#wholeBytes(sector, under ?? 0), this.#wholeBytes(sector, writer))
    }
  }

  #wholeBytes(sector: number, writer: number): Uint8Array {
    if (writer === 0) return this.untouched(sector)
    const write = this.#writes.get(writer)
    if (write === undefined || write.effect !== 'data') return ZEROES
    const at = (sector - write.from) * SECTOR_BYTES
    if (write.data === undefined || write.data.length < at + SECTOR_BYTES) {
      throw new ToolError('format', 'E_TRACE_DATA', `the trace does not tell what write #${writer} carried`, {
        hint: 'Record it with its data, or write the data into the trace.',
      })
    }
    return write.data.subarray(at, at + SECTOR_BYTES)
  }
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(left)
  bytes.set(right.subarray(HALF), HALF)
  return bytes
}

/** The same for the same sector and write, unlike anything a program writes. */
function garbage(sector: number, writer: number): Uint8Array {
  const bytes = new Uint8Array(SECTOR_BYTES)
  new Prng(sector * 65_537 + writer).fill(bytes)
  return bytes
}
