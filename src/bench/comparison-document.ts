import {formatNs} from '../base/index.js'
import type {Block, ChartBlock, Document, TableBlock} from '../report/index.js'
import {jobsBelow, type Comparison, type JobComparison} from './comparison.js'
import {csvTable, type CsvField} from './csv-table.js'
import {factorText} from './difference.js'
import {rateText} from './figure-tables.js'

export interface ComparisonDocumentOptions {
  readonly beforePath: string
  readonly afterPath: string
  /** The least ratio that passes; no verdict without it. */
  readonly failUnder?: number
}

/** Two reports side by side. With `failUnder` its verdict says whether every job passes, by the same rule as jobsBelow(). */
export function comparisonDocument(comparison: Comparison, options: ComparisonDocumentOptions): Document {
  const {before, after, jobs, lost, gained} = comparison
  const {failUnder} = options
  const below = failUnder === undefined ? [] : jobsBelow(comparison, failUnder)
  const notes = notesOf(comparison)
  return {
    title: `${options.beforePath} against ${options.afterPath}`,
    blocks: [
      {
        kind: 'fields',
        rows: [
          ['before', before.version],
          ['after', after.version],
        ],
      },
      jobsTable(jobs, before.simulated && after.simulated),
      ratioChart(jobs),
      ...(notes.length === 0 ? [] : [{kind: 'list', items: notes} as const]),
      ...(failUnder === undefined ? [] : [verdictBlock(below, failUnder)]),
    ],
    json: {
      schema: 'flushpoint/bench-comparison@1',
      before: {path: options.beforePath, source: before.source, version: before.version},
      after: {path: options.afterPath, source: after.source, version: after.version},
      jobs: jobs.map(jobFields),
      lost,
      gained,
      ...(failUnder === undefined ? {} : {failUnder, below, passed: below.length === 0}),
    },
    records: jobs.map((job) => ({record: 'job', ...jobFields(job)})),
    csvTable: csvTable(
      jobs.map((job) => csvLine(jobFields(job))),
      ['name'],
    ),
  }
}

function jobsTable(jobs: readonly JobComparison[], exact: boolean): TableBlock {
  const right = (name: string, key: string) => ({name, key, align: 'right'}) as const
  return {
    kind: 'table',
    columns: [
      {name: 'job', key: 'job'},
      right('IOPS before', 'iopsBefore'),
      right('after', 'iopsAfter'),
      right('ratio', 'ratio'),
      {name: 'difference', key: 'difference'},
      right('flush before', 'flushMeanBefore'),
      right('after', 'flushMeanAfter'),
    ],
    rows: jobs.map((job) => [
      job.name,
      rateText(job.iopsBefore),
      rateText(job.iopsAfter),
      job.ratio === undefined ? '' : factorText(job.ratio),
      verdictText(job, exact),
      meanText(job.before.sync.meanNs),
      meanText(job.after.sync.meanNs),
    ]),
  }
}

function verdictText({verdict}: JobComparison, exact: boolean): string {
  switch (verdict) {
    case 'more':
    case 'fewer':
      return verdict
    case 'noise':
      return exact ? 'none' : 'within the noise'
    case 'unknown':
      return 'noise not known'
  }
}

function meanText(ns: number): string {
  return ns > 0 ? formatNs(ns) : ''
}

function ratioChart(jobs: readonly JobComparison[]): ChartBlock {
  return {
    kind: 'chart',
    title: 'IOPS after, in IOPS before',
    heads: ['job', 'ratio'],
    bars: [
      {label: 'before', value: 1, text: '1'},
      ...jobs.map(({name, ratio}) => ({
        label: name,
        value: ratio ?? 0,
        text: ratio === undefined ? '-' : factorText(ratio),
      })),
    ],
  }
}

function notesOf({before, after, jobs, lost, gained}: Comparison): string[] {
  return [
    ...jobs
      .filter(({changed}) => changed.length > 0)
      .map(({name, changed}) => `${name} is not the same job: ${changed.join('; ')}.`),
    ...lost.map((name) => `${name} is missing after.`),
    ...gained.map((name) => `${name} is new after.`),
    ...(before.complete ? [] : ['The report of before was cut short.']),
    ...(after.complete ? [] : ['The report of after was cut short.']),
    ...(jobs.some(({verdict}) => verdict === 'unknown')
      ? ['Where a report does not tell of at least two rounds, noise and news look alike.']
      : []),
  ]
}

function verdictBlock(below: readonly string[], failUnder: number): Block {
  const least = factorText(failUnder)
  return below.length === 0
    ? {kind: 'verdict', ok: true, text: `Every job has at least ${least} times the IOPS it had.`}
    : {kind: 'verdict', ok: false, text: `Below ${least} times the IOPS, or missing: ${below.join('; ')}.`}
}

function csvLine(fields: ReturnType<typeof jobFields>): CsvField[] {
  return Object.entries(fields).map(([key, value]) => [
    key,
    typeof value === 'object' ? (value?.join('; ') ?? null) : value,
  ])
}

function jobFields({name, iopsBefore, iopsAfter, ratio, verdict, flushRatio, before, after, changed}: JobComparison) {
  return {
    name,
    iopsBefore,
    iopsAfter,
    ratio: ratio ?? null,
    verdict,
    flushMeanNsBefore: before.sync.meanNs,
    flushMeanNsAfter: after.sync.meanNs,
    flushRatio: flushRatio ?? null,
    changed,
  }
}
