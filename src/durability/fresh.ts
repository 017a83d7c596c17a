import {indexIntervals, type IntervalIndex} from './interval-index.js'
import {WRITE_VOID, type WriteLog} from './write-log.js'

/** A range without stable allocation since position `since`, until the write `owner` (an index of the log) is stable. */
export interface FreshRange {
  readonly from: number
  readonly to: number
  readonly owner: number
  readonly since: number
}

const FIRST_LIMIT = 1024

/**
 * Ranges whose allocation is not stable. Under direct I/O without dsync the drive has the data at completion, but the block map
 * that finds it is still in host memory: such data dies with the host kernel (semantics 3.3 and 8.5, note 1). A range is fresh
 * from the start of the write that met the hole until that write is stable; other writes into it share its fate.
 */
export class FreshRanges {
  readonly #log: WriteLog
  #ranges: FreshRange[] = []
  #limit = FIRST_LIMIT
  #index: IntervalIndex | undefined

  constructor(log: WriteLog) {
    this.#log = log
  }

  add(range: FreshRange): void {
    if (range.to <= range.from) return
    // Dropping settled ranges only when the list has doubled keeps each add O(1) on average.
    if (this.#ranges.length >= this.#limit) {
      this.#ranges = this.live()
      this.#limit = Math.max(FIRST_LIMIT, this.#ranges.length * 2)
    }
    this.#ranges.push(range)
    this.#index = undefined
  }

  /** Those still fresh now. */
  live(): FreshRange[] {
    return this.#ranges.filter((range) => this.#isLive(range))
  }

  /**
   * The position since when some byte of [from, to) has been fresh, Infinity when none is. A write is unsafe there exactly when
   * it ended after that position.
   */
  since(from: number, to: number): number {
    const ranges = this.#ranges
    this.#index ??= indexIntervals(
      ranges.length,
      ranges.map((range) => range.from),
      ranges.map((range) => range.to),
    )
    let since = Infinity
    this.#index.visit(from, to, (interval) => {
      const range = ranges[interval]
      if (range !== undefined && this.#isLive(range)) since = Math.min(since, range.since)
      return true
    })
    return since
  }

  #isLive(range: FreshRange): boolean {
    return !this.#log.isStable(range.owner) && this.#log.states[range.owner] !== WRITE_VOID
  }
}
