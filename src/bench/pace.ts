import {setTimeout} from 'node:timers/promises'

import {yieldToSignals} from '../aio/index.js'

/** Timers end late: the last stretch is waited for awake. */
const AWAKE_NS = 2e6
/** No longer at a stretch, so that a signal is heard. */
const ASLEEP_MAX_NS = 50e6

/** When the next request of a job may be submitted: not before it is due, not above the rate, not right after another has ended. */
export class Pace {
  readonly #intervalNs: number
  readonly #thinktimeNs: number
  #startNs = 0
  #submitted = 0
  #thinksUntilNs = 0

  constructor(rateIops: number | undefined, thinktimeNs: number) {
    this.#intervalNs = rateIops === undefined ? 0 : 1e9 / rateIops
    this.#thinktimeNs = thinktimeNs
  }

  start(nowNs: number): void {
    this.#startNs = nowNs
    this.#submitted = 0
    this.#thinksUntilNs = nowNs
  }

  /** The earliest time for the next request. @param dueNs when the request itself is due, from the start */
  nextNs(dueNs: number): number {
    const byRate = this.#startNs + this.#submitted * this.#intervalNs
    return Math.max(byRate, this.#startNs + dueNs, this.#thinksUntilNs)
  }

  submitted(): void {
    this.#submitted++
  }

  ended(nowNs: number): void {
    this.#thinksUntilNs = nowNs + this.#thinktimeNs
  }
}

/** Waits on the event loop until a time of the clock, or a good while towards it. */
export async function sleepTowards(untilNs: number, nowNs: number): Promise<void> {
  const leftNs = untilNs - nowNs
  if (leftNs > AWAKE_NS) await setTimeout(Math.min(leftNs - AWAKE_NS, ASLEEP_MAX_NS) / 1e6)
  else await yieldToSignals()
}
