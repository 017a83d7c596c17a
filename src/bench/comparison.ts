import {ToolError} from '../base/index.js'
import {verdictOf, type DifferenceVerdict} from './difference.js'
import type {FioReport, ReportJob} from './fio-report.js'
import {spreadOf, type Spread} from './statistics.js'

/** One job before and after. */
export interface JobComparison {
  readonly name: string
  readonly before: ReportJob
  readonly after: ReportJob
  /** IOPS of reads and writes together; of the median round where the reports tell of rounds. */
  readonly iopsBefore: number
  readonly iopsAfter: number
  /** After over before; undefined when nothing was done before. */
  readonly ratio: number | undefined
  /** `unknown` where a report does not tell of rounds. */
  readonly verdict: DifferenceVerdict
  /** After over before of the mean latency of flushes; undefined when one of them did not flush. */
  readonly flushRatio: number | undefined
  /** Options that are not the same: the jobs may not be comparable. */
  readonly changed: readonly string[]
}

/** Two reports, job by job. */
export interface Comparison {
  readonly before: FioReport
  readonly after: FioReport
  readonly jobs: readonly JobComparison[]
  /** Names of jobs that only one report has. */
  readonly lost: readonly string[]
  readonly gained: readonly string[]
}

/**
 * Puts the jobs of two reports side by side, by name; of jobs with one name the first with the first, and so on.
 *
 * @throws ToolError of kind usage when they have no job in common
 */
export function compareReports(before: FioReport, after: FioReport): Comparison {
  const old = byName(before)
  const young = byName(after)
  const jobs = [...old].flatMap(([name, job]) => {
    const other = young.get(name)
    return other === undefined ? [] : [compareJobs(name, job, other, [before, after])]
  })
  if (jobs.length === 0) {
    throw new ToolError('usage', 'E_BENCH_COMPARE', 'the two reports have no job in common', {
      hint: `Before: ${[...old.keys()].join('; ')}. After: ${[...young.keys()].join('; ')}. Measure the same jobs twice.`,
    })
  }
  return {
    before,
    after,
    jobs,
    lost: [...old.keys()].filter((name) => !young.has(name)),
    gained: [...young.keys()].filter((name) => !old.has(name)),
  }
}

/**
 * Jobs that fall short of a ratio, those that are gone or did nothing among them: what cannot be compared has not passed.
 *
 * @param ratio after over before, such as 0.9
 */
export function jobsBelow({jobs, lost}: Comparison, ratio: number): string[] {
  return [...jobs.filter((job) => job.iopsBefore > 0 && (job.ratio ?? 0) < ratio).map(({name}) => name), ...lost]
}

/** The least ratio that passes, from the command line: a number above 0. @throws ToolError of kind usage */
export function parseFailUnder(text: string): number {
  const ratio = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0
  if (ratio > 0 && Number.isFinite(ratio)) return ratio
  throw new ToolError('usage', 'E_BENCH_COMPARE', `--fail-under ${text} is no ratio`, {
    hint: 'Write a number above 0: 0.9 lets after have nine tenths of the IOPS of before.',
  })
}

function byName({jobs}: FioReport): Map<string, ReportJob> {
  const named = new Map<string, ReportJob>()
  const seen = new Map<string, number>()
  for (const job of jobs) {
    const count = (seen.get(job.name) ?? 0) + 1
    seen.set(job.name, count)
    named.set(count === 1 ? job.name : `${job.name} #${count}`, job)
  }
  return named
}

function compareJobs(
  name: string,
  before: ReportJob,
  after: ReportJob,
  [old, young]: readonly [FioReport, FioReport],
): JobComparison {
  const was = iopsOf(before, old)
  const is = iopsOf(after, young)
  return {
    name,
    before,
    after,
    iopsBefore: was.median,
    iopsAfter: is.median,
    ratio: was.median > 0 ? is.median / was.median : undefined,
    verdict: verdictOf(was, is),
    flushRatio: before.sync.meanNs > 0 && after.sync.meanNs > 0 ? after.sync.meanNs / before.sync.meanNs : undefined,
    changed: changedOptions(before, after),
  }
}

/** Of one number nothing is known but itself. */
function iopsOf({read, write, roundIops}: ReportJob, {simulated}: FioReport): Spread {
  return roundIops.length > 0 ? spreadOf(roundIops, simulated) : spreadOf([read.iops + write.iops])
}

/** What a job is called or where its file lies is not what it does. */
const NAMES: ReadonlySet<string> = new Set(['name', 'filename', 'directory', 'description'])

function changedOptions(before: ReportJob, after: ReportJob): string[] {
  const words = new Set([...before.options.keys(), ...after.options.keys()])
  // A cache mode says both.
  const said = before.options.has('cache') && after.options.has('cache') ? ['direct', 'sync'] : []
  return [...words]
    .filter((word) => !NAMES.has(word) && !said.includes(word) && before.options.get(word) !== after.options.get(word))
    .map((word) => `${word}: ${before.options.get(word) ?? 'not set'}, then ${after.options.get(word) ?? 'not set'}`)
}
