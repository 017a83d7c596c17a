import type {FreshRange} from './fresh.js'
import {MinHeap} from './heap.js'
import type {WriteLog} from './write-log.js'

/** Bytes that a crash may lose or change, and the writes that put them there. */
export interface RiskRange {
  readonly offsetBytes: number
  readonly lengthBytes: number
  /** Ids, ascending, of the writes here that the crash may undo. */
  readonly requests: readonly number[]
}

/** What a crash may lose or change. Ranges ascend and do not overlap; `bytes` counts each byte once. */
export interface AtRisk {
  readonly bytes: number
  readonly ranges: readonly RiskRange[]
}

/** The writes that take part, as indices of the log. A write left out is neither lost nor supersedes anything. */
export interface RiskInput {
  readonly log: WriteLog
  /** Not guaranteed to survive anywhere. */
  readonly lost: readonly number[]
  /** Guaranteed where their range is not fresh. */
  readonly unsure: readonly number[]
  /** Guaranteed to survive. */
  readonly durable: readonly number[]
  readonly fresh: readonly FreshRange[]
}

const ROLE_LOST = 0
const ROLE_UNSURE = 1
const ROLE_DURABLE = 2
const ROLE_FRESH = 3

/**
 * The bytes on which a write that is not guaranteed to survive may show, or fail to show, after the crash: it is not ordered
 * before a guaranteed write of the same byte (semantics 8.2). One sweep over the ends of all ranges: O(n log n), and the size of
 * the answer.
 */
export function riskOf(input: RiskInput): AtRisk {
  return new Sweep(input).run()
}

interface OpenRange {
  readonly offsetBytes: number
  lengthBytes: number
  readonly requests: readonly number[]
}

class Sweep {
  readonly #log: WriteLog
  readonly #froms: number[] = []
  readonly #tos: number[] = []
  readonly #roles: number[] = []
  /** Index into the log for writes, into `fresh` for fresh ranges. */
  readonly #refs: number[] = []
  readonly #fresh: readonly FreshRange[]
  /** The lost and unsure writes over the current position, and where in the list each item is. */
  readonly #active: number[] = []
  readonly #slots: Int32Array
  readonly #latestDurable = new MinHeap()
  readonly #earliestFresh = new MinHeap()
  readonly #ranges: OpenRange[] = []
  #bytes = 0

  constructor(input: RiskInput) {
    this.#log = input.log
    this.#fresh = input.fresh
    const addWrites = (writes: readonly number[], role: number): void => {
      for (const index of writes) this.#addItem(input.log.froms[index] ?? 0, input.log.tos[index] ?? 0, role, index)
    }
    addWrites(input.lost, ROLE_LOST)
    addWrites(input.unsure, ROLE_UNSURE)
    addWrites(input.durable, ROLE_DURABLE)
    input.fresh.forEach((range, index) => this.#addItem(range.from, range.to, ROLE_FRESH, index))
    this.#slots = new Int32Array(this.#froms.length)
  }

  run(): AtRisk {
    const count = this.#froms.length
    const starts = sortedBy(this.#froms)
    const ends = sortedBy(this.#tos)
    let opened = 0
    let closed = 0
    let position = this.#froms[starts[0] ?? 0] ?? 0
    while (closed < count) {
      while (closed < count && this.#to(ends[closed]) <= position) this.#close(ends[closed++] ?? 0)
      while (opened < count && this.#from(starts[opened]) <= position) this.#open(starts[opened++] ?? 0)
      const next = Math.min(
        opened < count ? this.#from(starts[opened]) : Infinity,
        closed < count ? this.#to(ends[closed]) : Infinity,
      )
      if (this.#active.length > 0) this.#emit(position, next)
      position = next
    }
    return {bytes: this.#bytes, ranges: this.#ranges}
  }

  #addItem(from: number, to: number, role: number, ref: number): void {
    if (to <= from) return
    this.#froms.push(from)
    this.#tos.push(to)
    this.#roles.push(role)
    this.#refs.push(ref)
  }

  #from(item: number | undefined): number {
    return this.#froms[item ?? -1] ?? Infinity
  }

  #to(item: number | undefined): number {
    return this.#tos[item ?? -1] ?? Infinity
  }

  #open(item: number): void {
    const ref = this.#refs[item] ?? 0
    const role = this.#roles[item]
    if (role === ROLE_DURABLE) {
      this.#latestDurable.push(-(this.#log.begins[ref] ?? 0), item)
      return
    }
    if (role === ROLE_FRESH) {
      this.#earliestFresh.push(this.#fresh[ref]?.since ?? 0, item)
      return
    }
    this.#slots[item] = this.#active.length
    this.#active.push(item)
  }

  #close(item: number): void {
    const role = this.#roles[item]
    if (role === ROLE_DURABLE || role === ROLE_FRESH) return // the heaps drop it when it comes up
    const last = this.#active.pop() ?? item
    if (last === item) return
    const slot = this.#slots[item] ?? 0
    this.#active[slot] = last
    this.#slots[last] = slot
  }

  #topKey(heap: MinHeap, position: number): number | undefined {
    while (heap.top !== undefined && this.#to(heap.top) <= position) heap.pop()
    return heap.topKey
  }

  #emit(from: number, to: number): void {
    const {begins, ends, ids} = this.#log
    const freshSince = this.#topKey(this.#earliestFresh, from) ?? Infinity
    // Whatever ended before the latest begin of a guaranteed write is overwritten for good.
    let floor = -(this.#topKey(this.#latestDurable, from) ?? 0)
    const isLost = (item: number, end: number): boolean => this.#roles[item] === ROLE_LOST || freshSince < end
    for (const item of this.#active) {
      const ref = this.#refs[item] ?? 0
      if (!isLost(item, ends[ref] ?? 0)) floor = Math.max(floor, begins[ref] ?? 0)
    }
    const requests: number[] = []
    for (const item of this.#active) {
      const ref = this.#refs[item] ?? 0
      const end = ends[ref] ?? 0
      if (end > floor && isLost(item, end)) requests.push(ids[ref] ?? 0)
    }
    if (requests.length === 0) return
    requests.sort((a, b) => a - b)
    this.#bytes += to - from
    const last = this.#ranges.at(-1)
    if (last && last.offsetBytes + last.lengthBytes === from && sameNumbers(last.requests, requests)) {
      last.lengthBytes += to - from
    } else {
      this.#ranges.push({offsetBytes: from, lengthBytes: to - from, requests})
    }
  }
}

function sortedBy(keys: readonly number[]): Uint32Array {
  const flat = Float64Array.from(keys)
  return Uint32Array.from({length: flat.length}, (_, i) => i).sort((a, b) => (flat[a] ?? 0) - (flat[b] ?? 0))
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i])
}
