import {formatNs} from '../base/index.js'
import type {Document, TableBlock} from '../report/index.js'
import type {BenchResult, CellResult, DirectionResult, RoundResult} from './result.js'

const DIRECTIONS = ['read', 'write', 'flush'] as const

/** What was measured, a row for each cell and round: counts, rates, latencies, syncs. */
export function summaryDocument(result: BenchResult): Document {
  const rounds = result.cells.flatMap((cell) =>
    cell.rounds.map((round) => ({cell, round, record: recordOf(cell, round)})),
  )
  return {
    title: `${result.image}: ${result.cells.length} x ${result.rounds} rounds${result.complete ? '' : ', cut short'}`,
    blocks: [
      table(rounds),
      {
        kind: 'fields',
        rows: [
          ['image', result.allocation],
          ...result.cells.map(({settings, backend}): [string, string] => [settings.name, backend]),
        ],
      },
      ...notes([...result.notes, ...result.cells.flatMap((cell) => cell.notes)]),
    ],
    json: {
      schema: 'flushpoint/bench@1',
      image: result.image,
      sizeBytes: result.sizeBytes,
      allocation: result.allocation,
      simulated: result.simulated,
      complete: result.complete,
      cells: result.cells.map(({settings, backend, notes: own}) => ({settings, backend, notes: own})),
      rounds: rounds.map(({record}) => record),
      notes: result.notes,
    },
    records: rounds.map(({record}) => ({record: 'round', ...record})),
  }
}

function recordOf({settings}: CellResult, round: RoundResult): Record<string, unknown> {
  const {runtimeNs, flushesWanted, flushesSent, cpu, device, cutBy} = round
  const directions = DIRECTIONS.map((name) => [name, figuresOf(round[name], runtimeNs)])
  return {
    cell: settings.name,
    round: round.round,
    runtimeNs,
    ...Object.fromEntries(directions),
    flushesWanted,
    flushesSent,
    cpu,
    device: device ?? null,
    cutBy: cutBy ?? null,
  }
}

function figuresOf({requests, bytes, errors, latency}: DirectionResult, runtimeNs: number): Record<string, unknown> {
  const none = latency.count === 0
  return {
    requests,
    bytes,
    errors,
    iops: runtimeNs === 0 ? 0 : (requests * 1e9) / runtimeNs,
    latencyNs: none
      ? null
      : {
          min: latency.min,
          mean: latency.mean,
          p50: latency.quantile(0.5),
          p99: latency.quantile(0.99),
          max: latency.max,
        },
  }
}

function table(rounds: readonly {readonly cell: CellResult; readonly round: RoundResult}[]): TableBlock {
  const right = (name: string, key: string) => ({name, key, align: 'right'}) as const
  return {
    kind: 'table',
    columns: [
      {name: 'run', key: 'cell'},
      right('round', 'round'),
      right('read/s', 'readIops'),
      right('write/s', 'writeIops'),
      right('flushes', 'flushes'),
      right('wanted', 'flushesWanted'),
      right('sent', 'flushesSent'),
      right('mean', 'meanNs'),
      right('p99', 'p99Ns'),
    ],
    rows: rounds.map(({cell, round}) => {
      const rate = ({requests}: DirectionResult): string =>
        String(Math.round((requests * 1e9) / Math.max(1, round.runtimeNs)))
      const {latency} = round.write.requests > round.read.requests ? round.write : round.read
      return [
        cell.settings.name,
        String(round.round + 1),
        rate(round.read),
        rate(round.write),
        String(round.flush.requests),
        String(round.flushesWanted),
        String(round.flushesSent),
        latency.count === 0 ? '' : formatNs(latency.mean),
        latency.count === 0 ? '' : formatNs(latency.quantile(0.99)),
      ]
    }),
  }
}

function notes(texts: readonly string[]): Document['blocks'] {
  return texts.length === 0 ? [] : [{kind: 'list', items: [...new Set(texts)]}]
}
