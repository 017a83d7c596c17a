import {formatBytesBoth, formatNs} from '../base/index.js'
import {listIds} from '../durability/index.js'
import type {Block, Document, TableBlock} from '../report/index.js'
import {runJson, runRecords} from './json.js'
import type {RequestOutcome, RunResult} from './result.js'
import type {Verdict} from './verdict.js'
import {guestRows} from './guest-rows.js'
import {
  countText,
  FAILURES,
  flagNames,
  holdsText,
  requestsAtRisk,
  requestText,
  riskText,
  stableText,
  statusText,
} from './words.js'

/** Rows of a table people read; the middle of a longer one is left out (json, ndjson and csv have all of it). */
const ROWS_SHOWN = 40
const RANGES_SHOWN = 8

/** The report of one run. */
export function runDocument(result: RunResult, verdict: Verdict): Document {
  return {
    title: `${result.image.path}: ${countText(result.counts.ran, 'request')} under ${result.mode.name}`,
    blocks: runBlocks(result, verdict),
    get json() {
      return runJson(result)
    },
    records: {[Symbol.iterator]: () => runRecords(result)},
    get csvTable() {
      return requestsCsv(result)
    },
  }
}

function runBlocks(result: RunResult, verdict: Verdict): Block[] {
  const {image, aio, mode} = result
  const traits = [image.created && 'created', image.snapshot && 'throw-away copy', image.readOnly && 'read-only']
  return [
    {
      kind: 'fields',
      rows: [
        ['image', [formatBytesBoth(image.sizeBytes), image.fileSystem, ...traits.filter(Boolean)].join(', ')],
        ['cache', `${mode.name}: ${mode.summary}`],
        ...guestRows(result),
        ['opened', result.openFlags.join(' ')],
        [
          'aio',
          `${aio.backend} (${aio.reason}), depth ${aio.depth}, ${countText(aio.syncs, 'host sync')}, ${formatNs(aio.elapsedNs)}`,
        ],
        ['BARRIER', result.ordering],
        ...result.marks.map(({name, line, reached}): readonly [string, string] => [
          'MARK',
          `${name} (line ${line}): ${reached ? 'reached' : 'not reached'}`,
        ]),
        ...result.notes.map((note): readonly [string, string] => ['note', note]),
      ],
    },
    {kind: 'heading', level: 2, text: 'Requests'},
    requestsTable(result),
    ...verificationBlocks(result),
    {kind: 'heading', level: 2, text: 'What would be lost now'},
    riskTable(result),
    {kind: 'heading', level: 2, text: `What ${mode.name} guarantees${behind(result)}`},
    {
      kind: 'table',
      columns: [
        {name: 'id', key: 'id'},
        {name: 'holds', key: 'holds'},
        {name: 'why', key: 'why'},
      ],
      rows: result.guarantees.map(({id, holds, why}) => [id, holdsText(holds), why]),
    },
    {kind: 'text', text: 'Rests on:'},
    {kind: 'list', items: result.assumptions},
    ...hazardBlocks(result),
    ...verdictBlocks(verdict),
    ...closingBlocks(result),
  ]
}

function behind({agreement}: RunResult): string {
  return agreement === undefined ? '' : ` behind ${agreement.frontend} (${agreement.era})`
}

function requestsTable(result: RunResult): TableBlock {
  const hidden = Math.max(0, result.counts.ran - ROWS_SHOWN)
  const rows: string[][] = []
  for (const outcome of result.outcomes) {
    const {id} = outcome.request
    if (hidden > 0 && id > ROWS_SHOWN / 2 && id <= ROWS_SHOWN / 2 + hidden) continue
    if (hidden > 0 && id === ROWS_SHOWN / 2 + hidden + 1) rows.push(['...', '', `${hidden} more`, '', '', ''])
    rows.push(requestRow(outcome))
  }
  return {
    kind: 'table',
    columns: [
      {name: '#', key: 'id', align: 'right'},
      {name: 'line', key: 'line', align: 'right'},
      {name: 'request', key: 'request'},
      {name: 'status', key: 'status'},
      {name: 'latency', key: 'latency', align: 'right'},
      {name: 'stable since', key: 'stable'},
    ],
    rows,
    ...(hidden > 0
      ? {note: 'The middle is left out: --json, --format ndjson and --format csv have every request.'}
      : {}),
  }
}

