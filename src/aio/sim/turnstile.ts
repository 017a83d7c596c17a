import {invariant} from '../../base/index.js'

/** One queue of a shared device, as the turnstile sees it. */
export interface Visitor {
  /** Steps that it has queued and not reaped. */
  outstanding(): number
  /** Whether it has something to reap. */
  ready(): boolean
}

interface Seat {
  readonly visitor: Visitor
  waits: boolean
  wake: (() => void) | undefined
  /** Turns of the event loop in which it neither waited nor had a step outstanding. */
  idleTurns: number
}

/** After so many idle turns of the event loop a queue is taken to be done, until it queues or waits again. */
const IDLE_TURNS = 16

/**
 * Lets time pass for several queues together: only when every queue that could still queue a step at this moment waits.
 * Then what happens depends on the steps, not on how long JavaScript takes over any of the loops, and no queue is starved.
 * Only at one and the same moment of the clock does it count which loop hands over first.
 *
 *     waits                      in submit(true), or behind it until the device has something for it
 *     steps outstanding          it will come: time stands still until it waits or leaves
 *     nothing outstanding        it is given some turns of the event loop, as a loop has nothing outstanding between its
 *                                last reap() and its next queue(); then time goes on without it
 *     left                       counts no more
 *
 * So a loop may not await anything slow between reaping and queueing, or its next step comes later than it could; and a
 * driver that gives up has to close its backend, with steps outstanding all the more.
 */
export class Turnstile {
  readonly #advance: () => boolean
  readonly #seats = new Map<Visitor, Seat>()
  #watching = false

  /** @param advance lets the next thing happen; false when nothing can */
  constructor(advance: () => boolean) {
    this.#advance = advance
  }

  enter(visitor: Visitor): void {
    this.#seats.set(visitor, {visitor, waits: false, wake: undefined, idleTurns: 0})
  }

  /** The queue takes part no more, and the others go on without it. */
  leave(visitor: Visitor): void {
    this.#seats.delete(visitor)
    this.turn()
  }

  /**
   * The queue waits until it has something to reap.
   *
   * @returns undefined when it has that already
   */
  wait(visitor: Visitor): Promise<void> | undefined {
    const seat = this.#seats.get(visitor)
    invariant(seat !== undefined, 'a queue waits at a simulated device that it has left')
    seat.idleTurns = 0
    if (visitor.ready()) return undefined
    seat.waits = true
    this.turn()
    if (!seat.waits) return undefined
    return new Promise((resolve) => {
      seat.wake = resolve
    })
  }

  /** Something may have changed about who is waited for: time passes as far as it can. */
  turn(): void {
    while (this.#somebodyWaits()) {
      const absent = [...this.#seats.values()].filter((seat) => isAbsent(seat))
      if (absent.length > 0) {
        if (absent.every(({visitor}) => visitor.outstanding() === 0)) this.#watch()
        return
      }
      invariant(this.#advance(), 'a queue waits at a simulated device where nothing can happen')
      for (const seat of this.#seats.values()) if (seat.waits && seat.visitor.ready()) rouse(seat)
    }
  }

  #somebodyWaits(): boolean {
    return [...this.#seats.values()].some(({waits}) => waits)
  }

  #watch(): void {
    if (this.#watching) return
    this.#watching = true
    setImmediate(() => {
      this.#watching = false
      for (const seat of this.#seats.values()) {
        seat.idleTurns = seat.waits || seat.visitor.outstanding() > 0 ? 0 : seat.idleTurns + 1
      }
      this.turn()
    })
  }
}

/** Whether time stands still for this queue. */
function isAbsent({visitor, waits, idleTurns}: Seat): boolean {
  return !waits && (visitor.outstanding() > 0 || idleTurns < IDLE_TURNS)
}

function rouse(seat: Seat): void {
  seat.waits = false
  seat.wake?.()
  seat.wake = undefined
}
