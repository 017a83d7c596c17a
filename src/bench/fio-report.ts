import {ToolError} from '../base/index.js'
import {FIO_NAMES} from './fio-names.js'
import {readTextFile} from './text-file.js'

/** What one sort of request did in a job of a report. */
export interface ReportDirection {
  readonly ios: number
  readonly bytes: number
  /** A second. */
  readonly iops: number
  readonly bytesPerSecond: number
  /** Nanoseconds; 0 when there was no request. */
  readonly meanNs: number
  readonly maxNs: number
  /** Percent -> nanoseconds, as far as the report tells. */
  readonly percentiles: ReadonlyMap<number, number>
}

export interface ReportJob {
  readonly name: string
  /** Its own options over the global ones, in fio's words. */
  readonly options: ReadonlyMap<string, string>
  readonly read: ReportDirection
  readonly write: ReportDirection
  /** Without bytes and rates: fio tells none. */
  readonly sync: Pick<ReportDirection, 'ios' | 'meanNs' | 'maxNs' | 'percentiles'>
  /** IOPS of each round that ran to its end, where the report is ours. */
  readonly roundIops: readonly number[]
}

/** A report in the shape of fio's JSON output, by fio or by us. */
export interface FioReport {
  readonly source: 'fio' | 'flushpoint'
  readonly version: string
  /** The same every time: no noise. */
  readonly simulated: boolean
  /** False of a bench that was cut short. */
  readonly complete: boolean
  readonly jobs: readonly ReportJob[]
}

type Json = Readonly<Record<string, unknown>>

/**
 * Reads JSON output of fio or of `flushpoint bench`. Lines before the document are passed over: fio prints its warnings there.
 * Fields that are missing count as nothing, since fio's differ by version; what must be there is a job with its name and rates.
 *
 * @param path for messages
 * @throws ToolError of kind format when the text is not such a report
 */
export function readFioReport(text: string, path: string): FioReport {
  const document = parse(text, path)
  const version = document['fio version']
  const jobs = document['jobs'] ?? document['client_stats']
  if (typeof version !== 'string' || !Array.isArray(jobs)) {
    throw refusal(path, 'is JSON, but no benchmark report: it has no "fio version" and "jobs"', NOT_A_REPORT_HINT)
  }
  const own = objectAt(document, 'flushpoint')
  if (own !== undefined && own['schema'] !== 'flushpoint/bench@1') {
    throw refusal(path, `has the schema ${String(own['schema'])}`, 'This version reads flushpoint/bench@1.')
  }
  const roundIops = own === undefined ? [] : roundsOf(own)
  const globals = stringsOf(objectAt(document, 'global options'))
  const found = jobs.map((job, i) => jobOf(job, globals, roundIops[i] ?? [], `${path}: job ${i + 1}`))
  if (found.length === 0) throw refusal(path, 'is a report without a job', 'Nothing was measured, or it was cut short.')
  return {
    source: own === undefined ? 'fio' : 'flushpoint',
    version,
    simulated: own?.['simulated'] === true,
    complete: own?.['complete'] !== false,
    jobs: found,
  }
}

/** The report in a file. @throws ToolError as readFioReport(), of kind environment when the file cannot be read */
export async function loadFioReport(path: string): Promise<FioReport> {
  return readFioReport(await readTextFile(path, 'report'), path)
}

const NOT_A_REPORT_HINT = 'Make one with "flushpoint bench --json" or "fio --output-format=json".'

function refusal(path: string, what: string, hint: string): ToolError {
  return new ToolError('format', 'E_BENCH_REPORT', `${path} ${what}`, {hint, context: {path}})
}

