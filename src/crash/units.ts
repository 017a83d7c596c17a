import {SECTOR_BYTES, ToolError} from '../base/index.js'
import {kindOfType, STEP_ZERO} from '../request/index.js'
import type {Trace} from '../trace/index.js'
import type {Atom} from './options.js'

const PAGE_SECTORS = 8

/** A write of a trace: where it lands, and what it leaves there. */
export interface TracedWrite {
  readonly id: number
  /** First sector. */
  readonly from: number
  /** The sector after the last. */
  readonly to: number
  readonly effect: 'data' | 'zeroes' | 'discard'
  /** What it carries; undefined where the trace does not tell. */
  readonly data: Uint8Array | undefined
}

/** Sectors in a row with the same writers. */
interface Segment {
  readonly from: number
  readonly to: number
  /** Number of its first unit. */
  readonly unit: number
  /** Ids, ascending. */
  readonly writers: readonly number[]
}

/** The writes of a trace that name sectors, by id. @throws ToolError of kind format for one that is not made of whole sectors */
export function tracedWrites(trace: Trace): Map<number, TracedWrite> {
  const writes = new Map<number, TracedWrite>()
  for (const {event, data} of trace.events) {
    if (event.kind !== 'submit') continue
    // Whether a SCSI command writes, and what, only its plan says.
    const kind = event.plan?.kind ?? kindOfType(event.type)
    if (kind === undefined || !kind.writes) continue
    const {id, offsetBytes, lengthBytes} = event
    if (offsetBytes % SECTOR_BYTES !== 0 || lengthBytes % SECTOR_BYTES !== 0) {
      throw new ToolError('format', 'E_TRACE', `write #${id} is not made of whole ${SECTOR_BYTES}-byte sectors`)
    }
    const effect = kind.operands === 'data' ? 'data' : kind.step === STEP_ZERO ? 'zeroes' : 'discard'
    const [from, to] = [offsetBytes / SECTOR_BYTES, (offsetBytes + lengthBytes) / SECTOR_BYTES]
    writes.set(id, {id, from, to, effect, data})
  }
  return writes
}

/**
 * The units of an image: sets of sectors that a crash leaves with the content of one and the same write. With atoms of 512 bytes
 * a unit is a sector; with larger ones, the sectors of an atom that have the same writers. Only sectors that some write of the trace
 * touches belong to a unit; what bounds differ between writes of one atom is bound together by the order of persistence.
 */
export class Units {
  readonly #segments: readonly Segment[]
  readonly #atom: Atom
  readonly #firstSectors: (number | undefined)[] = []
  readonly #writers: (readonly number[] | undefined)[] = []
  readonly count: number

  constructor(writes: Iterable<TracedWrite>, atom: Atom) {
    this.#atom = atom
    const {segments, count} = cutSegments([...writes], atom)
    this.#segments = segments
    this.count = count
  }

  /** The unit of a sector, -1 for one that no write touches. */
  unitOf(sector: number): number {
    const segments = this.#segments
    let low = 0
    let high = segments.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((segments[middle] as Segment).to <= sector) low = middle + 1
      else high = middle
    }
    const segment = segments[low]
    return segment === undefined || sector < segment.from ? -1 : segment.unit + this.#inSegment(segment, sector)
  }

  /** The sectors of a unit, ascending. */
  sectorsOf(unit: number): number[] {
    return this.#spans(unit).flatMap(([from, to]) => Array.from({length: to - from}, (_, i) => from + i))
  }

  /** The first sector of a unit. */
  firstSectorOf(unit: number): number {
    return (this.#firstSectors[unit] ??= this.#spans(unit)[0]?.[0] ?? 0)
  }

  /** Ids of the writes that touch the unit, ascending. */
  writersOf(unit: number): readonly number[] {
    return (this.#writers[unit] ??= this.#segmentOf(unit)?.writers ?? [])
  }

  #segmentOf(unit: number): Segment | undefined {
    if (this.#atom === 'request') return this.#segments.find((segment) => segment.unit === unit)
    const segments = this.#segments
    let low = 0
    let high = segments.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((segments[middle]?.unit ?? Infinity) <= unit) low = middle
      else high = middle - 1
    }
    return segments[low]
  }

  #spans(unit: number): (readonly [from: number, to: number])[] {
    if (this.#atom === 'request') {
      return this.#segments.filter((segment) => segment.unit === unit).map(({from, to}) => [from, to])
    }
    const segment = this.#segmentOf(unit)
    if (segment === undefined) return []
    const index = unit - segment.unit
    if (this.#atom !== 4096) return [[segment.from + index, segment.from + index + 1]]
    const page = Math.floor(segment.from / PAGE_SECTORS) + index
    return [[Math.max(segment.from, page * PAGE_SECTORS), Math.min(segment.to, (page + 1) * PAGE_SECTORS)]]
  }

  #inSegment(segment: Segment, sector: number): number {
    switch (this.#atom) {
      case 512:
      case 'torn':
        return sector - segment.from
      case 4096:
        return Math.floor(sector / PAGE_SECTORS) - Math.floor(segment.from / PAGE_SECTORS)
      case 'request':
        return 0
    }
  }
}

/** True when a crash takes or leaves both of these sectors of a write together. */
export function shareAtom(atom: Atom, oneSector: number, otherSector: number): boolean {
  switch (atom) {
    case 512:
    case 'torn':
      return oneSector === otherSector
    case 4096:
      return Math.floor(oneSector / PAGE_SECTORS) === Math.floor(otherSector / PAGE_SECTORS)
    case 'request':
      return true
  }
}

function cutSegments(writes: readonly TracedWrite[], atom: Atom): {segments: Segment[]; count: number} {
  const cuts = [...new Set(writes.flatMap(({from, to}) => [from, to]))].toSorted((a, b) => a - b)
  const opening = new Map<number, TracedWrite[]>()
  for (const write of writes) {
    if (write.to > write.from) opening.set(write.from, [...(opening.get(write.from) ?? []), write])
  }
  const segments: Segment[] = []
  const byWriters = new Map<string, number>()
  let active: TracedWrite[] = []
  let count = 0
  cuts.forEach((from, index) => {
    active = [...active.filter(({to}) => to > from), ...(opening.get(from) ?? [])]
    const to = cuts[index + 1]
    if (to === undefined || active.length === 0) return
    const writers = active.map(({id}) => id).toSorted((a, b) => a - b)
    const key = writers.join()
    const unit = (atom === 'request' ? byWriters.get(key) : undefined) ?? count
    if (atom === 'request') byWriters.set(key, unit)
    segments.push({from, to, unit, writers})
    count = Math.max(count, unit + unitsIn(atom, from, to))
  })
  return {segments, count}
}

function unitsIn(atom: Atom, from: number, to: number): number {
  switch (atom) {
    case 512:
    case 'torn':
      return to - from
    case 4096:
      return Math.floor((to - 1) / PAGE_SECTORS) - Math.floor(from / PAGE_SECTORS) + 1
    case 'request':
      return 1
  }
}
