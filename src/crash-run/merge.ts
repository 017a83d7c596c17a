import {ToolError} from '../base/index.js'
import type {LostRange} from '../crash/index.js'
import {REPORT_SCHEMA, type CommandReport, type ReportedPoint, type ReportedViolation} from './merge-report.js'

/**
 * Joins the reports of all shards of one exploration. The violations are, of each kind, the one at the earliest crash point with the
 * smallest loss; complete is the whole if every shard was finished and every image of every point was in one of them.
 *
 * @throws ToolError of kind format for what is no report of a shard, of kind usage for reports that do not belong together, or when
 *   one is missing or there twice
 */
export function mergeReports(documents: readonly unknown[]): CommandReport {
  const reports = documents.map((document, i) => shardReport(document, i + 1))
  const [first] = reports
  if (first === undefined) throw refused('no report was given', 'Name the JSON reports of all shards.')
  reports.forEach((report, i) => mustBelongTogether(first, report, i + 1))
  mustBeAll(reports)
  const isFinished = reports.every(({finished}) => finished)
  const coverage = joinedCoverage(reports)
  const sum = (count: (report: CommandReport) => number): number =>
    reports.reduce((total, report) => total + count(report), 0)
  const states = sum((report) => report.states)
  if (isFinished && states !== first.listed) {
    throw refused(`the shards asked about ${states} images, and ${first.listed} were to be asked about`, AGAIN)
  }
  return {
    schema: REPORT_SCHEMA,
    complete: isFinished && coverage.every(({exhaustive}) => exhaustive),
    states,
    failing: sum((report) => report.failing),
    runs: sum((report) => report.runs),
    crashPoints: Math.min(...reports.map(({crashPoints}) => crashPoints)),
    violations: (['inconsistent', 'acknowledged-lost'] as const)
      .flatMap((kind) => smallest(reports.flatMap(({violations}) => violations.filter((one) => one.kind === kind))))
      .toSorted((a, b) => a.event - b.event),
    finished: isFinished,
    of: first.of,
    shard: null,
    listed: isFinished ? first.listed : null,
    coverage,
  }
}

const AGAIN = 'Run every shard with the same trace, options and version, and merge all of their reports.'

function refused(message: string, hint: string): ToolError {
  return new ToolError('usage', 'E_MERGE', message, {hint})
}

function shardReport(document: unknown, number: number): CommandReport {
  const report = document as Partial<CommandReport> | null
  const isReport =
    typeof report === 'object' &&
    report !== null &&
    report.schema === REPORT_SCHEMA &&
    [report.states, report.failing, report.runs, report.crashPoints].every(Number.isSafeInteger) &&
    typeof report.finished === 'boolean' &&
    typeof report.of === 'object' &&
    Array.isArray(report.violations) &&
    Array.isArray(report.coverage)
  if (!isReport) {
    throw new ToolError('format', 'E_REPORT', `report ${number} is not the JSON report of a shard`, {
      hint: `A report is what crash explore prints with --shard and --json ("schema": "${REPORT_SCHEMA}").`,
    })
  }
  if (!Number.isSafeInteger(report.shard?.index) || !Number.isSafeInteger(report.shard?.count)) {
    throw refused(`report ${number} is not of a shard but of the whole`, 'There is nothing to merge it with.')
  }
  return report as CommandReport
}

function mustBelongTogether(first: CommandReport, other: CommandReport, number: number): void {
  for (const name of ['trace', 'check', 'budget', 'seed'] as const) {
    if (first.of[name] === other.of[name]) continue
    throw refused(`report ${number} has another ${name} than report 1: ${other.of[name]}, not ${first.of[name]}`, AGAIN)
  }
  if (first.shard?.count !== other.shard?.count) {
    throw refused(`report ${number} is of ${other.shard?.count} shards, report 1 of ${first.shard?.count}`, AGAIN)
  }
  if (first.finished && other.finished && first.listed !== other.listed) {
    throw refused(`report ${number} lists ${other.listed} images, report 1 lists ${first.listed}`, AGAIN)
  }
}

function mustBeAll(reports: readonly CommandReport[]): void {
  const count = reports[0]?.shard?.count ?? 0
  const given = reports.map(({shard}) => shard?.index ?? 0).toSorted((a, b) => a - b)
  const twice = given.find((index, i) => given[i + 1] === index)
  if (twice !== undefined) throw refused(`shard ${twice}/${count} is there twice`, AGAIN)
  const outside = given.find((index) => index < 1 || index > count)
  if (outside !== undefined) throw refused(`there is no shard ${outside}/${count}`, AGAIN)
  if (given.length === count) return
  let missing = 1
  while (given.includes(missing)) missing++
  throw refused(`shard ${missing}/${count} is missing`, AGAIN)
}

/** Point by point; one that a shard has not come to is not exhausted. */
function joinedCoverage(reports: readonly CommandReport[]): ReportedPoint[] {
  const events = [...new Set(reports.flatMap(({coverage}) => coverage.map(({event}) => event)))]
  return events
    .toSorted((a, b) => a - b)
    .flatMap((event) => {
      const rows = reports.flatMap(({coverage}) => coverage.filter((row) => row.event === event))
      // Whoever came furthest knows what every strategy gave.
      const fullest = rows.reduce((best, row) => (row.strategies.length > best.strategies.length ? row : best))
      const isEverywhere = rows.length === reports.length
      return {
        event,
        images: fullest.images,
        exhaustive: isEverywhere && rows.every(({exhaustive}) => exhaustive),
        asked: rows.reduce((sum, {asked}) => sum + asked, 0),
        strategies: fullest.strategies.map((row, i) => ({
          ...row,
          whole: isEverywhere && rows.every(({strategies}) => strategies[i]?.whole ?? false),
        })),
      }
    })
}

function smallest(violations: readonly ReportedViolation[]): ReportedViolation[] {
  return violations
    .toSorted((a, b) => a.event - b.event || compareLoss(a.lost, b.lost) || (a.state < b.state ? -1 : 1))
    .slice(0, 1)
}

/** Fewer writes come first, then fewer bytes of them. */
function compareLoss(a: readonly LostRange[], b: readonly LostRange[]): number {
  const writes = (lost: readonly LostRange[]): number => new Set(lost.map(({request}) => request)).size
  const bytes = (lost: readonly LostRange[]): number => lost.reduce((sum, {lengthBytes}) => sum + lengthBytes, 0)
  return writes(a) - writes(b) || bytes(a) - bytes(b)
}
