import type {Plan} from '../request/index.js'
import type {TraceEvent} from '../trace/index.js'

/** The commands a device was given in a run, and the flushes somebody wished for in vain. */
export interface Commands {
  readonly reads: number
  readonly writes: number
  readonly flushes: number
  /** Requests that were answered OK although the flush they wished for was never sent. */
  readonly flushesNotSent: number
}

/** Counts, from the events of a run, what reaches the device. A request that is refused or never starts counts for nothing. */
export class CommandCount {
  readonly #plans = new Map<number, Plan>()
  #reads = 0
  #writes = 0
  #flushes = 0
  #flushesNotSent = 0

  /** Follows one event. */
  observe(event: TraceEvent): void {
    if (event.kind === 'submit' && event.plan) this.#plans.set(event.id, event.plan)
    if (event.kind === 'complete') this.#plans.delete(event.id)
    if (event.kind !== 'start') return
    const plan = this.#plans.get(event.id)
    if (plan === undefined) return
    const moves = plan.kind.operands === 'data' || plan.kind.operands === 'segment'
    if (plan.kind.writes) this.#writes++
    else if (moves) this.#reads++
    this.#flushes += plan.flushCommands + (event.preSync === true ? 1 : 0)
    if (plan.unsent) this.#flushesNotSent++
  }

  get commands(): Commands {
    return {
      reads: this.#reads,
      writes: this.#writes,
      flushes: this.#flushes,
      flushesNotSent: this.#flushesNotSent,
    }
  }
}
