export type OrderingName = 'none' | 'drain' | 'drain-flush' | 'drain-fua'

/**
 * What a request with the BARRIER flag gets, as facts. The step sequences are those of Linux's historical
 * Documentation/block/barrier.txt; see semantics in src/README.md.
 */
export interface OrderingMode {
  readonly name: OrderingName
  /** The queue is emptied before the barrier starts, and held until it ends. */
  readonly drains: boolean
  /** A sync runs after the drain and before the barrier's own data. */
  readonly preFlush: boolean
  /** How the barrier's own data is made stable before it completes. */
  readonly postFlush: 'none' | 'flush' | 'fua'
  readonly summary: string
  readonly source: string
}
