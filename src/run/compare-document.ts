import {formatNs} from '../base/index.js'
import {listIds} from '../durability/index.js'
import type {Block, Column, Document, TableBlock} from '../report/index.js'
import {verdictBlocks} from './document.js'
import {compareJson, runRecords} from './json.js'
import type {RequestOutcome, RunResult} from './result.js'
import type {Verdict} from './verdict.js'
import {
  countText,
  FAILURES,
  flushText,
  holdsText,
  requestsAtRisk,
  requestText,
  riskText,
  stableText,
  statusText,
} from './words.js'

const ROWS_SHOWN = 40

/** One batch under several modes, side by side. Results and verdicts are in the same order. */
export function compareDocument(results: readonly RunResult[], verdicts: readonly Verdict[]): Document {
  const [first] = results
  const table = summaryTable(results)
  const names = labels(results)
  return {
    title: first
      ? `${first.image.path}: ${countText(first.counts.total, 'request')} under ${sharedMode(results)}${names.join(', ')}`
      : '',
    blocks: [
      {kind: 'text', text: 'Each column ran the same batch on its own throw-away copy of the image.'},
      {kind: 'heading', level: 2, text: 'Since when each request is stable'},
      requestsTable(results),
      {
        kind: 'heading',
        level: 2,
        text: `What each ${sharedMode(results) === '' ? 'mode' : 'policy'} guaranteed, and what a failure now would lose`,
      },
      table,
      ...results.flatMap((result, i) => hazardBlocks(result, names[i] ?? '')),
      ...verdicts.flatMap((verdict, i) => verdictBlocks(verdict, `${names[i]}: `)),
    ],
    get json() {
      return compareJson(results)
    },
    records: {
      *[Symbol.iterator]() {
        for (const result of results) yield* runRecords(result)
      },
    },
    csvTable: table,
  }
}

/** What each run is called: whatever makes it different from the others, its mode, its barrier policy, or both. */
function labels(results: readonly RunResult[]): string[] {
  const several = (name: (result: RunResult) => string): boolean => new Set(results.map(name)).size > 1
  const modes = several(({asked}) => asked.name)
  const orderings = several(({orderingAsked}) => orderingAsked)
  return results.map(({asked, orderingAsked}) => {
    if (!orderings) return asked.name
    return modes ? `${asked.name} ${orderingAsked}` : orderingAsked
  })
}

/** The mode, where the labels leave it out because it is the same for all. */
function sharedMode(results: readonly RunResult[]): string {
  const [first] = results
  return first && !labels(results).some((label) => label.startsWith(first.asked.name)) ? `${first.asked.name}: ` : ''
}

function runColumns(results: readonly RunResult[]): Column[] {
  return labels(results).map((name) => ({name, key: name}))
}

function requestsTable(results: readonly RunResult[]): TableBlock {
  const columns: Column[] = [
    {name: '#', key: 'id', align: 'right'},
    {name: 'request', key: 'request'},
    ...runColumns(results),
  ]
  const shown = results.map((result) => firstOutcomes(result, ROWS_SHOWN))
  const count = Math.max(0, ...shown.map((outcomes) => outcomes.length))
  const rows = Array.from({length: count}, (_, i) => {
    const request = shown.map((outcomes) => outcomes[i]?.request).find((candidate) => candidate !== undefined)
    const cells = shown.map((outcomes) => cellOf(outcomes[i]))
    return [String(i + 1), request ? requestText(request) : '', ...cells]
  })
  const ran = Math.max(0, ...results.map((result) => result.counts.ran))
  const note = ran > count ? {note: `${ran - count} more: --json and --format ndjson have every request.`} : {}
  return {kind: 'table', columns, rows, ...note}
}

function firstOutcomes(result: RunResult, most: number): RequestOutcome[] {
  const outcomes: RequestOutcome[] = []
  for (const outcome of result.outcomes) {
    if (outcomes.push(outcome) === most) break
  }
  return outcomes
}

function cellOf(outcome: RequestOutcome | undefined): string {
  if (!outcome) return 'never ran'
  const status = statusText(outcome)
  const stable = stableText(outcome)
  if (stable === '-') return status
  return status === 'OK' ? stable : `${status}; ${stable}`
}

function summaryTable(results: readonly RunResult[]): TableBlock {
  const row = (label: string, cell: (result: RunResult) => string): string[] => [label, ...results.map(cell)]
  const promises = results[0]?.guarantees ?? []
  return {
    kind: 'table',
    columns: [{name: '', key: 'question'}, ...runColumns(results)],
    rows: [
      ...(results.some(({asked, mode}) => asked !== mode) ? [row('cache mode in force', ({mode}) => mode.name)] : []),
      row('opened with', (result) => result.openFlags.join(' ')),
      row('backend', (result) => result.aio.backend),
      row('requests OK', ({counts}) => `${counts.ok} of ${counts.ran}`),
      row('host syncs', ({aio}) => String(aio.syncs)),
      row('flushes sent', ({commands}) => flushText(commands)),
      row('from first to last', ({aio}) => formatNs(aio.elapsedNs)),
      row('time in requests', (result) => formatNs(totalLatencyNs(result))),
      ...FAILURES.map(({kind, ifClause}) =>
        row(`lost ${ifClause}`, ({atRisk}) => {
          const ids = listIds(requestsAtRisk(atRisk[kind]))
          return ids === '' ? 'nothing' : `${riskText(atRisk[kind])}: ${ids}`
        }),
      ),
      ...promises.map(({id, promise}) =>
        row(`${promise} (${id})`, ({guarantees}) =>
          holdsText(guarantees.find((guarantee) => guarantee.id === id)?.holds ?? false),
        ),
      ),
    ],
  }
}

function totalLatencyNs(result: RunResult): number {
  let total = 0
  for (const {latencyNs} of result.outcomes) total += latencyNs
  return total
}

function hazardBlocks(result: RunResult, name: string): Block[] {
  if (result.hazards.length === 0) return []
  return [
    {kind: 'heading', level: 2, text: `Hazards under ${name}`},
    {kind: 'list', items: result.hazards.map(({code, message}) => `${code}: ${message}`)},
  ]
}
