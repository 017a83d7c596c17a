import {formatNs, type Histogram} from '../base/index.js'
import type {Column, TableBlock} from '../report/index.js'
import type {CellFigures, SortFigures} from './cell-figures.js'
import {csvTable, type CsvField} from './csv-table.js'
import {factorText} from './difference.js'
import {pairedRatio, type Spread} from './statistics.js'

const MIB = 2 ** 20

/** How far out latencies are told, by their usual names. */
const PERCENTILES = [
  {name: 'median', key: 'p50Ns', share: 0.5},
  {name: 'p90', key: 'p90Ns', share: 0.9},
  {name: 'p99', key: 'p99Ns', share: 0.99},
  {name: 'p99.9', key: 'p99_9Ns', share: 0.999},
  {name: 'p99.99', key: 'p99_99Ns', share: 0.9999},
] as const

interface FigureColumn extends Column {
  readonly of: (figures: CellFigures) => string
}

const number = (name: string, key: string, of: FigureColumn['of']): FigureColumn => ({name, key, align: 'right', of})

/** IOPS and what it took, a row for each cell. Columns that would be empty are left out. */
export function rateTable(cells: readonly CellFigures[], simulated: boolean): TableBlock {
  const base = cells[0]
  const uncertain = cells.some(({iops}) => iops.interval !== undefined && iops.interval.method !== 'exact')
  return tableOf(cells, [
    number('IOPS', 'iops', ({iops}) => rateText(iops.median)),
    ...(uncertain
      ? [number('±', 'iopsHalfInterval', ({iops}) => halfText(iops)), number('CV', 'variation', variationText)]
      : []),
    ...(cells.length > 1 && base !== undefined
      ? [number('x first', 'ratio', (figures) => ratioToText(base, figures, simulated))]
      : []),
    number('MiB/s', 'mibPerSecond', ({bytesPerSecond}) => rateText(bytesPerSecond.median / MIB)),
    number('user', 'cpuUser', ({cpu}) => percentText(cpu.user)),
    number('system', 'cpuSystem', ({cpu}) => percentText(cpu.system)),
  ])
}

/** Flushes wanted and sent, and what the disk below made of them; undefined when nobody flushed and no disk was seen. */
export function flushTable(cells: readonly CellFigures[]): TableBlock | undefined {
  const seen = cells.some(({device}) => device !== undefined)
  if (!seen && cells.every(({flushesWanted, flushesSent}) => flushesWanted + flushesSent === 0)) return undefined
  return tableOf(cells, [
    number('flushes wanted', 'flushesWanted', ({flushesWanted}) => String(flushesWanted)),
    number('sent', 'flushesSent', ({flushesSent}) => String(flushesSent)),
    ...(seen
      ? [
          number('device flushes', 'deviceFlushes', ({device}) => String(device?.flushes ?? '')),
          number('device writes', 'deviceWrites', ({device}) => String(device?.writes ?? '')),
        ]
      : []),
  ])
}

function tableOf(cells: readonly CellFigures[], figures: readonly FigureColumn[]): TableBlock {
  const columns: readonly FigureColumn[] = [{name: 'cell', key: 'cell', of: ({name}) => name}, ...figures]
  return {
    kind: 'table',
    columns: columns.map(({of: _of, ...column}) => column),
    rows: cells.map((cell) => columns.map(({of}) => of(cell))),
  }
}

/** Latencies, a row for each sort of request in each cell: two tables, since all would not fit into a terminal. */
export function latencyTables(cells: readonly CellFigures[]): TableBlock[] {
  const middle = PERCENTILES.slice(0, 1)
  const tail = PERCENTILES.slice(1)
  return [
    latencyTable(cells, 'Latency, from submission to completion', [
      {name: 'count', of: ({count}) => String(count)},
      {name: 'min', of: ({min}) => formatNs(min)},
      {name: 'mean', of: ({mean}) => formatNs(mean)},
      ...middle.map(percentileColumn),
      {name: 'max', of: ({max}) => formatNs(max)},
    ]),
    latencyTable(cells, 'So many requests were no slower', tail.map(percentileColumn)),
  ]
}

interface LatencyColumn {
  readonly name: string
  readonly of: (latency: Histogram) => string
}

function percentileColumn({name, share}: (typeof PERCENTILES)[number]): LatencyColumn {
  return {name, of: (latency) => formatNs(latency.quantile(share))}
}

function latencyTable(cells: readonly CellFigures[], title: string, columns: readonly LatencyColumn[]): TableBlock {
  return {
    kind: 'table',
    title,
    columns: [
      {name: 'cell', key: 'cell'},
      {name: 'request', key: 'request'},
      ...columns.map(({name}) => ({name, key: name, align: 'right'}) as const),
    ],
    rows: cells.flatMap(({name, sorts}) =>
      sorts.map(({sort, latency}) => [name, sort, ...columns.map(({of}) => of(latency))]),
    ),
  }
}

/** All figures with plain numbers, a row for each sort of request in each cell. */
export function csvOfFigures(cells: readonly CellFigures[]): TableBlock {
  const lines = cells.flatMap((figures) => figures.sorts.map((sort) => csvRow(figures, sort)))
  return csvTable(lines, ['cell'])
}

function csvRow(figures: CellFigures, {sort, requests, bytes, errors, rate, latency}: SortFigures): CsvField[] {
  const {cell, cpu, device, flushesWanted, flushesSent, runtimeNs, rounds} = figures
  const times = ['minNs', 'meanNs', ...PERCENTILES.map(({key}) => key), 'maxNs']
  return [
    ['cell', figures.name],
    ['mode', cell.settings.mode],
    ['aio', cell.settings.aio],
    ['rounds', rounds.length],
    ['runtimeNs', runtimeNs],
    ['request', sort],
    ['requests', requests],
    ['bytes', bytes],
    ['errors', errors],
    ['requestsPerSecond', rate.median],
    ['requestsPerSecondLow', rate.interval?.low],
    ['requestsPerSecondHigh', rate.interval?.high],
    ['variation', rate.variation],
    ...timesOf(latency).map((ns, i): CsvField => [times[i] as string, ns]),
    ['cpuUser', cpu.user],
    ['cpuSystem', cpu.system],
    ['flushesWanted', flushesWanted],
    ['flushesSent', flushesSent],
    ['deviceWrites', device?.writes],
    ['deviceFlushes', device?.flushes],
    ['cut', Number(figures.cut)],
    ['roundsLeftOut', figures.roundsLeftOut],
  ]
}

/** Least, mean, percentiles and greatest, in nanoseconds. */
function timesOf(latency: Histogram): number[] {
  return [latency.min, latency.mean, ...PERCENTILES.map(({share}) => latency.quantile(share)), latency.max]
}

/** A rate for people: no digit that rounds would not agree on. */
export function rateText(rate: number): string {
  return rate < 1000 ? String(Number(rate.toPrecision(3))) : Math.round(rate).toLocaleString('en')
}

function halfText({median, interval}: Spread): string {
  return interval === undefined || median === 0 ? '' : percentText((interval.high - interval.low) / 2 / median)
}

function variationText({iops}: CellFigures): string {
  return iops.variation === undefined ? '' : percentText(iops.variation)
}

function ratioToText(base: CellFigures, figures: CellFigures, simulated: boolean): string {
  if (base.counted !== figures.counted) return ''
  const ratio = pairedRatio(base.iopsByRound, figures.iopsByRound, simulated)
  return ratio.rounds === 0 ? '' : factorText(ratio.median)
}

function percentText(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`
}
