import {setImmediate} from 'node:timers/promises'
import {
  changedItsMind,
  isInShard,
  type CrashModel,
  type CrashState,
  type Fix,
  type Shard,
  type Violation,
} from '../crash/index.js'
import {Asking, type CommandCheck} from './command-check-asking.js'
import {findCommandFix} from './command-check-fix.js'
import {judgeState, lossOfState, Questions, shrunkViolation} from './command-check-judge.js'
import type {ScratchImage} from './materialise.js'
import {planStates, type PointPlan, type StrategyCoverage} from './strategy.js'

/** How far an exploration has come. */
export interface CommandProgress {
  /** The crash point at work, from 1. */
  readonly crashPoint: number
  readonly crashPoints: number
  readonly states: number
  readonly failing: number
}

export interface CommandOptions extends CommandCheck {
  /**
   * Images of one crash point; 1000 unless told. A point with more of them is covered in part. As many runs may go into making a
   * violation small, and as many again into finding a fix.
   */
  readonly budget?: number | undefined
  /** For what is picked at random; 1 unless told. */
  readonly seed?: number | undefined
  /** After which a command is killed and its image counts as refused; 60 000 unless told. */
  readonly timeoutMs?: number | undefined
  /** Commands at a time, each with a scratch file of its own; 1 unless told. */
  readonly jobs?: number | undefined
  /** Asks only about one part of the images. */
  readonly shard?: Shard | undefined
  /** Ends the exploration early: what was found is told, and that it is not complete. */
  readonly signal?: AbortSignal | undefined
  readonly progress?: ((progress: CommandProgress) => void) | undefined
  /** Where scratch files lie; the folder for temporary files unless told. */
  readonly folder?: string | undefined
}

/** How the images of one crash point were covered. */
export interface PointCoverage {
  /** Events before the crash. */
  readonly event: number
  /** How many images there are; the same number twice when it is exact. */
  readonly atLeast: bigint
  readonly atMost: bigint
  /** Every image was picked. */
  readonly isExhaustive: boolean
  /** Images asked about here: neither known from an earlier point nor another shard's. */
  readonly asked: number
  readonly strategies: readonly StrategyCoverage[]
}

/** A violation and what would have prevented it, if that was found. */
export interface CommandViolation extends Violation {
  readonly fix: Fix | undefined
}

export interface CommandExploration {
  /** Every image of every crash point was asked about. Never true when something was left out, a shard's rest too. */
  readonly complete: boolean
  /** All that was picked has been asked about: the shard, or the sample, is whole. */
  readonly isFinished: boolean
  /** Different images with different marks that were asked about. */
  readonly states: number
  /** The same of all shards; known when `isFinished`. */
  readonly listed: number
  /** Of `states`, how many the command refused. */
  readonly failing: number
  /** How often the command was run. */
  readonly runs: number
  /** How often it changed the image it was to look at. Undone each time. */
  readonly changed: number
  /** Crash points that were covered as planned, of so many. */
  readonly crashPoints: number
  readonly crashPointsAll: number
  readonly coverage: readonly PointCoverage[]
  /** At most one of each kind: the smallest loss at the earliest crash point. */
  readonly violations: readonly CommandViolation[]
}

/** Images of one crash point, unless told. */
export const COMMAND_BUDGET = 1000
const TIMEOUT_MS = 60_000
/** Images put together while a fix is sought. */
const FIX_IMAGES = 100_000
/** Failing images of a point that are judged. */
const JUDGED_MAX = 64
/** Images passed over between two breaths: signals have to get through. */
const PASSED_OVER = 1024

/**
 * Runs a command on the images that crashes may leave, each made on a scratch file by changing what differs from the last one, and
 * equal ones once. All images of a crash point if they are within the budget, else those of `planStates`.
 *
 * @throws ToolError of kind environment when the command is missing, of kind usage when it fails an image and passes it later, or
 *   nobody knows what some of the image held before the trace (a command may read all of it), of kind io when the scratch file cannot
 *   be written, of kind format when the trace does not tell what a write carried
 */
export async function exploreWithCommand(model: CrashModel, options: CommandOptions): Promise<CommandExploration> {
  const {timeoutMs = TIMEOUT_MS, jobs = 1, folder} = options
  const asking = new Asking(model, options, {timeoutMs, jobs, folder})
  try {
    return await new CommandExplorer(model, options, asking).run()
  } finally {
    asking.close()
  }
}

/** What is known of one crash point. */
interface Tally {
  readonly event: number
  /** The point from which on images are only added up to this one. */
  readonly since: number
  readonly plan: PointPlan
  readonly failures: Job[]
  asked: number
  pending: number
  isListed: boolean
}

interface Job {
  readonly state: CrashState
  readonly ordinal: number
  readonly tally: Tally
}

class CommandExplorer {
  readonly #model: CrashModel
  readonly #options: CommandOptions
  readonly #asking: Asking
  readonly #budget: number
  readonly #seed: number
  readonly #points: readonly number[]
  readonly #halt = new AbortController()
  readonly #signal: AbortSignal
  readonly #tallies: Tally[] = []
  #listed = 0
  #states = 0
  #failing = 0

