import {formatBytes, ToolError} from '../base/index.js'
import {CRASH_KINDS, listIds, type CrashKind} from '../durability/index.js'
import type {Block, Document, TableBlock} from '../report/index.js'
import {requestName, type SubmitEvent, type TraceReading} from '../trace/index.js'
import {momentJson} from './event-json.js'
import {eventText, requestText, settledText} from './event-text.js'
import {CRASH_NAMES, headerJson, headerRows} from './show-document.js'
import {walk, type Moment} from './walk.js'

const RANGES_SHOWN = 40

/** What is in flight, volatile and at risk at one moment, copied out of the walk. */
interface State {
  readonly moment: Moment
  readonly inFlight: readonly SubmitEvent[]
  readonly volatile: readonly number[]
  readonly risks: Readonly<Record<CrashKind, ReturnType<Moment['atRisk']>>>
  readonly json: object
}

/**
 * How things stand after one event: what is in flight and volatile, and the ranges at risk with their writers.
 *
 * @param at number of the event; 0 is before the first
 * @throws ToolError of kind usage when the trace is shorter
 */
export function stateDocument(reading: TraceReading, name: string, at: number): Document {
  const state = stateAt(reading, name, at)
  const {moment, risks} = state
  const json = {schema: 'flushpoint/trace-state@1', header: headerJson(reading), ...state.json}
  return {
    title: `${name}: after event ${at}`,
    blocks: blocksOf(reading, state),
    json,
    records: {
      *[Symbol.iterator]() {
        yield {record: 'state', ...momentJson(moment)}
        for (const kind of CRASH_KINDS) {
          for (const range of risks[kind].ranges) yield {record: 'at-risk', failure: kind, ...range}
        }
      },
    },
    csvTable: rangesTable(risks, Infinity, String),
  }
}

function stateAt(reading: TraceReading, name: string, at: number): State {
  let last = 0
  for (const moment of walk(reading)) {
    last = moment.number
    if (last !== at) continue
    const entries = CRASH_KINDS.map((kind) => [kind, moment.atRisk(kind)])
    const risks = Object.fromEntries(entries) as State['risks']
    const inFlight = [...moment.inFlight]
    const volatile = [...moment.volatile]
    const json = {
      ...momentJson(moment),
      inFlight: inFlight.map(({id, type, offsetBytes, lengthBytes}) => ({
        id,
        request: requestName(type),
        offsetBytes,
        lengthBytes,
      })),
      volatile,
      atRisk: risks,
    }
    return {moment, inFlight, volatile, risks, json}
  }
  throw new ToolError('usage', 'E_TRACE_AT', `${name} has ${last} events: there is no moment after event ${at}`, {
    hint: `Give --at 0 to ${last}.`,
  })
}

function blocksOf(reading: TraceReading, {moment, inFlight, volatile, risks}: State): Block[] {
  const {event, request, settled} = moment
  const nothing = CRASH_KINDS.every((kind) => risks[kind].bytes === 0)
  return [
    {
      kind: 'fields',
      rows: [
        ...headerRows(reading),
        ['event', event === undefined ? 'none yet' : eventText(event, request)],
        ['became stable', settledText(settled) || 'nothing'],
        ['volatile', listIds(volatile.toSorted((a, b) => a - b)) || 'nothing'],
        ['in flight', inFlight.map((open) => `#${open.id} ${requestText(open)}`).join('; ') || 'nothing'],
      ],
    },
    {kind: 'heading', level: 2, text: 'What would be lost now'},
    nothing
      ? {kind: 'verdict', ok: true, text: 'no crash loses anything now'}
      : rangesTable(risks, RANGES_SHOWN, formatBytes),
  ]
}

function rangesTable(risks: State['risks'], limit: number, sizeText: (bytes: number) => string): TableBlock {
  const all = CRASH_KINDS.flatMap((kind) => risks[kind].ranges.map((range) => ({kind, ...range})))
  const shown = all.slice(0, limit)
  const hidden = all.length - shown.length
  return {
    kind: 'table',
    columns: [
      {name: 'failure', key: 'failure'},
      {name: 'offset', key: 'offsetBytes', align: 'right'},
      {name: 'length', key: 'lengthBytes', align: 'right'},
      {name: 'written by', key: 'requests'},
    ],
    rows: shown.map(({kind, offsetBytes, lengthBytes, requests}) => [
      CRASH_NAMES[kind],
      String(offsetBytes),
      sizeText(lengthBytes),
      listIds(requests),
    ]),
    ...(hidden > 0 ? {note: `${hidden} ranges more: --json has all of them.`} : {}),
  }
}
