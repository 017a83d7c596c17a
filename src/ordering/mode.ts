export type OrderingName = 'none' | 'drain' | 'drain-flush' | 'drain-fua' | 'tag' | 'tag-flush' | 'tag-fua'

/**
 * What a barrier of the guest's block layer becomes, as facts. The step sequences are those of Linux's historical
 * Documentation/block/barrier.txt; see semantics in src/README.md.
 */
export interface OrderingMode {
  readonly name: OrderingName
  /** The queue is emptied before the barrier starts, and held until it ends. */
  readonly drains: boolean
  /** The device keeps the order: each step is an ordered tag, and the queue goes on. Never together with `drains`. */
  readonly tags: boolean
  /** A flush comes before the barrier's own data, and is all there is of a barrier without data. */
  readonly preFlush: boolean
  /** How the barrier's own data is made stable before it completes. */
  readonly postFlush: 'none' | 'flush' | 'fua'
  readonly summary: string
  readonly source: string
}