  constructor(model: CrashModel, options: CommandOptions, asking: Asking) {
    this.#model = model
    this.#options = options
    this.#asking = asking
    this.#budget = options.budget ?? COMMAND_BUDGET
    this.#seed = options.seed ?? 1
    this.#points = model.pointsThatMatter()
    this.#signal = options.signal ? AbortSignal.any([options.signal, this.#halt.signal]) : this.#halt.signal
  }

  async run(): Promise<CommandExploration> {
    const jobs = this.#list()
    const ends = await Promise.allSettled(this.#asking.images.map((image) => this.#work(image, jobs)))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    const violations = await this.#violations()
    const covered = this.#tallies.filter(({isListed, pending}) => isListed && pending === 0)
    const isFinished = covered.length === this.#points.length
    const isAll = covered.every(({plan}) => plan.isExhaustive)
    return {
      complete: isFinished && isAll && (this.#options.shard?.count ?? 1) === 1,
      isFinished,
      states: this.#states,
      listed: this.#listed,
      failing: this.#failing,
      runs: this.#asking.runs,
      changed: this.#asking.changed,
      crashPoints: covered.length,
      crashPointsAll: this.#points.length,
      coverage: this.#tallies.map(coverageOf),
      violations,
    }
  }

  /** Every image to ask about, in an order that no answer changes: shards count on it. Undefined for one passed over. */
  *#list(): Generator<Job | undefined, void> {
    const {shard} = this.#options
    const seen = new Set<string>()
    const keyOf = (state: CrashState): string => this.#asking.keys.keyOf(state)
    let since = 0
    for (const event of this.#points) {
      const point = this.#model.at(event)
      const plan = planStates(point, {budget: this.#budget, seed: this.#seed, keyOf})
      const tally: Tally = {event, since, plan, failures: [], asked: 0, pending: 0, isListed: false}
      this.#tallies.push(tally)
      for (const {state, key: imageKey} of plan.proposals) {
        const key = this.#asking.keyOf(imageKey, point.reached)
        const ordinal = seen.has(key) ? -1 : this.#listed++
        seen.add(key)
        const isOurs = ordinal >= 0 && (shard === undefined || isInShard(shard, ordinal))
        if (isOurs) tally.pending++
        yield isOurs ? {state, ordinal, tally} : undefined
      }
      tally.isListed = true
      since = event + 1
    }
  }

  async #work(image: ScratchImage, jobs: Generator<Job | undefined, void>): Promise<void> {
    try {
      let passed = 0
      while (!this.#signal.aborted) {
        const {value: job, done} = jobs.next()
        if (done) return
        if (job !== undefined) await this.#askAbout(image, job)
        else if (++passed % PASSED_OVER === 0) await setImmediate()
      }
    } catch (error) {
      this.#halt.abort()
      throw error
    }
  }

  async #askAbout(image: ScratchImage, job: Job): Promise<void> {
    const {state, tally} = job
    const saying = await this.#asking.ask(image, state, state.point.reached, this.#signal)
    if (saying === undefined) return
    tally.pending--
    tally.asked++
    this.#states++
    if (saying !== null) {
      this.#failing++
      tally.failures.push(job)
    }
    this.#options.progress?.({
      crashPoint: this.#tallies.length,
      crashPoints: this.#points.length,
      states: this.#states,
      failing: this.#failing,
    })
  }

  async #violations(): Promise<CommandViolation[]> {
    const found = new Map<Violation['kind'], CommandViolation>()
    const kinds = this.#asking.readsMarks ? 2 : 1
    const shrinking = new Questions(this.#asking, this.#signal, this.#budget)
    for (const {failures, since} of this.#tallies) {
      if (found.size === kinds) break
      const byLoss = failures
        .map(({state, ordinal}) => ({state, ordinal, loss: lossOfState(state)}))
        .toSorted((a, b) => a.loss - b.loss || a.ordinal - b.ordinal)
      for (const {state} of byLoss.slice(0, JUDGED_MAX)) {
        if (found.size === 0) await this.#confirm(shrinking, state)
        const verdict = await judgeState(shrinking, state)
        if (verdict === undefined || found.has(verdict.kind)) continue
        const violation = await shrunkViolation(shrinking, state, verdict, since)
        found.set(verdict.kind, {...violation, fix: await this.#fixOf(violation)})
        if (found.size === kinds) break
      }
    }
    return [...found.values()].toSorted((a, b) => a.event - b.event)
  }

  /** Asks once more about an image that failed. */
  async #confirm(questions: Questions, state: CrashState): Promise<void> {
    const message = await questions.ask(state, state.point.reached)
    const again = await questions.askAnew(state, state.point.reached)
    if (again === null) throw changedItsMind(message ?? '')
  }

  #fixOf(violation: Violation): Promise<Fix | undefined> {
    const questions = new Questions(this.#asking, this.#signal, this.#budget)
    return findCommandFix(questions, violation, {budget: this.#budget, seed: this.#seed, images: FIX_IMAGES})
  }
}

function coverageOf({event, plan, asked, isListed, pending}: Tally): PointCoverage {
  const {atLeast, atMost} = plan
  const isWhole = isListed && pending === 0
  const strategies = plan.coverage().map((row) => ({...row, isWhole: row.isWhole && isWhole}))
  return {event, atLeast, atMost, isExhaustive: plan.isExhaustive && isWhole, asked, strategies}
}