function parse(text: string, path: string): Json {
  const start = /^\{/m.exec(text)?.index
  if (start === undefined) throw refusal(path, 'is not a benchmark report: it holds no JSON object', NOT_A_REPORT_HINT)
  try {
    const value: unknown = JSON.parse(text.slice(start))
    if (isObject(value)) return value
  } catch (error) {
    const hint = 'It may have been cut off, or hold more than the report.'
    throw refusal(path, `is not JSON: ${error instanceof Error ? error.message : String(error)}`, hint)
  }
  throw refusal(path, 'is not a benchmark report', NOT_A_REPORT_HINT)
}

function jobOf(
  value: unknown,
  globals: readonly [string, string][],
  roundIops: readonly number[],
  where: string,
): ReportJob {
  const name = isObject(value) ? value['jobname'] : undefined
  if (!isObject(value) || typeof name !== 'string') {
    throw refusal(where, 'has no "jobname"', NOT_A_REPORT_HINT)
  }
  const sync = objectAt(value, 'sync')
  const syncLatency = latencyOf(sync, ['lat_ns'])
  return {
    name,
    options: new Map([...globals, ...stringsOf(objectAt(value, 'job options'))].map(inFiosWords)),
    read: directionOf(objectAt(value, 'read'), `${where} (${name})`),
    write: directionOf(objectAt(value, 'write'), `${where} (${name})`),
    // fio leaves sync.total_ios at 0 when it used fdatasync; the latencies know better.
    sync: {...syncLatency, ios: numberAt(sync, 'total_ios') || syncLatency.samples},
    roundIops,
  }
}

/** A report of ours has some words twice, by fio's name and by our own. */
function inFiosWords([word, value]: [string, string]): [string, string] {
  return [FIO_NAMES.get(word) ?? word, value]
}

function directionOf(value: Json | undefined, where: string): ReportDirection {
  const iops = value?.['iops'] ?? 0
  if (typeof iops !== 'number' || !Number.isFinite(iops) || iops < 0) {
    throw refusal(where, 'has no "iops" that is a number', 'The report is damaged.')
  }
  const bandwidth = numberAt(value, 'bw_bytes') || numberAt(value, 'bw') * 1024 // bw_bytes came with fio 3.0
  return {
    ios: numberAt(value, 'total_ios'),
    bytes: numberAt(value, 'io_bytes'),
    iops,
    bytesPerSecond: bandwidth,
    ...latencyOf(value, ['lat_ns', 'clat_ns']),
  }
}

interface ReportLatency {
  readonly samples: number
  readonly meanNs: number
  readonly maxNs: number
  readonly percentiles: ReadonlyMap<number, number>
}

/** Mean and maximum from the first field that has samples; percentiles from the first that has any: fio gives them for one only. */
function latencyOf(value: Json | undefined, fields: readonly string[]): ReportLatency {
  const all = fields.map((field) => objectAt(value, field))
  const sampled = all.find((latency) => numberAt(latency, 'N') > 0)
  const percentile = all.map((latency) => objectAt(latency, 'percentile')).find((found) => found !== undefined)
  return {
    samples: numberAt(sampled, 'N'),
    meanNs: numberAt(sampled, 'mean'),
    maxNs: numberAt(sampled, 'max'),
    percentiles: new Map(
      Object.entries(percentile ?? {}).flatMap(([percent, ns]): [number, number][] =>
        typeof ns === 'number' ? [[Number(percent), ns]] : [],
      ),
    ),
  }
}

/** IOPS of every whole round, job by job, from the part of a report that only we write. */
function roundsOf(own: Json): number[][] {
  const cells = own['cells']
  if (!Array.isArray(cells)) return []
  return cells.map((cell) => {
    const rounds: unknown = isObject(cell) ? cell['rounds'] : undefined
    if (!Array.isArray(rounds)) return []
    return rounds.filter(isObject).flatMap((round) => {
      const seconds = numberAt(round, 'runtimeNs') / 1e9
      if (seconds <= 0 || typeof round['cutBy'] === 'string') return []
      return (numberAt(objectAt(round, 'read'), 'requests') + numberAt(objectAt(round, 'write'), 'requests')) / seconds
    })
  })
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function objectAt(value: Json | undefined, field: string): Json | undefined {
  const found = value?.[field]
  return isObject(found) ? found : undefined
}

function numberAt(value: Json | undefined, field: string): number {
  const found = value?.[field]
  return typeof found === 'number' && Number.isFinite(found) ? found : 0
}

function stringsOf(value: Json | undefined): [string, string][] {
  return Object.entries(value ?? {}).map(([key, entry]) => [key, String(entry)])
}
