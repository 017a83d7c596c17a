import {FSYNC_RANGE, RANGE_AFTER, RANGE_BEFORE, type Plan} from '../request/index.js'
import {Dependencies, type Waiting} from './dependencies.js'
import {Fences, type PendingWrite} from './range-order.js'
import type {Slots} from './slots.js'
import type {Syncs} from './syncs.js'

/**
 * What each request has to wait for, apart from barriers and overlaps: the requests it depends on, the writes that an fsync waits
 * for, and the order between ranges that an earlier request asked for.
 */
export class Waits {
  readonly #slots: Slots
  readonly #syncs: Syncs
  readonly #dependencies = new Dependencies()
  readonly #fences = new Fences()
  /** A sync between two writes keeps their order, and somebody sends it. */
  readonly #syncsHelp: boolean

  constructor(slots: Slots, syncs: Syncs, syncsHelp: boolean) {
    this.#slots = slots
    this.#syncs = syncs
    this.#syncsHelp = syncsHelp
  }

  /**
   * Registers what the request of a slot waits for.
   *
   * @param after ids that must end OK first
   * @returns how many requests have not ended, or -1 when one that had to end OK did not
   */
  register(slot: number, after: readonly number[] | undefined): number {
    const slots = this.#slots
    const id = slots.ids[slot] as number
    let strict = 0
    if (after !== undefined && after.length > 0) {
      strict = this.#dependencies.add(id, after, (other) => slots.find(other) >= 0)
      if (strict < 0) return strict
    }
    const plan = slots.planOf(slot)
    if (plan === undefined || (!plan.awaitsWrites && this.#fences.size === 0 && !this.#isFence(slot))) return strict
    const behind = this.#orderOf(slot, plan).filter((other) => after?.includes(other) !== true)
    this.#dependencies.order(id, behind)
    return strict + behind.length
  }

  /** A request has ended. @returns who waits for it */
  ended(id: number, ok: boolean): readonly Waiting[] {
    if (this.#fences.size > 0) this.#fences.ended(id, this.#syncs.written)
    return this.#dependencies.ended(id, ok)
  }

  /** Ids of earlier writes that have to end first, well or not; notes the order that this request asks for of later ones. */
  #orderOf(slot: number, plan: Plan): readonly number[] {
    const slots = this.#slots
    const start = slots.startOf(slot)
    const end = start + slots.lengthOf(slot)
    const writes = this.#pendingWrites(slot)
    if (this.#isFence(slot)) {
      const flags = slots.flags[slot] as number
      const sides = {before: (flags & RANGE_BEFORE) !== 0, after: (flags & RANGE_AFTER) !== 0}
      this.#fences.add({start, end}, sides, writes, this.#syncs.written)
    }
    if (plan.awaitsWrites) {
      const everywhere = plan.kind.operands !== 'range'
      return writes.filter((write) => everywhere || (write.start < end && start < write.end)).map(({id}) => id)
    }
    if (!plan.kind.writes) return []
    // Where nothing has ended that may be volatile, there is nothing to sync either, first sync or not.
    const hold = this.#fences.holds({start, end}, Math.max(0, this.#syncs.syncedThrough))
    if (hold.syncs && this.#syncsHelp) slots.fenced[slot] = 1
    return hold.behind
  }

  #pendingWrites(slot: number): PendingWrite[] {
    const slots = this.#slots
    const writes: PendingWrite[] = []
    slots.forEachWrite((other) => {
      const start = slots.startOf(other)
      const plan = slots.planOf(other)
      const stable = plan !== undefined && (plan.dsync || plan.postSync)
      if (other !== slot)
        writes.push({id: slots.ids[other] as number, start, end: start + slots.lengthOf(other), stable})
    })
    return writes
  }

  /** Whether the request of a slot asks for an order between ranges. */
  #isFence(slot: number): boolean {
    if (this.#slots.plans[slot]?.kind !== FSYNC_RANGE) return false
    return ((this.#slots.flags[slot] as number) & (RANGE_BEFORE | RANGE_AFTER)) !== 0
  }
}
