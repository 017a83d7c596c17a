import type {Exploration} from './explore.js'
import type {Fix, Insertion} from './fix.js'
import type {CrashModel, Settled} from './model.js'
import type {LostRange, Violation} from './violation.js'

/** A violation as plain values: it can be printed, and sent to another thread. */
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

/** What an exploration came to, as plain values. */
export interface CrashReport {
  readonly options: Settled
  /** Every image of every crash point was covered. */
  readonly complete: boolean
  readonly states: number
  readonly failing: number
  readonly runs: number
  /** Crash points that were covered, of so many. */
  readonly crashPoints: number
  readonly crashPointsAll: number
  readonly violations: readonly ToldViolation[]
}

/** An exploration as plain values. @param fixes what was found for each violation, by state id; none where it was not sought */
export function toldExploration(
  model: CrashModel,
  exploration: Exploration,
  crashPointsAll: number,
  fixes: ReadonlyMap<string, Fix> = new Map(),
): CrashReport {
  const {complete, states, failing, runs, crashPoints, violations} = exploration
  return {
    options: model.options,
    complete,
    states,
    failing,
    runs,
    crashPoints,
    crashPointsAll,
    violations: violations.map((violation): ToldViolation => {
      const {id, event, kind, mark, lost, story} = violation
      const fix = fixes.get(id)
      return {
        state: id,
        event,
        kind,
        mark,
        lost,
        story,
        fix: fix?.insertions ?? [],
        isFixWhole: fix === undefined ? null : fix.isWhole,
      }
    }),
  }
}
