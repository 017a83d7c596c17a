import {CheckRunner, type Check, type Failure} from './check.js'
import {Decisions} from './decisions.js'
import {Memo} from './memo.js'
import type {CrashModel} from './model.js'
import type {CrashPoint} from './point.js'
import {isInShard, type Shard} from './shard.js'
import {completed} from './states.js'
import {changedItsMind, judge, lossOf, violationOf, type Verdict, type Violation} from './violation.js'

export interface ExploreOptions {
  /** Runs of the check, remembered ones included, after which to give up; one hundred million unless told. */
  readonly budget?: number | undefined
  /** The crash points to look at, ascending; those that matter unless told. */
  readonly points?: readonly number[] | undefined
  /** Looks only at this share of the points: complete is the answer when all of the share was covered. */
  readonly shard?: Shard | undefined
  /** Ends after the first crash point with a violation; the answer is then not complete. */
  readonly stopsAtViolation?: boolean | undefined
  /** Asked now and then: true ends the exploration there. */
  readonly isCancelled?: (() => boolean) | undefined
  /** Told after each crash point what is known so far: never complete before the last. */
  readonly watch?: ((soFar: Exploration) => void) | undefined
}

export interface Exploration {
  /** Every image of every crash point was covered. Never true when something was left out. */
  readonly complete: boolean
  /** Different runs of recovery that were covered: images that no check can tell apart are one. */
  readonly states: number
  /** Of those, how many the check refused. */
  readonly failing: number
  /** How often the check was called; other outcomes were known from what had been read before. */
  readonly runs: number
  /** Crash points that were covered. */
  readonly crashPoints: number
  /** At most one of each kind: the smallest loss at the earliest crash point. */
  readonly violations: readonly Violation[]
}

const BUDGET = 100_000_000
/** States between two questions whether to go on; a power of two. */
const STATES_BETWEEN = 1 << 12

/**
 * Runs a check on every image of every crash point that matters, without making the images: what a unit holds stays open until the
 * check reads it, and each of its contents is then tried in turn. Units that no run reads cost nothing.
 *
 * @throws ToolError of kind usage for a check that is seen not to be deterministic, or is asynchronous; of kind format when it reads
 *   data that the trace does not have, of kind usage when it reads what nobody knows of the image before the trace
 */
export function explore(model: CrashModel, check: Check, options: ExploreOptions = {}): Exploration {
  return new Explorer(model, check, options).run()
}

/** The points of a share; what is found at one may have been there `since` the one before it, whoever's that is. */
export function sharedPoints(points: readonly number[], shard: Shard | undefined): {at: number; since: number}[] {
  return points
    .map((at, i) => ({at, since: (points[i - 1] ?? -1) + 1}))
    .filter((_, i) => shard === undefined || isInShard(shard, i))
}

interface Best {
  readonly loss: number
  readonly point: CrashPoint
  readonly shown: ReadonlyMap<number, number>
  readonly verdict: Verdict
}

class Explorer {
  readonly #model: CrashModel
  readonly #options: ExploreOptions
  readonly #runner: CheckRunner
  readonly #decisions: Decisions
  readonly #failures: Failure[] = []
  readonly #failureNumbers = new Map<string, number>()
  readonly #violations = new Map<Violation['kind'], Violation>()
  #best = new Map<Violation['kind'], Best>()
  #states = 0
  #failing = 0
  #isFirstRun = true

  constructor(model: CrashModel, check: Check, options: ExploreOptions) {
    this.#model = model
    this.#options = options
    this.#runner = new CheckRunner(model, check)
    this.#decisions = new Decisions(model, new Memo())
  }

  run(): Exploration {
    const points = sharedPoints(this.#options.points ?? this.#model.pointsThatMatter(), this.#options.shard)
    let covered = 0
    for (const {at, since} of points) {
      if (this.#options.isCancelled?.()) break
      const isCovered = this.#cover(this.#model.at(at))
      this.#settle(since)
      if (!isCovered) break
      covered++
      this.#options.watch?.(this.#soFar(covered, points.length))
      if (this.#options.stopsAtViolation && this.#violations.size > 0) break
    }
    return this.#soFar(covered, points.length)
  }

  #soFar(covered: number, points: number): Exploration {
    return {
      complete: covered === points,
      states: this.#states,
      failing: this.#failing,
      runs: this.#runner.runs,
      crashPoints: covered,
      violations: [...this.#violations.values()].toSorted((a, b) => a.event - b.event),
    }
  }

  /** False when the budget ended before the images of the point did. */
  #cover(point: CrashPoint): boolean {
    const budget = this.#options.budget ?? BUDGET
    const decisions = this.#decisions
    decisions.begin(point)
    do {
      if (this.#states >= budget) return false
      if (this.#states % STATES_BETWEEN === 0 && this.#options.isCancelled?.()) return false
      const known = decisions.recall()
      const outcome = known < 0 ? this.#runCheck() : known
      this.#states++
      if (outcome > 0) this.#found(point, outcome)
    } while (decisions.next())
    return true
  }

  /** Runs the check with the current choices: 0 when it passes, else the number of what it said. */
  #runCheck(): number {
    const decisions = this.#decisions
    decisions.start()
    const outcome = this.#numberOf(this.#runner.run(decisions))
    decisions.end(outcome)
    if (this.#isFirstRun) {
      // A check that is not even the same twice in a row is found out before anything is built on it.
      this.#isFirstRun = false
      this.#runCheck()
    }
    return outcome
  }

  #numberOf(failure: Failure | undefined): number {
    if (failure === undefined) return 0
    const key = JSON.stringify([failure.message, failure.acknowledged])
    let number = this.#failureNumbers.get(key)
    if (number === undefined) {
      number = this.#failures.push(failure)
      this.#failureNumbers.set(key, number)
    }
    return number
  }

  /** Keeps the failing image if it is the smallest of its kind here, and the kind was not seen at an earlier point. */
  #found(point: CrashPoint, outcome: number): void {
    this.#failing++
    if (this.#violations.size === 2) return
    const shown = this.#decisions.choices()
    const isBelow = (loss: number, kind: Violation['kind']): boolean =>
      !this.#violations.has(kind) && loss < (this.#best.get(kind)?.loss ?? Infinity)
    // What the units that were read lost is the least that the whole image did, and quick to find out.
    const least = lossOf(point, shown)
    if (!isBelow(least, 'inconsistent') && !isBelow(least, 'acknowledged-lost')) return
    const loss = point.isTied ? this.#lossOf(point, shown) : least
    const isBetter = (kind: Violation['kind']): boolean => isBelow(loss, kind)
    if (!isBetter('inconsistent') && !isBetter('acknowledged-lost')) return
    const verdict = judge(this.#runner, completed(point, shown))
    if (verdict === undefined) throw changedItsMind(this.#failures[outcome - 1]?.message ?? '')
    if (isBetter(verdict.kind)) this.#best.set(verdict.kind, {loss, point, shown, verdict})
  }

  #lossOf(point: CrashPoint, shown: ReadonlyMap<number, number>): number {
    const {choices} = completed(point, shown)
    return lossOf(
      point,
      [...choices].map(([unit, index]) => [unit, point.contents(unit)[index] ?? 0]),
    )
  }

  /** Turns the smallest failing images of a point into violations. */
  #settle(since: number): void {
    for (const [kind, {point, shown, verdict}] of this.#best) {
      this.#violations.set(kind, violationOf(this.#runner, point, shown, verdict, since))
    }
    this.#best = new Map()
  }
}