function requestRow(outcome: RequestOutcome): string[] {
  const {request, latencyNs} = outcome
  const {id, line} = request
  return [String(id), String(line), requestText(request), statusText(outcome), formatNs(latencyNs), stableText(outcome)]
}

/** Every request with plain numbers, for csv. */
function requestsCsv(result: RunResult): TableBlock {
  const keys = [
    'id',
    'line',
    'kind',
    'offsetBytes',
    'lengthBytes',
    'flags',
    'status',
    'errno',
    'latencyNs',
    'stableBy',
    'stableRequest',
  ]
  return {
    kind: 'table',
    columns: keys.map((key) => ({name: key, key})),
    rows: Array.from(result.outcomes, (outcome) => {
      const {request, status, errno, latencyNs, stable} = outcome
      const {id, line, name, offsetBytes, lengthBytes} = request
      const numbers = [id, line, name, offsetBytes, lengthBytes, flagNames(request).join(' '), status, errno, latencyNs]
      return [...numbers.map(String), stable.by, stable.request === null ? '' : String(stable.request)]
    }),
  }
}

function verificationBlocks(result: RunResult): Block[] {
  const items: string[] = []
  for (const {request, verification} of result.outcomes) {
    if (!verification || verification.ok) continue
    const {offsetBytes, expected, found} = verification
    items.push(
      `#${request.id} (line ${request.line}) first differs at byte ${offsetBytes}: expected ${expected}, found ${found}`,
    )
    if (items.length === ROWS_SHOWN) break
  }
  return items.length === 0
    ? []
    : [
        {kind: 'heading', level: 2, text: 'Data that differs'},
        {kind: 'list', items},
      ]
}

function riskTable(result: RunResult): TableBlock {
  return {
    kind: 'table',
    columns: [
      {name: 'failure', key: 'failure'},
      {name: 'lost or in doubt', key: 'lost'},
      {name: 'written by', key: 'requests'},
      {name: 'ranges (offset + length)', key: 'ranges'},
    ],
    rows: FAILURES.map(({kind, name}) => {
      const risk = result.atRisk[kind]
      const shown = risk.ranges.slice(0, RANGES_SHOWN).map((range) => `${range.offsetBytes}+${range.lengthBytes}`)
      const more = risk.ranges.length > RANGES_SHOWN ? [`and ${risk.ranges.length - RANGES_SHOWN} more`] : []
      return [name, riskText(risk), listIds(requestsAtRisk(risk)), [...shown, ...more].join(', ')]
    }),
  }
}

function hazardBlocks(result: RunResult): Block[] {
  if (result.hazards.length === 0) return []
  return [
    {kind: 'heading', level: 2, text: 'Hazards'},
    {kind: 'list', items: result.hazards.map(({code, message}) => `${code}: ${message}`)},
  ]
}

function closingBlocks(result: RunResult): Block[] {
  if (result.closingSync !== 'done') return []
  const text =
    'This report describes the moment after the last request. Before closing the image, flushpoint synced it.'
  return [{kind: 'text', text}]
}

/** Good and bad news. Bad news that nobody asked to be told by the exit status is a remark. */
export function verdictBlocks({kind, lines}: Verdict, prefix = ''): Block[] {
  return lines.map(({ok, text}) =>
    ok || kind !== undefined ? {kind: 'verdict', ok, text: prefix + text} : {kind: 'text', text: `! ${prefix}${text}`},
  )
}
