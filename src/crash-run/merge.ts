import {ToolError} from '../base/index.js'
import {CRASH_SCHEMA, joinReports, type CrashReport} from '../crash/index.js'

/**
 * Joins the reports of all shards of one exploration to that of the whole.
 *
 * @throws ToolError of kind format for what is no report of a shard, of kind usage for reports that do not belong together, or when
 *   one is missing or there twice
 */
export function mergeReports(documents: readonly unknown[]): CrashReport {
  const [first, ...others] = documents.map((document, i) => shardReport(document, i + 1))
  if (first === undefined) throw refused('no report was given', 'Name the JSON reports of all shards.')
  const reports = [first, ...others] as const
  reports.forEach((report, i) => mustBelongTogether(first, report, i + 1))
  mustBeAll(reports)
  const whole = joinReports([first, ...others], reports.length, null)
  if (whole.listed !== null && whole.states !== whole.listed) {
    throw refused(`the shards asked about ${whole.states} images, and ${whole.listed} were to be asked about`, AGAIN)
  }
  return whole
}

const AGAIN = 'Run every shard with the same trace, options and version, and merge all of their reports.'

function refused(message: string, hint: string): ToolError {
  return new ToolError('usage', 'E_MERGE', message, {hint})
}

function shardReport(document: unknown, number: number): CrashReport {
  if (!isReport(document)) {
    throw new ToolError('format', 'E_REPORT', `report ${number} is not the JSON report of a shard`, {
      hint: `A report is what crash explore prints with --shard and --json ("schema": "${CRASH_SCHEMA}").`,
    })
  }
  if (document.shard === null) {
    throw refused(`report ${number} is not of a shard but of the whole`, 'There is nothing to merge it with.')
  }
  return document
}

type Fields = Readonly<Record<string, unknown>>
/** What a field has to hold. */
type Rule = (value: unknown) => boolean

const isText: Rule = (value) => typeof value === 'string'
const isCount: Rule = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isFlag: Rule = (value) => typeof value === 'boolean'
const orNull =
  (rule: Rule): Rule =>
  (value) =>
    value === null || rule(value)
const oneOf =
  (...names: readonly string[]): Rule =>
  (value) =>
    names.includes(value as string)
const listOf =
  (rule: Rule): Rule =>
  (value) =>
    Array.isArray(value) && value.every(rule)
const fields =
  (rules: Readonly<Record<string, Rule>>): Rule =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(rules).every(([name, rule]) => rule((value as Fields)[name]))

const SHARD = fields({index: isCount, count: isCount})
const LOST = fields({request: isCount, offsetBytes: isCount, lengthBytes: isCount})
const VIOLATION = fields({
  state: isText,
  event: isCount,
  kind: oneOf('inconsistent', 'acknowledged-lost'),
  mark: orNull(isText),
  lost: listOf(LOST),
  story: isText,
  fix: listOf(fields({insert: oneOf('FLUSH', 'FUA'), after: isCount})),
  isFixWhole: orNull(isFlag),
})
const POINT = fields({
  event: isCount,
  images: fields({atLeast: isText, atMost: isText}),
  exhaustive: isFlag,
  asked: isCount,
  strategies: listOf(fields({strategy: isText, images: isCount, whole: isFlag})),
})
const REPORT = fields({
  schema: oneOf(CRASH_SCHEMA),
  options: fields({
    kind: oneOf('power', 'os', 'process'),
    mode: isText,
    ordering: isText,
    device: isText,
    atom: () => true,
  }),
  of: fields({
    trace: isText,
    check: isText,
    budget: orNull(isCount),
    seed: isCount,
    shares: oneOf('points', 'images'),
  }),
  shard: orNull(SHARD),
  complete: isFlag,
  finished: isFlag,
  states: isCount,
  failing: isCount,
  runs: isCount,
  crashPoints: isCount,
  crashPointsAll: isCount,
  listed: orNull(isCount),
  coverage: listOf(POINT),
  violations: listOf(VIOLATION),
})

function isReport(document: unknown): document is CrashReport {
  return REPORT(document)
}

function mustBelongTogether(first: CrashReport, other: CrashReport, number: number): void {
  for (const name of ['trace', 'check', 'budget', 'seed', 'shares'] as const) {
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

function mustBeAll(reports: readonly CrashReport[]): void {
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
