import {cacheModeOf, trustsStableWrites, type CacheMode} from '../cache-mode/index.js'
import type {OrderingMode} from '../ordering/index.js'
import {FLUSH, lower, OUT} from '../request/index.js'

/** Flags that a workload sets: FUA, BARRIER and PREFLUSH. */
const FLAG_SETS = 8

/**
 * How many syncs one request asks for, by its type and flags: one for a FLUSH, those before and behind a write that has to be stable
 * or in order. A write that is stable by itself (O_DSYNC, RWF_DSYNC) asks for none. Under a mode that ignores flushes they are asked
 * for all the same, as under writeback.
 */
export class SyncsAsked {
  readonly #ofWrites = new Uint8Array(FLAG_SETS)
  readonly #ofFlush: number

  /** @param depth requests in flight at a time; @param canDsync the backend makes single writes stable */
  constructor(mode: CacheMode, ordering: OrderingMode, depth: number, canDsync: boolean) {
    const asked = mode.noFlush ? cacheModeOf('writeback') : mode
    const trusted = trustsStableWrites(asked, depth)
    const byItself = trusted && (asked.dsync || canDsync)
    for (let flags = 0; flags < FLAG_SETS; flags++) {
      const {preSync, postSync, dsync} = lower(OUT, flags, asked, ordering)
      this.#ofWrites[flags] = Number(preSync) + Number(postSync || (dsync && !byItself))
    }
    this.#ofFlush = Number(lower(FLUSH, 0, asked, ordering).preSync)
  }

  of(type: number, flags: number): number {
    if (type === OUT.type) return this.#ofWrites[flags & (FLAG_SETS - 1)] as number
    return type === FLUSH.type ? this.#ofFlush : 0
  }
}
