import {ERRNO, Histogram} from '../base/index.js'
import {cacheModeOf} from '../cache-mode/index.js'
import {REQUEST_SORTS, figuresOfSort, type CellFigures, type RequestSort, type SortFigures} from './cell-figures.js'
import {FIO_NAMES} from './fio-names.js'
import type {BenchResult, CellSettings, DirectionResult, RoundResult} from './result.js'
import type {Spread} from './statistics.js'

/** The percentiles that fio tells unless asked for others, and their number of decimals in its JSON (fio 3.33). */
const FIO_PERCENTILES = [1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.5, 99.9, 99.95, 99.99]

/** Upper ends of fio's rough latency classes, by unit. The last of each but the last unit begins the next unit. */
const LATENCY_CLASSES = [
  {field: 'latency_ns', unitNs: 1, ends: [2, 4, 10, 20, 50, 100, 250, 500, 750, 1000]},
  {field: 'latency_us', unitNs: 1e3, ends: [2, 4, 10, 20, 50, 100, 250, 500, 750, 1000]},
  {field: 'latency_ms', unitNs: 1e6, ends: [2, 4, 10, 20, 50, 100, 250, 500, 750, 1000, 2000]},
] as const

/** Lower ends of fio's classes of requests in flight, by their names. */
const DEPTH_CLASSES = [
  ['1', 1],
  ['2', 2],
  ['4', 4],
  ['8', 8],
  ['16', 16],
  ['32', 32],
  ['>=64', 64],
] as const

/** The same of requests submitted or completed together: each name is the upper end (fio's manual, "Interpreting the output"). */
const BATCH_CLASSES = [
  ['0', 0],
  ['4', 1],
  ['8', 5],
  ['16', 9],
  ['32', 17],
  ['64', 33],
  ['>=64', 65],
] as const

const KIB = 1024

export interface FioJsonContext {
  readonly version: string
  readonly endedAtMs?: number
  readonly closing: readonly string[]
  readonly told: readonly string[]
}

/**
 * A bench in the shape of fio's JSON output, so that what reads fio's reads ours: a job for each cell, its rounds together. The
 * rest of what we know is under `flushpoint`.
 */
export function fioJson(result: BenchResult, cells: readonly CellFigures[], context: FioJsonContext): object {
  return {
    'fio version': context.version,
    ...(context.endedAtMs === undefined ? {} : timeFields(context.endedAtMs)),
    'global options': {filename: result.image},
    jobs: cells.map((figures) => jobOf(figures, cells)),
    disk_util: diskUtil(cells),
    flushpoint: {
      schema: 'flushpoint/bench@1',
      image: result.image,
      sizeBytes: result.sizeBytes,
      allocation: result.allocation,
      simulated: result.simulated,
      rounds: result.rounds,
      complete: result.complete,
      notes: result.notes,
      cells: cells.map(ownFields),
      told: context.told,
      closing: context.closing,
    },
  }
}

/** A record for each cell and each of its rounds, for readers of lines. */
export function* cellRecords(cells: readonly CellFigures[]): Generator<object> {
  for (const figures of cells) {
    const {histograms: _histograms, rounds, ...fields} = ownFields(figures)
    yield {record: 'cell', ...fields}
    for (const round of rounds) yield {record: 'round', cell: figures.name, ...round}
  }
}

function timeFields(endedAtMs: number): object {
  return {
    timestamp: Math.floor(endedAtMs / 1000),
    timestamp_ms: endedAtMs,
    time: new Date(endedAtMs).toISOString(),
  }
}

function jobOf(figures: CellFigures, cells: readonly CellFigures[]): object {
  const {name, cell, sorts, runtimeNs, cpu, flushesSent} = figures
  const errors = sorts.reduce((sum, sort) => sum + sort.errors, 0)
  const flush = figuresOfSort(figures, 'flush')
  const group = cells.filter((other) => other.cell.turn === cell.turn)
  return {
    jobname: name,
    groupid: cell.turn,
    error: errors > 0 ? (figures.rounds.find(({errno}) => errno > 0)?.errno ?? ERRNO.EIO) : 0,
    eta: 0,
    elapsed: Math.ceil(runtimeNs / 1e9),
    'job options': jobOptions(name, cell.settings),
    read: directionOf(figures, 'read', group),
    write: directionOf(figures, 'write', group),
    trim: directionOf(figures, undefined, group),
    sync: {
      total_ios: flush?.requests ?? 0,
      flushes_sent: flushesSent,
      lat_ns: latencyOf(flush?.latency ?? new Histogram(), true),
    },
    job_runtime: milliseconds(runtimeNs),
    usr_cpu: cpu.user * 100,
    sys_cpu: cpu.system * 100,
    ...usageFields(figures),
    iodepth_level: classesOf(DEPTH_CLASSES, figures, ({depths}) => depths),
    iodepth_submit: classesOf(BATCH_CLASSES, figures, ({submits}) => submits),
    iodepth_complete: classesOf(BATCH_CLASSES, figures, ({completes}) => completes),
    ...latencyClasses(sorts.filter(({sort}) => sort !== 'flush').map(({latency}) => latency)),
    // fio was not asked to look for the depth that keeps a latency, nor are we.
    latency_depth: Number(cell.settings.options['iodepth'] ?? 1),
    latency_target: 0,
    latency_percentile: 100,
    latency_window: 0,
  }
}

