import {invariant} from '../base/index.js'

/** Submitted, not completed. */
export const WRITE_IN_FLIGHT = 0
/** Completed OK, not stable yet. */
export const WRITE_VOLATILE = 1
/** Stable by itself: at completion, or by a sync of its own. */
export const WRITE_STABLE_OWN = 2
/** Stable since a flush covered it. */
export const WRITE_STABLE_FLUSH = 3
/** Ended with an error after it had started: every sector old or new, for ever. */
export const WRITE_FAILED = 4
/** Completed OK, then a sync failed: present or not, and no later sync can settle it. */
export const WRITE_POISONED = 5
/** Never touched the image. */
export const WRITE_VOID = 6

/** Of a small trace, of which an exploration may judge thousands. */
const FIRST_CAPACITY = 16

/**
 * Every write of a run in columns, by index in the order of submission. Columns instead of objects, because a run may hold
 * millions of writes and a sweep over all of them must stay cheap.
 */
export class WriteLog {
  #count = 0
  #ids = new Float64Array(FIRST_CAPACITY)
  #froms = new Float64Array(FIRST_CAPACITY)
  #tos = new Float64Array(FIRST_CAPACITY)
  #begins = new Float64Array(FIRST_CAPACITY)
  #ends = new Float64Array(FIRST_CAPACITY)
  #causes = new Float64Array(FIRST_CAPACITY)
  #states = new Uint8Array(FIRST_CAPACITY)

  get count(): number {
    return this.#count
  }

  /** Request ids, ascending. */
  get ids(): Float64Array {
    return this.#ids
  }

  /** First byte. */
  get froms(): Float64Array {
    return this.#froms
  }

  /** The byte after the last. */
  get tos(): Float64Array {
    return this.#tos
  }

  /** Position before which whatever ended is ordered before the write. */
  get begins(): Float64Array {
    return this.#begins
  }

  /** Position of completion; Infinity while in flight. */
  get ends(): Float64Array {
    return this.#ends
  }

  /** STABLE_FLUSH: the request that made it stable. POISONED: which poisoning, counted from 0. */
  get causes(): Float64Array {
    return this.#causes
  }

  /** One of the WRITE_* states. */
  get states(): Uint8Array {
    return this.#states
  }

  /** Appends a write in flight and answers its index. Ids must ascend. */
  add(id: number, fromBytes: number, lengthBytes: number, begin: number): number {
    const index = this.#count
    invariant(index === 0 || id > (this.#ids[index - 1] ?? 0), `write #${id} was submitted after a higher id`)
    if (index === this.#ids.length) this.#grow()
    this.#ids[index] = id
    this.#froms[index] = fromBytes
    this.#tos[index] = fromBytes + lengthBytes
    this.#begins[index] = begin
    this.#ends[index] = Infinity
    this.#states[index] = WRITE_IN_FLIGHT
    this.#count++
    return index
  }

  /** The index of a request id, or -1 when it is not a write of this run. */
  find(id: number): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#ids[middle] ?? Infinity) < id) low = middle + 1
      else high = middle
    }
    return low < this.#count && this.#ids[low] === id ? low : -1
  }

  isStable(index: number): boolean {
    const state = this.#states[index]
    return state === WRITE_STABLE_OWN || state === WRITE_STABLE_FLUSH
  }

  #grow(): void {
    const wider = (column: Float64Array): Float64Array<ArrayBuffer> => {
      const copy = new Float64Array(column.length * 2)
      copy.set(column)
      return copy
    }
    this.#ids = wider(this.#ids)
    this.#froms = wider(this.#froms)
    this.#tos = wider(this.#tos)
    this.#begins = wider(this.#begins)
    this.#ends = wider(this.#ends)
    this.#causes = wider(this.#causes)
    const states = new Uint8Array(this.#states.length * 2)
    states.set(this.#states)
    this.#states = states
  }
}
