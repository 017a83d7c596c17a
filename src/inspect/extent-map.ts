import type {Range} from '../base/index.js'
import {dataParts, type ImageSource} from '../image/index.js'
import {loadLibc, type Extent, type Libc, type LibcAnswer} from '../native/index.js'

/** What the blocks of an extent are: written, not there, or reserved and never written. The last two read as zeroes. */
export type ExtentKind = 'data' | 'hole' | 'unwritten'

/** A stretch of an image that is the same throughout; neighbours differ. Offsets are those of the source. */
export interface MapExtent extends Range {
  readonly kind: ExtentKind
  /** Its data is in host memory and may not be on the disk yet: allocation is delayed, or the blocks count as unwritten. */
  readonly delayed: boolean
  /** Its blocks belong to another file too (reflink, snapshot): a write goes elsewhere. */
  readonly shared: boolean
  /** Data that is all zeroes. Known only after markZeroes. */
  readonly zeroes: boolean
}

/** Where the data of an image is. The extents cover it from its first byte to its last, in order, without gaps. */
export interface ExtentMap {
  readonly sizeBytes: number
  readonly extents: readonly MapExtent[]
  /** Why holes cannot be told from data; undefined where they are. */
  readonly holesUnknown: string | undefined
  /** Why unwritten, delayed and shared extents cannot be told; undefined where they are. */
  readonly physicalUnknown: string | undefined
}

/** FIEMAP_EXTENT_* of linux/fiemap.h. */
const DELALLOC = 0x4
const UNWRITTEN = 0x800
const SHARED = 0x2000

/**
 * Asks the file system where data and holes are (SEEK_DATA, SEEK_HOLE) and what its extents are (FIEMAP). Nothing is read and
 * nothing is synced, so data without a place on the disk yet shows as delayed. A block device is data throughout.
 *
 * @param what `data` leaves out what the extents are: then unwritten ones are holes, and nothing is delayed or shared
 */
export async function mapExtents(source: ImageSource, what: 'data' | 'extents' = 'extents'): Promise<ExtentMap> {
  return mapWith(source, await loadLibc(), what)
}

/** The parts of a source that may hold anything but zeroes, in order; undefined where the file system does not tell. */
export async function dataRanges(source: ImageSource): Promise<Range[] | undefined> {
  const native = await loadLibc()
  const {fd, startBytes, sizeBytes, blockDevice} = source
  if (!native.ok || blockDevice) return undefined
  const parts = dataParts(native.libc, fd, startBytes, startBytes + sizeBytes)
  return parts?.map(({offsetBytes, lengthBytes}) => ({offsetBytes: offsetBytes - startBytes, lengthBytes}))
}

/** The map as far as the calls at hand can tell. */
export function mapWith(source: ImageSource, native: LibcAnswer, what: 'data' | 'extents' = 'extents'): ExtentMap {
  const {sizeBytes, startBytes, fd, blockDevice} = source
  const unknown = blockDevice ? 'a block device does not tell' : native.ok ? undefined : native.reason
  if (unknown !== undefined || !native.ok) return opaque(sizeBytes, unknown ?? '')
  const parts = dataParts(native.libc, fd, startBytes, startBytes + sizeBytes)
  if (parts === undefined) return opaque(sizeBytes, 'the file system does not tell')
  const physical = what === 'data' ? [] : physicalExtents(native.libc, source)
  return {
    sizeBytes,
    extents: overlay(source, parts, physical ?? []),
    holesUnknown: undefined,
    physicalUnknown: physical === undefined ? 'the file system has no FIEMAP' : undefined,
  }
}

function opaque(sizeBytes: number, why: string): ExtentMap {
  const whole: MapExtent = {
    offsetBytes: 0,
    lengthBytes: sizeBytes,
    kind: 'data',
    delayed: false,
    shared: false,
    zeroes: false,
  }
  return {sizeBytes, extents: sizeBytes === 0 ? [] : [whole], holesUnknown: why, physicalUnknown: why}
}

function physicalExtents(libc: Pick<Libc, 'fiemap'>, {fd, startBytes, sizeBytes}: ImageSource): Extent[] | undefined {
  const found = libc.fiemap(fd, startBytes, sizeBytes)
  return typeof found === 'number' ? undefined : found
}

/** A list of ranges that a cursor only moves forward on. */
class Row<T extends Range> {
  readonly #ranges: readonly T[]
  #at = 0
  /** The range under the cursor, if one is there. */
  here: T | undefined
  /** Where the next change after the cursor is. */
  untilBytes = 0

  constructor(ranges: readonly T[]) {
    this.#ranges = ranges
  }

  moveTo(offsetBytes: number): void {
    let range = this.#ranges[this.#at]
    while (range !== undefined && range.offsetBytes + range.lengthBytes <= offsetBytes) {
      range = this.#ranges[++this.#at]
    }
    this.here = range !== undefined && range.offsetBytes <= offsetBytes ? range : undefined
    if (range === undefined) this.untilBytes = Infinity
    else this.untilBytes = this.here === undefined ? range.offsetBytes : range.offsetBytes + range.lengthBytes
  }
}

/** Puts what reads as data and what the blocks are on top of each other. */
function overlay(
  {startBytes, sizeBytes}: Pick<ImageSource, 'startBytes' | 'sizeBytes'>,
  parts: readonly Range[],
  physical: readonly Extent[],
): readonly MapExtent[] {
  const extents = new Joined()
  const [data, blocks] = [new Row(parts), new Row(physical)]
  const endBytes = startBytes + sizeBytes
  let cursorBytes = startBytes
  while (cursorBytes < endBytes) {
    data.moveTo(cursorBytes)
    blocks.moveTo(cursorBytes)
    const untilBytes = Math.min(data.untilBytes, blocks.untilBytes, endBytes)
    const flags = blocks.here?.flags ?? 0
    const unwritten = (flags & UNWRITTEN) !== 0
    const reads = data.here !== undefined
    extents.add({
      offsetBytes: cursorBytes - startBytes,
      lengthBytes: untilBytes - cursorBytes,
      kind: reads ? 'data' : unwritten ? 'unwritten' : 'hole',
      // Data over unwritten blocks is in the page cache, to be written (or, being zeroes, only read there).
      delayed: reads && (flags & (DELALLOC | UNWRITTEN)) !== 0,
      shared: reads && (flags & SHARED) !== 0,
      zeroes: false,
    })
    cursorBytes = untilBytes
  }
  return extents.list
}

/** An extent that nobody else has. */
type OwnExtent = {-readonly [Field in keyof MapExtent]: MapExtent[Field]}

/** Collects extents; one that is like the last makes the last longer. */
export class Joined {
  readonly #list: OwnExtent[] = []

  get list(): readonly MapExtent[] {
    return this.#list
  }

  /** Keeps the extent, and changes it when the next one is like it. */
  add(extent: OwnExtent): void {
    const last = this.#list.at(-1)
    if (last && alike(last, extent)) last.lengthBytes += extent.lengthBytes
    else this.#list.push(extent)
  }
}

function alike(a: MapExtent, b: MapExtent): boolean {
  return a.kind === b.kind && a.delayed === b.delayed && a.shared === b.shared && a.zeroes === b.zeroes
}
