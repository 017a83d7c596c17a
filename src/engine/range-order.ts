/** Bytes [start, end). */
export interface Span {
  readonly start: number
  readonly end: number
}

/** A write that has not ended. */
export interface PendingWrite extends Span {
  readonly id: number
  /** It is stable when it ends. */
  readonly stable: boolean
}

/** "What was written to `from` reaches the medium before what is written to `to` from now on." */
interface Fence {
  readonly from: Span
  readonly to: Span
  /** Ids of the writes to `from` that have not ended. */
  readonly pending: Set<number>
  /** All of those are stable when they end. */
  readonly stable: boolean
  /** Count of ended writes that a sync has to cover, known once none is pending. */
  needs: number
}

/** What a write has to wait for because of fences. */
export interface FenceHold {
  /** Ids that have to end first. */
  readonly behind: readonly number[]
  /** A sync has to come before its data. */
  readonly syncs: boolean
}

const FREE: FenceHold = {behind: [], syncs: false}
const EVERYWHERE: Span = {start: 0, end: Number.POSITIVE_INFINITY}

/**
 * Order between the writes of two ranges, kept with what there is: a later write waits for the earlier ones and then for a sync
 * (semantics 7.5; a host has no cheaper primitive for "before on the medium"). Nothing is forced while no later write comes.
 */
export class Fences {
  #fences: Fence[] = []

  get size(): number {
    return this.#fences.length
  }

  /**
   * @param range what the caller named
   * @param sides which side it names: see RANGE_BEFORE and RANGE_AFTER. With both, both sides are about the range
   * @param pending the writes that have not ended
   * @param written writes ended so far
   */
  add(
    range: Span,
    sides: {readonly before: boolean; readonly after: boolean},
    pending: readonly PendingWrite[],
    written: number,
  ): void {
    const from = sides.after ? range : EVERYWHERE
    const to = sides.before ? range : EVERYWHERE
    const before = pending.filter((write) => meet(write, from))
    const stable = before.every((write) => write.stable)
    this.#fences.push({from, to, pending: new Set(before.map(({id}) => id)), stable, needs: written})
  }

  /** A write has ended. @param written writes ended so far, this one among them */
  ended(id: number, written: number): void {
    for (const fence of this.#fences) if (fence.pending.delete(id)) fence.needs = written
  }

  /**
   * What a write to a range has to wait for. Fences that nobody needs any more are forgotten on the way.
   *
   * @param syncedThrough how many of the ended writes the last successful sync covered
   */
  holds(range: Span, syncedThrough: number): FenceHold {
    this.#fences = this.#fences.filter(({pending, needs}) => pending.size > 0 || needs > syncedThrough)
    const holding = this.#fences.filter(({to}) => meet(to, range))
    if (holding.length === 0) return FREE
    return {
      behind: [...new Set(holding.flatMap(({pending}) => [...pending]))],
      syncs: holding.some(({pending, stable, needs}) => needs > syncedThrough || (pending.size > 0 && !stable)),
    }
  }
}

/** The ranges written and not synced, so that a request may ask when one of them has become stable. */
export class UnsyncedRanges {
  #ranges: (Span & {readonly number: number})[] = []

  /** A write has ended that is not stable. @param number its place among the ended writes */
  add(start: number, end: number, number: number): void {
    if (end > start) this.#ranges.push({start, end, number})
  }

  /** The place of the newest unsynced write to [start, end); 0 when there is none. */
  newest(start: number, end: number): number {
    return this.#ranges.reduce(
      (newest, range) => (meet(range, {start, end}) ? Math.max(newest, range.number) : newest),
      0,
    )
  }

  /** A sync has covered the first `through` ended writes. */
  synced(through: number): void {
    this.#ranges = this.#ranges.filter(({number}) => number > through)
  }
}

function meet(a: Span, b: Span): boolean {
  return a.start < b.end && b.start < a.end
}
