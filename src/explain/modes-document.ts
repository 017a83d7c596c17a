import {CACHE_MODES, openFlagNames, writeCacheEnabled} from '../cache-mode/index.js'
import type {Column, Document, TableBlock} from '../report/index.js'
import {guaranteeRows, survivalRows, type AnswerRow} from './answer.js'
import {Footnotes} from './footnotes.js'

/** All cache modes side by side: what each guarantees, and what survives which failure. */
export function modesDocument(): Document {
  const promises = guaranteeRows()
  const failures = survivalRows()
  const notes = new Footnotes({name: 'why', key: 'why'})
  return {
    title: 'What each cache mode guarantees',
    blocks: [
      modesTable(),
      {kind: 'heading', level: 2, text: 'Guarantees'},
      {kind: 'fields', rows: promises.map(({id, question}) => [id, question])},
      {
        ...answersTable(
          'id',
          promises.map(({id, answers}) => ({label: id, answers})),
          notes,
        ),
        note: 'A "yes" that names the host rests on it: flushpoint modes MODE lists every assumption.',
      },
      notes.table(),
      {kind: 'heading', level: 2, text: 'Does a completed write survive?'},
      {
        ...answersTable(
          'failure',
          failures.map(({question, answers}) => ({label: question, answers})),
          notes,
        ),
        note: 'If the drive, or a layer above it, ignores flushes, no write is certain to survive a power loss under any mode.',
      },
      notes.table(),
    ],
    json: {
      schema: 'flushpoint/modes@1',
      modes: CACHE_MODES.map((mode) => ({
        name: mode.name,
        aliases: mode.aliases,
        since: mode.since,
        openFlags: openFlagNames(mode, false),
        writeCacheEnabled: writeCacheEnabled(mode),
        summary: mode.summary,
      })),
      guarantees: promises.map(({id, question, answers}) => ({id, promise: question, cells: cells(answers)})),
      survival: failures.map(({id, answers}) => ({failure: id, cells: cells(answers)})),
    },
    records: [
      ...longRows(promises).map((row) => ({record: 'guarantee', ...row})),
      ...longRows(failures).map((row) => ({record: 'survival', ...row})),
    ],
    csvTable: csvTable([...promises, ...failures]),
  }
}

function modesTable(): TableBlock {
  return {
    kind: 'table',
    columns: [
      {name: 'cache', key: 'mode'},
      {name: 'opened with', key: 'openFlags'},
      {name: 'advertises a write cache', key: 'writeCache'},
      {name: 'in one line', key: 'summary'},
    ],
    rows: CACHE_MODES.map((mode) => [
      [mode.name, ...mode.aliases].join(', '),
      openFlagNames(mode, false).join(' '),
      writeCacheEnabled(mode) ? 'yes' : 'no',
      mode.summary,
    ]),
  }
}

interface LabelledAnswers {
  readonly label: string
  readonly answers: AnswerRow<string>['answers']
}

function answersTable(key: string, rows: readonly LabelledAnswers[], notes: Footnotes): TableBlock {
  return {
    kind: 'table',
    columns: [{name: key, key}, ...CACHE_MODES.map(({name}): Column => ({name, key: name}))],
    rows: rows.map(({label, answers}) => [label, ...answers.map(({holds, why}) => `${holds} ${notes.cite(why)}`)]),
  }
}

function cells(answers: AnswerRow<string>['answers']): object[] {
  return answers.map(({mode, holds, why}) => ({mode: mode.name, holds, why}))
}

function longRows(rows: readonly AnswerRow<string>[]): {id: string; mode: string; holds: string; why: string}[] {
  return rows.flatMap(({id, answers}) => answers.map(({mode, holds, why}) => ({id, mode: mode.name, holds, why})))
}

function csvTable(rows: readonly AnswerRow<string>[]): TableBlock {
  const keys = ['id', 'mode', 'holds', 'why']
  return {
    kind: 'table',
    columns: keys.map((key) => ({name: key, key})),
    rows: longRows(rows).map(({id, mode, holds, why}) => [id, mode, holds, why]),
  }
}
