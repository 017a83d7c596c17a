import type {Exploration} from './explore.js'
import type {Fix, Insertion} from './fix.js'
import type {CrashModel, Settled} from './model.js'
import type {Shard} from './shard.js'
import type {LostRange, Violation} from './violation.js'

/** The JSON contract of a report. Fields may be added, none renamed. */
export const CRASH_SCHEMA = 'flushpoint/crash@1'

/** A violation as plain values: it can be printed, and sent to another thread or machine. */
export interface ToldViolation {
  /** State id. */
  readonly state: string
  /** Events before the crash. */
  readonly event: number
  readonly kind: Violation['kind']
  readonly mark: string | null
  readonly lost: readonly LostRange[]
  readonly story: string
  /** What would have prevented it; empty when nothing was found. */
  readonly fix: readonly Insertion[]
  /** Whether with the fix the check passes everywhere; null without one. */
  readonly isFixWhole: boolean | null
}

/** What was asked, of what: the parts of one exploration agree in all of it. */
export interface Question {
  /** A digest of the trace with its data, and the options of the model. */
  readonly trace: string
  /** The check as it was given, what recovers for it included. */
  readonly check: string
  /** Null for that of an exploration that has nobody's limit. */
  readonly budget: number | null
  readonly seed: number
  /** What parts of it share out among themselves: crash points, or the images of each. */
  readonly shares: 'points' | 'images'
}

/** How a crash point was covered by an exploration that asks about images one by one. */
export interface ReportedPoint {
  readonly event: number
  /** Decimal strings, for there may be more than a double can count. */
  readonly images: {readonly atLeast: string; readonly atMost: string}
  readonly exhaustive: boolean
  readonly asked: number
  /** How the images were picked, in this order. */
  readonly strategies: readonly {readonly strategy: string; readonly images: number; readonly whole: boolean}[]
}

/** What an exploration, or one part of it, came to, as plain values. */
export interface CrashReport {
  readonly options: Settled
  readonly of: Question
  /** Which part this is; null for the whole. */
  readonly shard: Shard | null
  /** Every image of every crash point was covered. Never true of a part. */
  readonly complete: boolean
  /** All of it that was to be covered was: of the part, or of the sample that the budget allows. */
  readonly finished: boolean
  readonly states: number
  readonly failing: number
  readonly runs: number
  /** Crash points that were covered, of so many. */
  readonly crashPoints: number
  readonly crashPointsAll: number
  /** Images that all parts together were to ask about; null where that is not known, or points are shared out. */
  readonly listed: number | null
  /** Point by point, where images are asked about one by one. */
  readonly coverage: readonly ReportedPoint[]
  readonly violations: readonly ToldViolation[]
}

/** What else a report of an exploration says. */
export interface Telling {
  readonly of: Question
  readonly shard: Shard | undefined
  readonly crashPointsAll: number
  /** What was found for each violation, by state id; nothing where it was not sought. */
  readonly fixes?: ReadonlyMap<string, Fix> | undefined
}

/** An exploration of crash points, or of a share of them, as plain values. */
export function toldExploration(model: CrashModel, exploration: Exploration, telling: Telling): CrashReport {
  const {complete: finished, states, failing, runs, crashPoints, violations} = exploration
  const {of, shard, crashPointsAll, fixes} = telling
  return {
    options: model.options,
    of,
    shard: shard ?? null,
    complete: finished && shard === undefined,
    finished,
    states,
    failing,
    runs,
    crashPoints,
    crashPointsAll,
    listed: null,
    coverage: [],
    violations: violations.map((violation) => toldViolation(violation, fixes?.get(violation.id))),
  }
}

/** A violation as plain values. */
export function toldViolation(violation: Violation, fix: Fix | undefined): ToldViolation {
  const {id, event, kind, mark, lost, story} = violation
  return {
    state: id,
    event,
    kind,
    mark,
    lost,
    story,
    fix: fix?.insertions ?? [],
    isFixWhole: fix?.isWhole ?? null,
  }
}
