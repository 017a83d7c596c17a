import {toldViolation, type CrashModel, type CrashReport, type Shard} from '../crash/index.js'
import type {CommandExploration} from './command-check.js'

/** What an exploration was asked to do, as far as shards of it have to agree. */
export interface ReportOptions {
  /** Digest of the trace and the options of the model. */
  readonly trace: string
  /** The command as it was given, that for recovery included. */
  readonly check: string
  readonly budget: number
  readonly seed: number
  readonly shard?: Shard | undefined
}

/** An exploration with a command as plain values. */
export function commandReport(model: CrashModel, found: CommandExploration, options: ReportOptions): CrashReport {
  const {trace, check, budget, seed, shard} = options
  return {
    options: model.options,
    of: {trace, check, budget, seed, shares: 'images'},
    shard: shard ?? null,
    complete: found.complete,
    finished: found.isFinished,
    states: found.states,
    failing: found.failing,
    runs: found.runs,
    crashPoints: found.crashPoints,
    crashPointsAll: found.crashPointsAll,
    listed: found.isFinished ? found.listed : null,
    coverage: found.coverage.map(({event, atLeast, atMost, isExhaustive, asked, strategies}) => ({
      event,
      images: {atLeast: `${atLeast}`, atMost: `${atMost}`},
      exhaustive: isExhaustive,
      asked,
      strategies: strategies.map(({strategy, images, isWhole}) => ({strategy, images, whole: isWhole})),
    })),
    violations: found.violations.map((violation) => toldViolation(violation, violation.fix)),
  }
}
