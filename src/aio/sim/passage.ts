import {invariant} from '../../base/index.js'
import type {Phase, Processor} from './phase.js'

/** What the device tells the owner of a step. None of these may queue anything. */
export interface Watcher {
  /** The step starts now. @returns its parts, at least one */
  start(): readonly Phase[]
  /** It has ended at the device; time passed from beforeNs, when the last thing happened, to nowNs. */
  end(beforeNs: number, nowNs: number): void
  /** The host knows of the end. */
  report(): void
}

/**
 *     held        behind an ordered tag, or ordered itself: not started
 *     waiting     one of its commands waits for a channel of the drive
 *     working     a part is being done, until untilNs
 *     returning   the host hears of the end of a command at untilNs, and goes on with the next part
 *     ended       over at the device; the host hears of it at untilNs
 */
type Stage = 'held' | 'waiting' | 'working' | 'returning' | 'ended'

/** One step on its way through a SimDevice, which moves it on. */
export class Passage {
  /** Carries an ordered tag. */
  readonly ordered: boolean
  readonly watcher: Watcher
  /** Who does its work at the host. */
  readonly processor: Processor
  stage: Stage = 'held'
  /** When its stage ends; infinite where that is not known yet. */
  untilNs = Infinity
  #phases: readonly Phase[] = []
  #at = 0

  constructor(ordered: boolean, processor: Processor, watcher: Watcher) {
    this.ordered = ordered
    this.processor = processor
    this.watcher = watcher
  }

  start(): void {
    this.#phases = this.watcher.start()
  }

  /** The part being done or to be done next. */
  get phase(): Phase {
    const phase = this.#phases[this.#at]
    invariant(phase !== undefined, 'a simulated step has no part left to do')
    return phase
  }

  get isLastPhase(): boolean {
    return this.#at === this.#phases.length - 1
  }

  nextPhase(): void {
    this.#at++
  }

  /** Which share of the data that was not in place at beforeNs is so at nowNs: all of it once the first part is done. */
  share(beforeNs: number, nowNs: number): number {
    if (this.#at > 0 || this.untilNs <= nowNs) return 1
    return this.stage === 'working' ? (nowNs - beforeNs) / (this.untilNs - beforeNs) : 0
  }
}
