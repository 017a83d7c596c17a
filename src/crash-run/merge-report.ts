import {createHash} from 'node:crypto'
import type {CrashModel, Insertion, LostRange, Violation} from '../crash/index.js'
import type {CommandExploration} from './command-check.js'
import type {Shard} from './shard.js'
import type {StrategyName} from './strategy.js'

export const REPORT_SCHEMA = 'flushpoint/crash@1'

/** A violation as JSON. */
export interface ReportedViolation {
  /** State id. */
  readonly state: string
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

/** How a crash point was covered, as JSON. */
export interface ReportedPoint {
  readonly event: number
  /** Decimal strings, for there may be more than a double can count. */
  readonly images: {readonly atLeast: string; readonly atMost: string}
  readonly exhaustive: boolean
  readonly asked: number
  readonly strategies: readonly {readonly strategy: StrategyName; readonly images: number; readonly whole: boolean}[]
}

/** An exploration with a command, or one shard of it, as JSON. */
export interface CommandReport {
  readonly schema: typeof REPORT_SCHEMA
  readonly complete: boolean
  readonly states: number
  readonly failing: number
  readonly runs: number
  readonly crashPoints: number
  readonly violations: readonly ReportedViolation[]
  /** All that was picked, or all of it that belongs to the shard, was asked about. */
  readonly finished: boolean
  /** What was asked, of what: reports of one exploration agree in all of it. */
  readonly of: {
    /** A digest of the trace with its data, and the options of the model. */
    readonly trace: string
    readonly check: string
    readonly budget: number
    readonly seed: number
  }
  readonly shard: Shard | null
  /** States of all shards; not known while unfinished. */
  readonly listed: number | null
  readonly coverage: readonly ReportedPoint[]
}

/** What an exploration was asked to do, as far as shards of it have to agree. */
export interface ReportOptions {
  /** The command as it was given, that for recovery included. */
  readonly check: string
  readonly budget: number
  readonly seed: number
  readonly shard?: Shard | undefined
}

/** An exploration as JSON. */
export function commandReport(model: CrashModel, found: CommandExploration, options: ReportOptions): CommandReport {
  const {check, budget, seed, shard} = options
  return {
    schema: REPORT_SCHEMA,
    complete: found.complete,
    states: found.states,
    failing: found.failing,
    runs: found.runs,
    crashPoints: found.crashPoints,
    violations: found.violations.map(({id, event, kind, mark, lost, story, fix}) => ({
      state: id,
      event,
      kind,
      mark,
      lost,
      story,
      fix: fix?.insertions ?? [],
      isFixWhole: fix?.isWhole ?? null,
    })),
    finished: found.isFinished,
    of: {trace: digestOf(model), check, budget, seed},
    shard: shard ?? null,
    listed: found.isFinished ? found.listed : null,
    coverage: found.coverage.map(({event, atLeast, atMost, isExhaustive, asked, strategies}) => ({
      event,
      images: {atLeast: `${atLeast}`, atMost: `${atMost}`},
      exhaustive: isExhaustive,
      asked,
      strategies: strategies.map(({strategy, images, isWhole}) => ({strategy, images, whole: isWhole})),
    })),
  }
}

/** The same for the same events, data and options of the model. What lies under the trace is not in it. */
function digestOf({fingerprint, trace}: CrashModel): string {
  const hash = createHash('sha256')
  const take = (offsetBytes: number, bytes: Uint8Array): void => {
    hash.update(`${offsetBytes}+${bytes.length} `).update(bytes)
  }
  for (const {offsetBytes, bytes} of trace.before) take(offsetBytes, bytes)
  for (const {event, data} of trace.events) if (event.kind === 'submit' && data) take(event.offsetBytes, data)
  return `${fingerprint}-${hash.digest('hex').slice(0, 16)}`
}
