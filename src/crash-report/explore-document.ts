import type {CrashReport, ToldViolation} from '../crash/index.js'
import type {Block, Document, TableBlock} from '../report/index.js'
import {insertionText, lostText, settledRows} from './words.js'

/** Why an exploration stopped before everything was covered; `budget` also when nothing stopped it. */
export type CutBy = 'budget' | 'signal' | 'timeout'

const CUTS: Readonly<Record<CutBy, string>> = {
  budget: 'the budget ended first',
  signal: 'it was interrupted',
  timeout: 'the check did not come back in time',
}

/**
 * What an exploration came to. The JSON document is `flushpoint/crash@1`.
 *
 * @param name what was explored
 * @param check as it was named on the command line
 * @param cutBy why the report is not complete, where it is not
 */
export function exploreDocument(report: CrashReport, name: string, check: string, cutBy: CutBy = 'budget'): Document {
  const {complete, states, crashPoints, violations} = report
  const told = violations.map(violationJson)
  return {
    title: `${name}: what a crash may leave, asked of ${check}`,
    blocks: blocksOf(report, cutBy),
    json: {schema: 'flushpoint/crash@1', complete, states, crashPoints, violations: told},
    records: [
      {record: 'exploration', complete, states, crashPoints, ...countsOf(report)},
      ...told.map((violation) => ({record: 'violation', ...violation})),
    ],
    csvTable: lostTable(violations),
  }
}

function countsOf({failing, runs, crashPointsAll}: CrashReport): object {
  return {failing, runs, crashPointsAll}
}

function violationJson({state, event, kind, mark, lost, story, fix}: ToldViolation): object {
  return {state, event, kind, mark, lost, story, fix}
}

function blocksOf(report: CrashReport, cutBy: CutBy): Block[] {
  const {options, complete, states, failing, runs, crashPoints, crashPointsAll, violations} = report
  return [
    {
      kind: 'fields',
      rows: [
        ...settledRows(options),
        ['crash points', `${crashPoints} of ${crashPointsAll} that matter`],
        ['states', `${states} that a check can tell apart, ${failing} of them refused; ${runs} runs of the check`],
        ['complete', complete ? 'yes: every image was covered' : `NO: ${CUTS[cutBy]}`],
      ],
    },
    ...violations.flatMap((violation, i) => violationBlocks(violation, i + 1)),
    {kind: 'verdict', ok: complete && violations.length === 0, text: verdictOf(report, cutBy)},
  ]
}

function verdictOf({complete, violations}: CrashReport, cutBy: CutBy): string {
  const rest = complete ? '' : `; the exploration is INCOMPLETE: ${CUTS[cutBy]}`
  if (violations.length === 0) {
    return complete ? 'no crash leaves an image that the check refuses' : `no violation in what was covered${rest}`
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
