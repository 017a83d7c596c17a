import {formatBytes, formatBytesBoth} from '../base/index.js'
import {CRASH_KINDS, type CrashKind} from '../durability/index.js'
import type {Block, Document, TableBlock} from '../report/index.js'
import type {KnownBefore, TraceReading} from '../trace/index.js'
import {momentJson} from './event-json.js'
import {eventText, settledText} from './event-text.js'
import {riskBytes, walk, type Moment} from './walk.js'

/** Rows of the table people read; the middle of a longer one is left out, and the ledger is not asked about it. */
const ROWS_SHOWN = 60

/** What a crash is called in a head of a column. */
export const CRASH_NAMES: Readonly<Record<CrashKind, string>> = {
  processKill: 'process kill',
  osCrash: 'OS crash',
  powerLoss: 'power loss',
}

/**
 * A trace, one line an event, with what is volatile and at risk after it and who became stable by it. The walk is made when a form of
 * the document is asked for; records come as it goes, so that a long trace is never in memory as ndjson.
 */
export function showDocument(reading: TraceReading, name: string): Document {
  const {header} = reading
  return {
    title: `${name}: a trace under ${header.mode}`,
    get blocks() {
      return blocksOf(reading)
    },
    get json() {
      return {
        schema: 'flushpoint/trace@1',
        header: headerJson(reading),
        events: Array.from(moments(reading), momentJson),
      }
    },
    records: {
      *[Symbol.iterator]() {
        yield {record: 'header', ...headerJson(reading)}
        for (const moment of moments(reading)) yield {record: 'event', ...momentJson(moment)}
      },
    },
    get csvTable() {
      return csvTable(reading)
    },
  }
}

/** The header for scripts. */
export function headerJson({header}: TraceReading): object {
  const {sizeBytes, mode, ordering, source, knownBefore} = header
  return {sizeBytes, mode, ordering, source, knownBefore}
}

/** Every moment behind an event. */
function* moments(reading: TraceReading): Generator<Moment> {
  for (const moment of walk(reading)) if (moment.event !== undefined) yield moment
}

const BEFORE_WORDS: Readonly<Record<KnownBefore, string>> = {
  whole: 'the trace knows all that the image held',
  touched: 'the trace knows what the image held where requests changed it',
  listed: 'the trace knows what the image held only where it says so',
}

/** The rows of a header that people read. */
export function headerRows({header}: TraceReading): (readonly [string, string])[] {
  return [
    ['image', formatBytesBoth(header.sizeBytes)],
    ['cache', header.mode],
    ['BARRIER', header.ordering],
    ['recorded by', header.source],
    ['before it', BEFORE_WORDS[header.knownBefore]],
  ]
}

function blocksOf(reading: TraceReading): Block[] {
  let count = 0
  for (const _event of reading.events) count++
  const hidden = Math.max(0, count - ROWS_SHOWN)
  const half = ROWS_SHOWN / 2
  const rows: string[][] = []
  for (const moment of moments(reading)) {
    const {number} = moment
    if (hidden > 0 && number > half && number <= half + hidden) continue
    if (hidden > 0 && number === half + hidden + 1) rows.push(['...', `${hidden} more`, '', '', '', '', '', ''])
    rows.push(rowOf(moment))
  }
  return [
    {kind: 'fields', rows: [...headerRows(reading), ['events', String(count)]]},
    {kind: 'heading', level: 2, text: 'Events, and how things stand after each'},
    tableOf(rows, hidden),
  ]
}

function tableOf(rows: readonly string[][], hidden: number): TableBlock {
  return {
    kind: 'table',
    columns: [
      {name: '#', key: 'event', align: 'right'},
      {name: 'event', key: 'text'},
      {name: 'in flight', key: 'inFlight', align: 'right'},
      {name: 'volatile', key: 'volatile', align: 'right'},
      ...CRASH_KINDS.map((kind) => ({name: CRASH_NAMES[kind], key: kind, align: 'right' as const})),
      {name: 'became stable', key: 'becameStable'},
    ],
    rows,
    note:
      'Under process kill, OS crash and power loss: the bytes that it would lose or leave in doubt at this moment.' +
      (hidden > 0 ? ' The middle is left out: --json, --format ndjson and --format csv have every event.' : ''),
  }
}

function rowOf(moment: Moment): string[] {
  const {number, event, request, inFlight, volatile, settled} = moment
  const bytes = riskBytes(moment)
  return [
    String(number),
    event === undefined ? '' : eventText(event, request),
    String(inFlight.length),
    String(volatile.length),
    ...CRASH_KINDS.map((kind) => (bytes[kind] === 0 ? '-' : formatBytes(bytes[kind]))),
    settledText(settled),
  ]
}

/** Every event with plain numbers. */
function csvTable(reading: TraceReading): TableBlock {
  const keys = ['event', 'text', 'atNs', 'inFlight', 'volatile']
  const risks = CRASH_KINDS.map((kind) => `${kind}Bytes`)
  return {
    kind: 'table',
    columns: [...keys, ...risks, 'becameStable'].map((key) => ({name: key, key})),
    rows: Array.from(moments(reading), (moment) => {
      const {number, event, request, inFlight, volatile, settled} = moment
      const bytes = riskBytes(moment)
      const text = event === undefined ? '' : eventText(event, request)
      const numbers = [event?.atNs ?? 0, inFlight.length, volatile.length, ...CRASH_KINDS.map((kind) => bytes[kind])]
      return [String(number), text, ...numbers.map(String), settledText(settled)]
    }),
  }
}
