import type {MatrixCell} from '../durability/index.js'
import {factRows, factsIn, PLAN_STEPS, type Frontend} from '../frontend/index.js'
import type {Block, Document, TableBlock} from '../report/index.js'
import {Footnotes} from './footnotes.js'
import {changedCells, type Matrix, type PlacedCell} from './matrix.js'

/** Front ends under cache modes: safe or not, which kind of failure, and why. One front end comes with its facts. */
export function matrixDocument(matrix: Matrix): Document {
  const {era, frontends, cells, notes} = matrix
  const [only] = frontends
  const single = only && frontends.length === 1 ? only : undefined
  return {
    title: `${single ? `${single.name}, ${single.title}` : 'Front ends under cache modes'}: ${era.title}`,
    blocks: [
      ...notes.map((text): Block => ({kind: 'text', text})),
      ...stepBlocks(matrix),
      ...(single ? [reasonsTable(cells)] : gridBlocks(matrix)),
      ...changeBlocks(matrix),
      ...(single ? factBlocks(single, matrix) : []),
      {kind: 'text', text: '"safe" rests on:'},
      {kind: 'list', items: era.conditions},
    ],
    json: matrixJson(matrix),
    records: cells.map((placed) => ({record: 'cell', era: era.name, ...cellJson(placed)})),
    csvTable: csvTable(cells),
  }
}

/** The contract of the matrix: schema flushpoint/matrix@1. Fields may be added, none renamed. */
function matrixJson(matrix: Matrix): object {
  const {era, steps, frontends, cells, notes} = matrix
  return {
    schema: 'flushpoint/matrix@1',
    era: era.name,
    steps,
    cells: cells.map(cellJson),
    changed: changedCells(matrix).map(({frontend, mode, cell, before}) => ({
      frontend: frontend.name,
      mode: mode.name,
      before: {safe: before.safe, failure: before.failure},
      after: {safe: cell.safe, failure: cell.failure},
    })),
    facts: frontends.flatMap((frontend) =>
      factRows(factsIn(frontend, era, steps)).map(({key, fact}) => ({frontend: frontend.name, fact: key, ...fact})),
    ),
    conditions: era.conditions,
    notes,
  }
}

function cellJson({frontend, mode, cell, flushes}: PlacedCell): object {
  const {safe, failure, reason, source} = cell
  return {frontend: frontend.name, mode: mode.name, safe, failure, reason, source, guestFlushes: flushes}
}

function stepBlocks({steps}: Matrix): Block[] {
  const taken = PLAN_STEPS.filter(({name}) => steps.includes(name))
  if (taken.length === 0) return []
  return [
    {
      kind: 'table',
      columns: [
        {name: 'step', key: 'step'},
        {name: 'by', key: 'by'},
        {name: 'what is done', key: 'summary'},
        {name: 'for', key: 'effect'},
      ],
      rows: taken.map(({name, who, summary, effect}) => [name, who, summary, effect]),
    },
  ]
}

function gridBlocks({frontends, modes, cells}: Matrix): Block[] {
  const reasons = new Footnotes({name: 'because', key: 'reason'}, {name: 'source', key: 'source'})
  const table: TableBlock = {
    kind: 'table',
    columns: [{name: 'front end', key: 'frontend'}, ...modes.map(({name}) => ({name, key: name}))],
    rows: frontends.map((frontend) => [
      frontend.name,
      ...cells
        .filter((placed) => placed.frontend === frontend)
        .map(({cell}) => `${verdict(cell)} ${reasons.cite(cell.reason, cell.source)}`),
    ]),
  }
  return [table, reasons.table()]
}

function changeBlocks(matrix: Matrix): Block[] {
  if (matrix.steps.length === 0) return []
  const changed = changedCells(matrix)
  return [
    {kind: 'heading', level: 2, text: 'What the steps change'},
    changed.length === 0
      ? {kind: 'text', text: 'No cell.'}
      : {
          kind: 'list',
          items: changed.map(
            ({frontend, mode, cell, before}) =>
              `${frontend.name} under ${mode.name}: ${verdict(before)} before, ${verdict(cell)} now`,
          ),
        },
  ]
}

function verdict({safe, failure}: MatrixCell): string {
  return safe ? 'safe' : `unsafe (${failure})`
}

function reasonsTable(cells: readonly PlacedCell[]): TableBlock {
  return {
    kind: 'table',
    columns: [
      {name: 'cache', key: 'mode'},
      {name: 'answer', key: 'answer'},
      {name: 'flushes sent', key: 'flushes'},
      {name: 'because', key: 'reason'},
      {name: 'source', key: 'source'},
    ],
    rows: cells.map(({mode, cell, flushes}) => [
      mode.name,
      verdict(cell),
      flushes ? 'yes' : 'no',
      cell.reason,
      cell.source,
    ]),
  }
}

function factBlocks(frontend: Frontend, {era, steps}: Matrix): Block[] {
  return [
    {kind: 'heading', level: 2, text: 'What this follows from'},
    {
      kind: 'table',
      columns: [
        {name: 'fact', key: 'fact'},
        {name: 'value', key: 'value'},
        {name: 'namely', key: 'says'},
        {name: 'year', key: 'year', align: 'right'},
        {name: 'source', key: 'source'},
      ],
      rows: factRows(factsIn(frontend, era, steps)).map(({title, fact}) => [
        title,
        valueText(fact.value),
        fact.says,
        String(fact.year),
        fact.source,
      ]),
    },
  ]
}

function valueText(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (Array.isArray(value)) return value.length === 0 ? 'nothing' : value.join(', ')
  return String(value)
}

function csvTable(cells: readonly PlacedCell[]): TableBlock {
  const keys = ['frontend', 'mode', 'safe', 'failure', 'reason', 'source']
  return {
    kind: 'table',
    columns: keys.map((key) => ({name: key, key})),
    rows: cells.map(({frontend, mode, cell}) => [
      frontend.name,
      mode.name,
      String(cell.safe),
      cell.failure,
      cell.reason,
      cell.source,
    ]),
  }
}