/** What fio calls words that have another name here, beside our own names. */
function jobOptions(name: string, {options, mode}: CellSettings): object {
  const fios = Object.entries(options).flatMap(([word, value]) => {
    const known = FIO_NAMES.get(word)
    return known === undefined ? [] : [[known, value]]
  })
  const {direct, dsync} = cacheModeOf(mode)
  return {
    name,
    ...options,
    cache: mode,
    ...Object.fromEntries(fios),
    direct: direct ? '1' : '0',
    sync: dsync ? 'dsync' : 'none',
  }
}

function usageFields({rounds}: CellFigures): object {
  const sum = (of: (usage: RoundResult['usage']) => number): number =>
    rounds.reduce((total, {usage}) => total + of(usage), 0)
  return {
    ctx: sum(({contextSwitches}) => contextSwitches),
    majf: sum(({majorFaults}) => majorFaults),
    minf: sum(({minorFaults}) => minorFaults),
  }
}

/** Of a hundred counts, how many fall into each class. */
function classesOf(
  classes: readonly (readonly [name: string, from: number])[],
  {rounds}: CellFigures,
  countsOf: (round: RoundResult) => readonly number[],
): object {
  const counts = new Map(classes.map(([name]) => [name, 0]))
  let all = 0
  for (const round of rounds) {
    for (const [many, count] of countsOf(round).entries()) {
      const name = classes.findLast(([, from]) => many >= from)?.[0]
      if (name === undefined) continue
      counts.set(name, (counts.get(name) ?? 0) + count)
      all += count
    }
  }
  return Object.fromEntries([...counts].map(([name, count]) => [name, all === 0 ? 0 : (count / all) * 100]))
}

function directionOf(figures: CellFigures, sort: RequestSort | undefined, group: readonly CellFigures[]): object {
  const found = sort && figuresOfSort(figures, sort)
  const latency = found?.latency ?? new Histogram()
  const runtimeNs = found === undefined ? 0 : figures.runtimeNs
  const seconds = runtimeNs / 1e9
  const bytes = found?.bytes ?? 0
  const perSecond = (amount: number): number => (seconds > 0 ? amount / seconds : 0)
  const rates = found === undefined ? [] : figures.rounds.map((round) => rateOf(round[found.sort], round))
  return {
    io_bytes: bytes,
    io_kbytes: Math.floor(bytes / KIB),
    bw_bytes: Math.round(perSecond(bytes)),
    bw: Math.round(perSecond(bytes) / KIB),
    iops: perSecond(found?.requests ?? 0),
    runtime: milliseconds(runtimeNs),
    total_ios: found?.requests ?? 0,
    short_ios: 0,
    drop_ios: 0,
    slat_ns: latencyOf(new Histogram(), false),
    clat_ns: latencyOf(latency, true),
    lat_ns: latencyOf(latency, false),
    ...sampleFields('bw', rates, ({bytesPerSecond}) => bytesPerSecond / KIB),
    bw_agg: bytes > 0 ? shareOf(figures, sort, group) : 0,
    ...sampleFields('iops', rates, ({iops}) => iops),
  }
}

/** Of a hundred bytes a second of its group, how many are its own. */
function shareOf(figures: CellFigures, sort: RequestSort | undefined, group: readonly CellFigures[]): number {
  const bytesPerNs = (of: CellFigures): number =>
    sort === undefined || of.runtimeNs === 0 ? 0 : (figuresOfSort(of, sort)?.bytes ?? 0) / of.runtimeNs
  const all = group.reduce((sum, other) => sum + bytesPerNs(other), 0)
  return all === 0 ? 0 : (bytesPerNs(figures) / all) * 100
}

interface Rate {
  readonly iops: number
  readonly bytesPerSecond: number
}

function rateOf({requests, bytes}: DirectionResult, {runtimeNs}: RoundResult): Rate {
  const seconds = runtimeNs / 1e9
  return seconds > 0 ? {iops: requests / seconds, bytesPerSecond: bytes / seconds} : {iops: 0, bytesPerSecond: 0}
}

/** fio samples a job while it runs; our samples are its rounds. */
function sampleFields(name: 'bw' | 'iops', rates: readonly Rate[], of: (rate: Rate) => number): object {
  const values = rates.map(of)
  const count = values.length
  const mean = count === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / count
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return {
    [`${name}_min`]: count === 0 ? 0 : Math.round(Math.min(...values)),
    [`${name}_max`]: count === 0 ? 0 : Math.round(Math.max(...values)),
    [`${name}_mean`]: mean,
    [name === 'bw' ? 'bw_dev' : 'iops_stddev']: count < 2 ? 0 : Math.sqrt(squares / (count - 1)),
    [`${name}_samples`]: count,
  }
}

