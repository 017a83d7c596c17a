import {circumstances, lostIn, stateId, type CrashState} from '../crash/index.js'
import type {Document, TableBlock} from '../report/index.js'
import {settledRows, shownRanges, type ToldRange} from './words.js'

/** One state at length: when, what was lost, and what each range that the trace wrote to holds. `flushpoint/state@1`. */
export function stateDocument(state: CrashState, name: string): Document {
  const {point} = state
  const {model} = point
  const id = stateId(state)
  const lost = lostIn(state)
  const story = circumstances(state, lost)
  const shown = shownRanges(state)
  const marks = model.marks.slice(0, point.reached)
  const ranges = shown.map(({offsetBytes, lengthBytes, texts}) => ({offsetBytes, lengthBytes, holds: texts[0] ?? ''}))
  return {
    title: `${name}: state ${id}`,
    blocks: [{kind: 'text', text: story}, {kind: 'fields', rows: settledRows(model.options)}, shownTable(shown)],
    json: {schema: 'flushpoint/state@1', state: id, event: point.event, marks, story, lost, shown: ranges},
    records: [
      {record: 'state', state: id, event: point.event, marks, story, lost},
      ...ranges.map((range) => ({record: 'range', ...range})),
    ],
  }
}

function shownTable(shown: readonly ToldRange[]): TableBlock {
  return {
    kind: 'table',
    title: 'What the image holds where the trace wrote',
    columns: [
      {name: 'offset', key: 'offsetBytes', align: 'right'},
      {name: 'bytes', key: 'lengthBytes', align: 'right'},
      {name: 'holds', key: 'holds'},
    ],
    rows: shown.map(({offsetBytes, lengthBytes, texts}) => [String(offsetBytes), String(lengthBytes), texts.join()]),
  }
}
