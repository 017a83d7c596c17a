import {SECTOR_BYTES, type Range} from '../base/index.js'
import type {ImageSource} from '../image/index.js'
import {
  colored,
  COLOR_ROW_TEXT_MAX,
  putBytes,
  putHexdumpRow,
  putOffset,
  putXxdRow,
  ROW_BYTES,
  ROW_TEXT_MAX,
  type HexStyle,
  type PutRow,
} from './hex-table.js'
import {refuseShortened} from './shortened.js'

export interface DumpOptions {
  readonly style: HexStyle
  /** As hexdump does without -v, and xxd with -a: rows that repeat become one "*". */
  readonly fold: boolean
  /** A line above the first row shown of each sector. */
  readonly sectors: boolean
  readonly color: boolean
  /** The parts that may hold anything but zeroes, in order: what is between them need not be read. Undefined: all. */
  readonly data?: readonly Range[] | undefined
}

/** Read at a time; a whole number of rows. */
const CHUNK_BYTES = 64 * 1024
const RULER_TEXT_MAX = 96
const STAR = Buffer.from('*\n')
const ZERO_ROW = Buffer.alloc(ROW_BYTES)

/**
 * The hex view of a range, in pieces, with bounded memory. Each piece is valid only until the next one is asked for. The range is
 * cut where the source ends.
 *
 * @throws ToolError of kind io when the source cannot be read, or, behind all that could be shown, has become shorter meanwhile
 */
export function* hexDump(source: ImageSource, range: Range, options: DumpOptions): Generator<Uint8Array> {
  const rowMax = (options.color ? COLOR_ROW_TEXT_MAX : ROW_TEXT_MAX) + (options.sectors ? RULER_TEXT_MAX : 0)
  const text = new HexText(Buffer.allocUnsafeSlow((CHUNK_BYTES / ROW_BYTES + 4) * rowMax), options)
  const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  const endBytes = Math.min(range.offsetBytes + range.lengthBytes, source.sizeBytes)
  const zeroes = new ZeroSkip(options.data)
  let cursorBytes = range.offsetBytes
  while (cursorBytes < endBytes) {
    if (text.inZeroes) {
      // A folded run of zeroes goes on to the next data: all whole rows before it, but the last (xxd shows that one).
      const zeroBytes = Math.min(zeroes.nextData(cursorBytes), endBytes) - cursorBytes
      const rows = Math.floor(zeroBytes / ROW_BYTES) - 1
      if (rows > 0) {
        text.skipZeroRows(rows)
        cursorBytes += rows * ROW_BYTES
      }
    }
    const wantedBytes = Math.min(CHUNK_BYTES, endBytes - cursorBytes)
    const gotBytes = source.readInto(chunk.subarray(0, wantedBytes), cursorBytes)
    text.addRows(chunk, gotBytes, cursorBytes)
    cursorBytes += gotBytes
    yield text.take()
    if (gotBytes < wantedBytes) break
  }
  text.end(cursorBytes, cursorBytes > range.offsetBytes)
  yield text.take()
  refuseShortened(source)
}

/** Where the next data is: asked with offsets that only grow. */
class ZeroSkip {
  readonly #data: readonly Range[] | undefined
  #at = 0

  constructor(data: readonly Range[] | undefined) {
    this.#data = data
  }

  nextData(offsetBytes: number): number {
    if (this.#data === undefined) return offsetBytes
    let range = this.#data[this.#at]
    while (range !== undefined && range.offsetBytes + range.lengthBytes <= offsetBytes) range = this.#data[++this.#at]
    return range === undefined ? Infinity : Math.max(range.offsetBytes, offsetBytes)
  }
}

function sameRow(a: Uint8Array, aFrom: number, b: Uint8Array, bFrom: number): boolean {
  for (let i = 0; i < ROW_BYTES; i++) if (a[aFrom + i] !== b[bFrom + i]) return false
  return true
}

function isZeroRow(bytes: Uint8Array, from: number): boolean {
  return sameRow(bytes, from, ZERO_ROW, 0)
}

/** The text of rows, collected in one buffer, with what repeats folded as the peer of the style does. */
class HexText {
  readonly #out: Buffer
  readonly #options: DumpOptions
  readonly #put: PutRow
  /** The last row of the chunk before. */
  readonly #kept = Buffer.alloc(ROW_BYTES)
  /** The row before: in the chunk, or `#kept`. */
  #before: Buffer = this.#kept
  #beforeAt = 0
  #end = 0
  /** Rows like the last one printed, not printed themselves. Under xxd only rows of zeroes count. */
  #folded = 0
  #sector = -1
  #hasBefore = false
  /** Where the last folded row begins. */
  #foldedOffsetBytes = 0

