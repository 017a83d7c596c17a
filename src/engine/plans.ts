import type {CacheMode} from '../cache-mode/index.js'
import type {OrderingMode} from '../ordering/index.js'
import {FLAG_COMBINATIONS, KIND_INDICES, kindIndex, kindOfType, lower, type Link, type Plan} from '../request/index.js'

type Table = (Plan | undefined)[]

/**
 * The plans of everything that can be asked for, each made when it is first needed. There is one table for the write cache on and
 * one for off: a request is executed as the cache was when it was submitted.
 */
export class Plans {
  readonly #mode: CacheMode
  readonly #ordering: OrderingMode
  readonly #link: Link
  readonly #tables: Readonly<Record<'on' | 'off', Table>> = {on: emptyTable(), off: emptyTable()}
  #table: Table
  #writeCache: boolean

  constructor(mode: CacheMode, ordering: OrderingMode, link: Link) {
    this.#mode = mode
    this.#ordering = ordering
    this.#link = link
    this.#writeCache = link.writeCache
    this.#table = link.writeCache ? this.#tables.on : this.#tables.off
  }

  /** Whether the write cache of the device is on now. */
  get writeCache(): boolean {
    return this.#writeCache
  }

  /** Switches the write cache, for requests submitted from now on. */
  set writeCache(on: boolean) {
    this.#writeCache = on
    this.#table = on ? this.#tables.on : this.#tables.off
  }

  /** @returns undefined for a type this device does not know */
  of(type: number, flags: number): Plan | undefined {
    const index = kindIndex(type) * FLAG_COMBINATIONS + (flags & (FLAG_COMBINATIONS - 1))
    return this.#table[index] ?? this.#lower(type, flags, index)
  }

  #lower(type: number, flags: number, index: number): Plan | undefined {
    const kind = kindOfType(type)
    if (kind === undefined) return undefined
    const link = {...this.#link, writeCache: this.#writeCache}
    const plan = lower(kind, flags & (FLAG_COMBINATIONS - 1), this.#mode, this.#ordering, link)
    this.#table[index] = plan
    return plan
  }
}

function emptyTable(): Table {
  return Array.from({length: KIND_INDICES * FLAG_COMBINATIONS}, () => undefined)
}
