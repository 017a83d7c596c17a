import {CRASH_SCHEMA, type CrashReport, type ReportedPoint, type ToldViolation} from '../crash/index.js'
import type {Block, Document, TableBlock} from '../report/index.js'
import {insertionText, lostText, settledRows} from './words.js'

/** Why an exploration stopped before everything was covered; `budget` also when nothing stopped it. */
export type CutBy = 'budget' | 'signal' | 'timeout' | 'shard'

const CUTS: Readonly<Record<CutBy, string>> = {
  budget: 'the budget ended first',
  signal: 'it was interrupted',
  timeout: 'the check did not come back in time',
  shard: 'a shard did not come to its end',
}

export interface ExploreWords {
  /** Why the report is not complete, where it is not. */
  readonly cutBy?: CutBy | undefined
  /** What else has to be known of the check. */
  readonly notes?: readonly string[] | undefined
}

/**
 * What an exploration came to. The JSON document is `flushpoint/crash@1`.
 *
 * @param name what was explored
 */
export function exploreDocument(report: CrashReport, name: string, {cutBy, notes}: ExploreWords = {}): Document {
  const {violations, coverage, ...facts} = report
  const left = leftOut(report, cutBy ?? 'budget')
  return {
    title: `${name}: what a crash may leave, asked of ${report.of.check}`,
    blocks: blocksOf(report, left, notes ?? []),
    json: {schema: CRASH_SCHEMA, ...facts, coverage, violations},
    records: [
      {record: 'exploration', ...facts},
      ...coverage.map((point) => ({record: 'crash-point', ...point})),
      ...violations.map((violation) => ({record: 'violation', ...violation})),
    ],
    csvTable: lostTable(violations),
  }
}

/** Why something may have been left out, a clause; undefined when nothing was. */
function leftOut({complete, finished, shard}: CrashReport, cutBy: CutBy): string | undefined {
  if (complete) return undefined
  if (!finished) return CUTS[cutBy]
  return shard === null
    ? 'the budget has room for some images of a crash point only'
    : `it is part ${shard.index} of ${shard.count}`
}

function blocksOf(report: CrashReport, left: string | undefined, notes: readonly string[]): Block[] {
  const {options, of, states, failing, runs, crashPoints, crashPointsAll, violations, coverage} = report
  const told =
    of.shares === 'points'
      ? `${states} that a check can tell apart, ${failing} of them refused; ${runs} runs of the check`
      : `${states} different images, ${failing} of them refused; ${runs} runs of the command`
  return [
    {
      kind: 'fields',
      rows: [
        ...settledRows(options),
        ['crash points', `${crashPoints} of ${crashPointsAll} that matter`],
        ['states', told],
        ['complete', left === undefined ? 'yes: every image was covered' : `NO: ${left}`],
        ...notes.map((note) => ['note', note] as const),
      ],
    },
    ...(coverage.every(({exhaustive}) => exhaustive) ? [] : [coverageTable(coverage)]),
    ...violations.flatMap((violation, i) => violationBlocks(violation, i + 1)),
    {kind: 'verdict', ok: left === undefined && violations.length === 0, text: verdictOf(violations, left)},
  ]
}

/** How the images were picked, all crash points together. */
function coverageTable(coverage: readonly ReportedPoint[]): TableBlock {
  const rows = coverage.flatMap(({strategies}) => strategies)
  const names = [...new Set(rows.map(({strategy}) => strategy))]
  return {
    kind: 'table',
    title: `How images were picked: all of them at ${coverage.filter(({exhaustive}) => exhaustive).length} of ${coverage.length} crash points`,
    columns: [
      {name: 'picked', key: 'strategy'},
      {name: 'images', key: 'images', align: 'right'},
      {name: 'crash points', key: 'points', align: 'right'},
      {name: 'to the end at', key: 'whole', align: 'right'},
    ],
    rows: names.map((name) => {
      const given = rows.filter(({strategy}) => strategy === name)
      const images = given.reduce((sum, row) => sum + row.images, 0)
      return [name, String(images), String(given.length), String(given.filter(({whole}) => whole).length)]
    }),
  }
}

function verdictOf(violations: readonly ToldViolation[], left: string | undefined): string {
  const rest = left === undefined ? '' : `; the exploration is INCOMPLETE: ${left}`
  if (violations.length === 0) {
    return left === undefined
      ? 'no crash leaves an image that the check refuses'
      : `no violation in what was covered${rest}`
  }
  const broken = violations.some(({kind}) => kind === 'inconsistent')
  return `${broken ? 'a crash can leave an image that is broken' : 'a crash can lose what was acknowledged'}${rest}`
}

function violationBlocks(violation: ToldViolation, number: number): Block[] {
  const {state, event, kind, mark, lost, story, fix, isFixWhole} = violation
  const broken = mark === null ? kind : `${kind}: "${mark}"`
  const wholly = isFixWhole === true ? 'with it the check passes everywhere' : 'other violations stay'
  return [
    {kind: 'heading', level: 2, text: `Violation ${number}: ${broken}`},
    {kind: 'text', text: story},
    {
      kind: 'fields',
      rows: [
        ['crash', `after event ${event}`],
        ['lost', lostText(lost) || 'nothing'],
        ['would prevent it', fix.length > 0 ? `${fix.map(insertionText).join(', and ')}; ${wholly}` : 'nothing found'],
        ['state', state],
      ],
    },
  ]
}

function lostTable(violations: readonly ToldViolation[]): TableBlock {
  return {
    kind: 'table',
    columns: [
      {name: 'state', key: 'state'},
      {name: 'event', key: 'event', align: 'right'},
      {name: 'kind', key: 'kind'},
      {name: 'mark', key: 'mark'},
      {name: 'request', key: 'request', align: 'right'},
      {name: 'offset', key: 'offsetBytes', align: 'right'},
      {name: 'length', key: 'lengthBytes', align: 'right'},
    ],
    rows: violations.flatMap(({state, event, kind, mark, lost}) =>
      lost.map(({request, offsetBytes, lengthBytes}) => [
        state,
        String(event),
        kind,
        mark ?? '',
        String(request),
        String(offsetBytes),
        String(lengthBytes),
      ]),
    ),
  }
}
