import type {Plan} from '../request/index.js'
import type {ORDERED_BEFORE, ORDERED_BEHIND, Syncs} from './syncs.js'
import {BLOCKED, MOVING, type Transfers} from './transfers.js'

/** A step of a tagged barrier: one of its syncs, or its data. */
export type TaggedStep = typeof ORDERED_BEFORE | 'data' | typeof ORDERED_BEHIND

/**
 * The tagged barrier in progress, one at a time: its steps go to the device one right behind the other, none waiting for the one
 * before, and it ends with the last of them.
 */
export class TaggedBarrier {
  readonly #syncs: Syncs
  readonly #transfers: Transfers
  #slot = -1
  #plan: Plan | undefined
  #steps: readonly TaggedStep[] = []
  /** Steps the device has. */
  #given = 0
  /** Steps that have ended. */
  #ended = 0
  #errno = 0
  #isBlocked = false

  constructor(syncs: Syncs, transfers: Transfers) {
    this.#syncs = syncs
    this.#transfers = transfers
  }

  get slot(): number {
    return this.#slot
  }

  /** The device does not have all its steps yet: it had no room. */
  get isBlocked(): boolean {
    return this.#given < this.#steps.length
  }

  /** Its last step has ended. */
  get isOver(): boolean {
    return this.#ended === this.#steps.length
  }

  /** Its first errno, 0 while all is well. An error stops none of the others: the device has them already. */
  get errno(): number {
    return this.#errno
  }

  /** @param steps at least one, in their order */
  start(slot: number, plan: Plan, steps: readonly TaggedStep[]): void {
    this.#slot = slot
    this.#plan = plan
    this.#steps = steps
    this.#given = 0
    this.#ended = 0
    this.#errno = 0
    this.#isBlocked = false
  }

  /** Gives the device as many steps as it has room for. What is left when one has failed is left out. */
  give(): void {
    for (let step = this.#steps[this.#given]; step !== undefined; step = this.#steps[this.#given]) {
      if (step !== 'data' && this.#syncs.poison !== 0) this.stepEnded(this.#syncs.poison)
      else if (this.#errno !== 0) this.#ended++
      else if (step === 'data' ? !this.#giveData() : !this.#syncs.issueOrdered(step)) return
      this.#given++
    }
  }

  /** One of its steps has ended. */
  stepEnded(errno: number): void {
    if (this.#errno === 0) this.#errno = errno
    this.#ended++
  }

  #giveData(): boolean {
    const transfers = this.#transfers
    const outcome = this.#isBlocked ? transfers.retry(this.#slot) : transfers.start(this.#slot, this.#plan as Plan)
    this.#isBlocked = outcome === BLOCKED
    // Nothing to move, or nothing to move it with: it has ended without the device.
    if (outcome !== BLOCKED && outcome !== MOVING) this.stepEnded(outcome)
    return !this.#isBlocked
  }
}
