import {formatBytesBoth, formatNs} from '../base/index.js'
import type {Block, ChartBar, ChartBlock, Document} from '../report/index.js'
import {cellFigures, type CellFigures, type SortFigures} from './cell-figures.js'
import {closingTexts, type SyncFinding} from './closing.js'
import {difference, differenceText} from './difference.js'
import {cellRecords, fioJson} from './fio-json.js'
import {csvOfFigures, flushTable, latencyTables, rateTable, rateText} from './figure-tables.js'
import type {BenchResult} from './result.js'

export interface BenchDocumentOptions {
  /** Call each cell better or worse than the first, or say that it cannot be told. */
  readonly verdict: boolean
  /** What `hostFacts` found of syncs in the folder of the image; left out when nobody looked. */
  readonly sync?: SyncFinding
  /** Goes into the JSON as fio's does: "flushpoint-1.2.3". */
  readonly version: string
  /** When the bench ended; left out where the same figures must give the same document. */
  readonly endedAtMs?: number
}

/** So many distributions are drawn, the first ones that have more than one bar; the tables hold all. */
const DISTRIBUTIONS_MAX = 4

/** A bench as a document: rates, latencies, charts, what it amounts to in words; JSON in the shape of fio's. */
export function benchDocument(result: BenchResult, options: BenchDocumentOptions): Document {
  const cells = result.cells.map((cell) => cellFigures(cell, result.simulated))
  const closing = closingTexts(result, cells, options.sync)
  const told = tellings(result, cells, options.verdict)
  return {
    title: `Bench of ${result.image}${result.complete ? '' : ', cut short'}`,
    blocks: [
      ...(result.complete ? [] : [{kind: 'verdict', ok: false, text: cutText(result)} as const]),
      {kind: 'fields', rows: factRows(result, cells)},
      rateTable(cells, result.simulated),
      ...[flushTable(cells) ?? []].flat(),
      ...latencyTables(cells),
      ...charts(cells),
      ...listBlocks(options.verdict ? 'Verdict' : 'Compared', told),
      ...listBlocks('Notes', notesOf(result, cells)),
      ...listBlocks('In words', closing),
    ],
    json: fioJson(result, cells, {...options, closing, told}),
    records: cellRecords(cells),
    csvTable: csvOfFigures(cells),
  }
}

function factRows(result: BenchResult, cells: readonly CellFigures[]): [string, string][] {
  return [
    ['image', `${formatBytesBoth(result.sizeBytes)}, ${result.allocation}`],
    ['rounds', roundsText(result, cells)],
    ['backend', backendsText(cells)],
  ]
}

/** One for all, or which cells have which. */
function backendsText(cells: readonly CellFigures[]): string {
  const names = new Map<string, string[]>()
  for (const {name, cell} of cells) names.set(cell.backend, [...(names.get(cell.backend) ?? []), name])
  if (names.size === 1) return [...names.keys()].join()
  return [...names].map(([backend, of]) => `${of.join('; ')}: ${backend}`).join('\n')
}

function roundsText(result: BenchResult, cells: readonly CellFigures[]): string {
  const method = cells.map(({iops}) => iops.interval?.method).find((found) => found !== undefined)
  const asked = String(result.rounds)
  switch (method) {
    case undefined:
      return `${asked}; one round tells nothing of the next`
    case 'exact':
      return `${asked}, simulated: the same figures every time`
    case 'Student t':
      return `${asked}; ± is half the 95 % interval of Student's t around the mean of the rounds`
    case 'order statistics':
      return `${asked}; ± is half the 95 % interval of the median, between sorted rounds`
  }
}

function cutText({cells, rounds}: BenchResult): string {
  const done = cells.reduce((sum, cell) => sum + cell.rounds.filter(({cutBy}) => cutBy === undefined).length, 0)
  return `The bench was cut short: ${done} of ${cells.length * rounds} runs ended in time. What follows is what was measured until then.`
}

