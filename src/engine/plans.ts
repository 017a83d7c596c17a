import type {CacheMode} from '../cache-mode/index.js'
import type {OrderingMode} from '../ordering/index.js'
import {FLAG_COMBINATIONS, KIND_INDICES, kindIndex, kindOfType, lower, type Link, type Plan} from '../request/index.js'

type Table = (Plan | undefined)[]

/** What was asked for: by a guest, whose driver decides what of it is sent, or by a command that the device already has. */
type Asker = 'guest' | 'command'

/**
 * The plans of everything that can be asked for, each made when it is first needed. There are tables for the write cache on and for
 * off: a request is executed as the cache was when it was submitted.
 */
export class Plans {
  readonly #mode: CacheMode
  readonly #ordering: OrderingMode
  readonly #links: Readonly<Record<Asker, Link>>
  /** One pair of tables for each state of the cache and of what the guest takes it to be. */
  readonly #pairs = new Map<string, Readonly<Record<Asker, Table>>>()
  #tables: Readonly<Record<Asker, Table>>
  #writeCache: boolean
  #seesCache: boolean

  constructor(mode: CacheMode, ordering: OrderingMode, link: Link) {
    this.#mode = mode
    this.#ordering = ordering
    this.#links = {guest: link, command: {...link, driverFlushes: true, fua: true}}
    this.#writeCache = link.writeCache
    this.#seesCache = link.seesCache
    this.#tables = this.#pair()
  }

  /** Whether the write cache of the device is on now. */
  get writeCache(): boolean {
    return this.#writeCache
  }

  /**
   * Switches the write cache, for requests submitted from now on. Where switching it off flushes nothing, the guest goes on as if
   * there were something to flush: there may be.
   */
  set writeCache(on: boolean) {
    this.#seesCache = on || (this.#seesCache && this.#links.guest.writeCacheSwitch !== 'flushes')
    this.#writeCache = on
    this.#tables = this.#pair()
  }

  #pair(): Readonly<Record<Asker, Table>> {
    const key = `${this.#writeCache} ${this.#seesCache}`
    const known = this.#pairs.get(key) ?? {guest: emptyTable(), command: emptyTable()}
    this.#pairs.set(key, known)
    return known
  }

  /** @returns undefined for a type this device does not know */
  of(type: number, flags: number): Plan | undefined {
    const index = kindIndex(type) * FLAG_COMBINATIONS + (flags & (FLAG_COMBINATIONS - 1))
    return this.#tables.guest[index] ?? this.#lower('guest', type, flags, index)
  }

  /** The same for what a command asks of the device: no driver stands in between that could leave a flush or FUA out. */
  ofCommand(type: number, flags: number): Plan | undefined {
    const index = kindIndex(type) * FLAG_COMBINATIONS + (flags & (FLAG_COMBINATIONS - 1))
    return this.#tables.command[index] ?? this.#lower('command', type, flags, index)
  }

  #lower(asker: Asker, type: number, flags: number, index: number): Plan | undefined {
    const kind = kindOfType(type)
    if (kind === undefined) return undefined
    const link = {...this.#links[asker], writeCache: this.#writeCache, seesCache: this.#seesCache}
    const plan = lower(kind, flags & (FLAG_COMBINATIONS - 1), this.#mode, this.#ordering, link)
    this.#tables[asker][index] = plan
    return plan
  }
}

function emptyTable(): Table {
  return Array<Plan | undefined>(KIND_INDICES * FLAG_COMBINATIONS).fill(undefined)
}