  constructor(out: Buffer, options: DumpOptions) {
    this.#out = out
    this.#options = options
    const plain = options.style === 'hexdump' ? putHexdumpRow : putXxdRow
    this.#put = options.color ? colored(options.style) : plain
  }

  /** More zeroes would only make a run longer whose text is decided. */
  get inZeroes(): boolean {
    return this.#folded >= 2 && isZeroRow(this.#kept, 0)
  }

  skipZeroRows(rows: number): void {
    this.#folded += rows
    this.#foldedOffsetBytes += rows * ROW_BYTES
  }

  take(): Uint8Array {
    const text = this.#out.subarray(0, this.#end)
    this.#end = 0
    return text
  }

  addRows(bytes: Buffer, lengthBytes: number, offsetBytes: number): void {
    if (this.#options.fold) this.#addFolding(bytes, lengthBytes, offsetBytes)
    else {
      for (let from = 0; from < lengthBytes; from += ROW_BYTES) {
        this.#row(bytes, from, Math.min(from + ROW_BYTES, lengthBytes), offsetBytes + from)
      }
    }
  }

  #addFolding(bytes: Buffer, lengthBytes: number, offsetBytes: number): void {
    const zeroesOnly = this.#options.style === 'xxd'
    for (let from = 0; from < lengthBytes; from += ROW_BYTES) {
      const to = Math.min(from + ROW_BYTES, lengthBytes)
      if (to - from === ROW_BYTES && this.#hasBefore && sameRow(bytes, from, this.#before, this.#beforeAt)) {
        this.#folded++
        this.#foldedOffsetBytes = offsetBytes + from
        continue
      }
      if (this.#folded > 0) this.#unfold()
      this.#row(bytes, from, to, offsetBytes + from)
      this.#before = bytes
      this.#beforeAt = from
      this.#hasBefore = to - from === ROW_BYTES && (!zeroesOnly || isZeroRow(bytes, from))
    }
    // The chunk is read over next.
    if (this.#hasBefore) this.#before.copy(this.#kept, 0, this.#beforeAt, this.#beforeAt + ROW_BYTES)
    this.#before = this.#kept
    this.#beforeAt = 0
  }

  /** Ends a run of folded rows before another row: xxd prints a single one in full. */
  #unfold(): void {
    if (this.#options.style === 'xxd' && this.#folded === 1) this.#row(ZERO_ROW, 0, ROW_BYTES, this.#foldedOffsetBytes)
    else this.#star()
    this.#folded = 0
  }

  #star(): void {
    this.#end = putBytes(this.#out, this.#end, STAR)
  }

  #row(bytes: Uint8Array, from: number, to: number, offsetBytes: number): void {
    if (this.#options.sectors) this.#ruler(offsetBytes)
    const behindOffset = putOffset(this.#out, this.#end, offsetBytes)
    this.#end = this.#put(this.#out, behindOffset, bytes, from, to)
  }

  #ruler(offsetBytes: number): void {
    const sector = Math.floor(offsetBytes / SECTOR_BYTES)
    if (sector === this.#sector) return
    this.#sector = sector
    const line = `--- sector ${sector} `.padEnd(78, '-')
    this.#end = putBytes(this.#out, this.#end, Buffer.from(`${line}\n`))
  }

  /** What comes behind the last row: hexdump prints where the bytes end, xxd the last row of a folded run. */
  end(offsetBytes: number, any: boolean): void {
    if (this.#options.style === 'hexdump') {
      if (this.#folded > 0) this.#unfold()
      if (!any) return
      this.#end = putOffset(this.#out, this.#end, offsetBytes)
      this.#out[this.#end++] = 0x0a
      return
    }
    const last = this.#folded
    if (last === 0) return
    if (last === 2) this.#row(ZERO_ROW, 0, ROW_BYTES, this.#foldedOffsetBytes - ROW_BYTES)
    else if (last > 2) this.#star()
    this.#row(ZERO_ROW, 0, ROW_BYTES, this.#foldedOffsetBytes)
  }
}

/**
 * The bytes of a range as they are, in pieces; each is valid only until the next one is asked for.
 *
 * @throws ToolError as hexDump does
 */
export function* rawBytes(source: ImageSource, range: Range): Generator<Uint8Array> {
  const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  const endBytes = Math.min(range.offsetBytes + range.lengthBytes, source.sizeBytes)
  for (let cursorBytes = range.offsetBytes; cursorBytes < endBytes;) {
    const gotBytes = source.readInto(chunk.subarray(0, Math.min(CHUNK_BYTES, endBytes - cursorBytes)), cursorBytes)
    if (gotBytes === 0) break
    yield chunk.subarray(0, gotBytes)
    cursorBytes += gotBytes
  }
  refuseShortened(source)
}