/** Each cell against the first. Without a verdict only what is not to be trusted is said. */
function tellings(result: BenchResult, cells: readonly CellFigures[], verdict: boolean): string[] {
  const [base, ...others] = cells
  if (base === undefined) return []
  const differences = others
    .filter(({counted, rounds}) => counted === base.counted && rounds.length > 0)
    .map((other) => difference(base, other, result.simulated))
  const shown = verdict ? differences : differences.filter((found) => ['noise', 'unknown'].includes(found.verdict))
  return shown.map(differenceText)
}

function notesOf(result: BenchResult, cells: readonly CellFigures[]): string[] {
  return [
    ...result.notes,
    ...cells.flatMap((figures) =>
      [...figures.cell.notes, ...doubts(figures)].map((note) => `${figures.name}: ${note}`),
    ),
  ]
}

/** What a reader must know about the figures of a cell before believing them. */
function doubts({rounds, roundsLeftOut, cut, sorts, flushesWanted, flushesSent, cell}: CellFigures): string[] {
  const errors = sorts.reduce((sum, sort) => sum + sort.errors, 0)
  return [
    ...(rounds.length === 0 ? ['was not measured'] : []),
    ...(roundsLeftOut > 0 ? [`${roundsLeftOut} of ${cell.rounds.length} rounds cut short and left out`] : []),
    ...(cut ? ['its figures are of rounds that were cut short'] : []),
    ...(errors > 0 ? [`${errors} requests failed`] : []),
    ...(flushesSent > flushesWanted ? [`${flushesSent} syncs were sent for ${flushesWanted} flushes wanted`] : []),
  ]
}

function charts(cells: readonly CellFigures[]): Block[] {
  const measured = cells.filter(({rounds}) => rounds.length > 0)
  const rates: ChartBlock = {
    kind: 'chart',
    title: 'IOPS',
    heads: ['cell', 'IOPS'],
    bars: measured.map(({name, iops}) => ({
      label: name,
      value: iops.median,
      ...(iops.interval === undefined ? {} : {interval: iops.interval}),
      text: rateText(iops.median),
    })),
    ...(measured.some(({iops}) => iops.interval !== undefined && iops.interval.method !== 'exact')
      ? {note: 'Shaded: where it may be as well, with 95 % confidence.'}
      : {}),
  }
  const distributions = measured
    .flatMap((figures) => figures.sorts.map((sort) => distributionChart(figures.name, sort)))
    .filter(({bars}) => bars.length > 1)
    .slice(0, DISTRIBUTIONS_MAX)
  return [...(measured.length > 1 ? [rates] : []), ...distributions]
}

/** Stands for lengths of time that no request took. */
const GAP: ChartBar = {label: '...', value: 0, text: ''}

/** Latencies by powers of two. */
function distributionChart(name: string, {sort, latency}: SortFigures): ChartBlock {
  const counts = new Map<number, number>()
  for (const {fromNs, count} of latency.buckets()) {
    const doubling = fromNs < 1 ? 0 : Math.floor(Math.log2(fromNs))
    counts.set(doubling, (counts.get(doubling) ?? 0) + count)
  }
  const doublings = [...counts.keys()]
  return {
    kind: 'chart',
    title: `Latency of ${sort === 'flush' ? 'flushes' : `${sort}s`}, ${name}`,
    heads: ['below', 'share'],
    bars: doublings.flatMap((doubling, i) => {
      const count = counts.get(doubling) ?? 0
      const bar = {
        label: `below ${formatNs(2 ** (doubling + 1))}`,
        value: count,
        text: shareText(count / latency.count),
      }
      return i > 0 && doubling > (doublings[i - 1] ?? 0) + 1 ? [GAP, bar] : [bar]
    }),
  }
}

function shareText(share: number): string {
  const percent = share * 100
  return percent < 0.01 ? '< 0.01 %' : `${Number(percent.toPrecision(3))} %`
}

function listBlocks(title: string, items: readonly string[]): Block[] {
  if (items.length === 0) return []
  return [
    {kind: 'heading', level: 2, text: title},
    {kind: 'list', items},
  ]
}
