import {invariant} from '../../base/index.js'
import type {DiskModel} from './disk-model.js'
import {Drive} from './drive.js'
import type {Passage} from './passage.js'
import type {Command, Phase} from './phase.js'
import {Turnstile} from './turnstile.js'

/**
 * The device below one or several simulated backends: one clock, one order of the steps handed over, and, with a model, one
 * drive that all of them share. What is stored stays with each backend's own SimDisk.
 *
 * An ordered tag holds for the whole device: its step starts when every step handed over before it has ended, well or not,
 * whichever backend it came from, and nothing handed over after it starts before it has ended. "Handed over" is the moment
 * of submit(), and the order of queue() within it.
 */
export class SimDevice {
  /** What the drive costs; without one, steps bring their own times and share nothing but clock and order. */
  readonly model: DiskModel | undefined
  /** Who lets time pass when the device is shared. */
  readonly turnstile = new Turnstile(() => this.next())
  readonly #drive: Drive<Passage> | undefined
  #clockNs = 0
  /** Not ended at the device, in the order of handing over. */
  readonly #line: Passage[] = []
  /** Started and not known to have ended at the host, in the order of starting. */
  readonly #started: Passage[] = []
  #held = 0

  constructor(model?: DiskModel) {
    this.model = model
    this.#drive = model && new Drive(model)
  }

  /** Nanoseconds of simulated time; 0 at the start. */
  get nowNs(): number {
    return this.#clockNs
  }

  /** Adds an image; the images lie one behind the other. @returns where it begins */
  extend(bytes: number): number {
    return this.#drive?.extend(bytes) ?? 0
  }

  /** Steps are handed over, in this order. */
  hand(passages: readonly Passage[]): void {
    this.#line.push(...passages)
    this.#held += passages.length
    this.#move()
  }

  /** The next thing happens. @returns false when nothing is under way */
  next(): boolean {
    const passage = this.#first()
    if (!passage) return false
    const beforeNs = this.#clockNs
    this.#clockNs = Math.max(beforeNs, passage.untilNs)
    switch (passage.stage) {
      case 'held':
      case 'waiting':
        invariant(false, `a simulated step that is ${passage.stage} knows when that ends`)
      case 'working':
        this.#endPhase(passage, beforeNs)
        break
      case 'returning':
        this.#beginPhase(passage)
        break
      case 'ended':
        this.#report(passage)
    }
    this.#move()
    return true
  }

  /** The next thing happens if it does by then. @returns false when nothing is under way until then */
  nextBy(untilNs: number): boolean {
    const first = this.#first()
    return first !== undefined && first.untilNs <= untilNs && this.next()
  }

  /** This much time passes, and what happens in it. */
  pass(ns: number): void {
    const untilNs = this.#clockNs + ns
    for (let one = this.#first(); one && one.untilNs <= untilNs; one = this.#first()) this.next()
    this.#clockNs = Math.max(this.#clockNs, untilNs)
  }

  /** What ends first; of several, what started first. */
  #first(): Passage | undefined {
    const first = this.#started.reduce<Passage | undefined>(
      (best, one) => (best && best.untilNs <= one.untilNs ? best : one),
      undefined,
    )
    return first && first.untilNs < Infinity ? first : undefined
  }

  #endPhase(passage: Passage, beforeNs: number): void {
    const commanded = isCommand(passage.phase)
    if (commanded) this.#drive?.free()
    const knownNs = this.#clockNs + (commanded ? (this.model?.roundTripNs ?? 0) : 0)
    if (!passage.isLastPhase) {
      passage.nextPhase()
      passage.stage = 'returning'
      passage.untilNs = knownNs
      return
    }
    passage.watcher.end(beforeNs, this.#clockNs)
    this.#line.splice(this.#line.indexOf(passage), 1)
    passage.stage = 'ended'
    passage.untilNs = knownNs
    if (knownNs === this.#clockNs) this.#report(passage)
  }

  #report(passage: Passage): void {
    this.#started.splice(this.#started.indexOf(passage), 1)
    passage.watcher.report()
  }

  #beginPhase(passage: Passage): void {
    const {phase, processor} = passage
    if (!isCommand(phase)) {
      const beginNs = phase.kind === 'work' ? Math.max(this.#clockNs, processor.freeNs) : this.#clockNs
      passage.stage = 'working'
      passage.untilNs = beginNs + phase.ns
      if (phase.kind === 'work') processor.freeNs = passage.untilNs
      return
    }
    invariant(this.#drive !== undefined, 'a command for a drive without a model')
    passage.stage = 'waiting'
    passage.untilNs = Infinity
    this.#drive.add(passage, phase)
  }

  /** Starts what no ordered tag holds, and gives the drive's free channels something to do. */
  #move(): void {
    if (this.#held > 0) this.#startFree()
    for (let taken = this.#drive?.take(this.#clockNs); taken; taken = this.#drive?.take(this.#clockNs)) {
      taken.owner.stage = 'working'
      taken.owner.untilNs = taken.endNs
    }
  }

  #startFree(): void {
    for (const [place, passage] of this.#line.entries()) {
      if (passage.ordered && place > 0) return
      if (passage.stage === 'held') {
        this.#held--
        passage.start()
        this.#started.push(passage)
        this.#beginPhase(passage)
      }
      if (passage.ordered) return
    }
  }
}

function isCommand(phase: Phase): phase is Command {
  return phase.kind !== 'pause' && phase.kind !== 'work'
}