function latencyOf(latency: Histogram, withPercentiles: boolean): object {
  return {
    min: latency.min,
    max: latency.max,
    mean: latency.mean,
    stddev: latency.stddev,
    N: latency.count,
    ...(withPercentiles && latency.count > 0
      ? {
          percentile: Object.fromEntries(
            FIO_PERCENTILES.map((percent) => [percent.toFixed(6), latency.quantile(percent / 100)]),
          ),
        }
      : {}),
  }
}

/** How many of a hundred requests fell into each rough class, as near as the histogram tells. */
function latencyClasses(latencies: readonly Histogram[]): object {
  const all = new Histogram()
  for (const latency of latencies) all.merge(latency)
  const classes = LATENCY_CLASSES.flatMap(({field, unitNs, ends}) =>
    ends.map((end) => ({field, end, belowNs: end * unitNs})),
  )
  const counts = classes.map(() => 0)
  let beyond = 0
  for (const {fromNs, count} of all.buckets()) {
    const at = classes.findIndex(({belowNs}) => fromNs < belowNs)
    if (at < 0) beyond += count
    else counts[at] = (counts[at] as number) + count
  }
  const percent = (count: number): number => (all.count === 0 ? 0 : (count / all.count) * 100)
  const fields: Record<string, Record<string, number>> = {}
  for (const [i, {field, end}] of classes.entries()) (fields[field] ??= {})[end] = percent(counts[i] as number)
  ;(fields['latency_ms'] ??= {})['>=2000'] = percent(beyond)
  return fields
}

function diskUtil(cells: readonly CellFigures[]): object[] {
  // Cells of one turn have seen the same.
  const turns = [...new Map(cells.map((figures) => [figures.cell.turn, figures])).values()]
  const seen = turns.flatMap(({device, turnNs}) => (device === undefined ? [] : [{...device, turnNs}]))
  const names = [...new Set(seen.map(({name}) => name))]
  return names.map((name) => {
    const own = seen.filter((device) => device.name === name)
    const sum = (of: (device: (typeof own)[number]) => number): number =>
      own.reduce((total, device) => total + of(device), 0)
    const ms = sum(({turnNs}) => turnNs) / 1e6
    return {
      name,
      read_ios: sum(({reads}) => reads),
      write_ios: sum(({writes}) => writes),
      flush_ios: sum(({flushes}) => flushes),
      read_merges: sum(({readMerges}) => readMerges),
      write_merges: sum(({writeMerges}) => writeMerges),
      read_ticks: sum(({readMs}) => readMs),
      write_ticks: sum(({writeMs}) => writeMs),
      in_queue: sum(({queueMs}) => queueMs),
      util: ms > 0 ? Math.min(100, (sum(({busyMs}) => busyMs) / ms) * 100) : 0,
    }
  })
}

function ownFields(figures: CellFigures) {
  const {name, cell, iops, counted, bytesPerSecond, sorts, cpu, flushesWanted, flushesSent, device} = figures
  return {
    name,
    mode: cell.settings.mode,
    aio: cell.settings.aio,
    options: cell.settings.options,
    backend: cell.backend,
    counted,
    iops: spreadFields(iops),
    bytesPerSecond: spreadFields(bytesPerSecond),
    ...Object.fromEntries(sorts.map((sort) => [sort.sort, sortFields(sort)])),
    cpu,
    flushesWanted,
    flushesSent,
    device: device ?? null,
    roundsLeftOut: figures.roundsLeftOut,
    notes: cell.notes,
    histograms: Object.fromEntries(sorts.map(({sort, latency}) => [sort, latency.toJSON()])),
    rounds: cell.rounds.map(roundFields),
  }
}

function spreadFields({rounds, median, variation, interval}: Spread): object {
  return {rounds, median, variation: variation ?? null, interval: interval ?? null}
}

function sortFields({requests, bytes, errors, rate}: SortFigures): object {
  return {requests, bytes, errors, perSecond: spreadFields(rate)}
}

function roundFields(round: RoundResult): object {
  const {runtimeNs, flushesWanted, flushesSent, cpu, usage, device, errno, cutBy} = round
  const sorts = REQUEST_SORTS.map((sort) => {
    const {requests, bytes, errors, latency} = round[sort]
    return [sort, {requests, bytes, errors, latencyMeanNs: latency.mean, latencyMaxNs: latency.max}]
  })
  return {
    round: round.round,
    runtimeNs,
    ...Object.fromEntries(sorts),
    flushesWanted,
    flushesSent,
    cpu,
    usage,
    device: device ?? null,
    errno,
    cutBy: cutBy ?? null,
  }
}

function milliseconds(ns: number): number {
  return Math.round(ns / 1e6)
}
