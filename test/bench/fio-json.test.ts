import {describe, expect, it} from 'vitest'

import {benchDocument} from '../../src/bench/bench-document.js'
import {Histogram, type HistogramJson} from '../../src/base/index.js'
import type {BenchResult} from '../../src/bench/result.js'
import {cellOf, diskWorkOf, MS, requestsOf, resultOf, roundOf, SECOND, writesOf} from './bench-sample.js'

interface Report {
  readonly jobs: readonly Record<string, unknown>[]
  readonly flushpoint: {readonly cells: readonly {readonly histograms: Record<string, HistogramJson>}[]}
}

function jsonOf(result: BenchResult, endedAtMs?: number): Report {
  const options = {verdict: false, version: 'flushpoint-1.2.3', ...(endedAtMs === undefined ? {} : {endedAtMs})}
  return JSON.parse(JSON.stringify(benchDocument(result, options).json)) as Report
}

const ROUNDS = [100, 300].map((count, round) =>
  roundOf({
    round,
    write: writesOf(count, MS),
    flush: requestsOf(10, 3 * MS),
    flushesWanted: 10,
    flushesSent: 10,
    cpu: {userNs: 0.1 * SECOND, systemNs: 0.2 * SECOND},
    usage: {contextSwitches: 7, majorFaults: 1, minorFaults: 30},
    depths: [0, 30, 20, 10, 0, 40],
    submits: [0, 10, 0, 0, 20, 30, 0, 0, 0, 40],
    completes: Array.from({length: 66}, (_, many) =>
      many === 32 || many === 33 || many === 64 || many === 65 ? 5 : 0,
    ),
    device: diskWorkOf(count, 10, {writeMs: 500, busyMs: 250}),
  }),
)
const RESULT = resultOf([cellOf('none', ROUNDS, {'flush-every': '10'})])

describe('a bench in the shape of fio', () => {
  it('has the rounds of a cell together as a job: 400 writes in two seconds are 200 IOPS', () => {
    const json = jsonOf(RESULT)
    expect(json).toMatchObject({'fio version': 'flushpoint-1.2.3', 'global options': {filename: 'disk.img'}})
    expect(json.jobs).toHaveLength(1)
    expect(json.jobs[0]).toMatchObject({
      jobname: 'none, flush-every 10',
      error: 0,
      'job options': {
        ...{rw: 'randwrite', bs: '4k', iodepth: '1', numjobs: '1', cache: 'none', 'flush-every': '10'},
        ...{fdatasync: '10', direct: '1', sync: 'none'},
      },
      read: {io_bytes: 0, bw: 0, iops: 0, total_ios: 0, clat_ns: {N: 0}},
      write: {
        io_bytes: 400 * 4096,
        io_kbytes: 1600,
        bw_bytes: 200 * 4096,
        bw: 800,
        iops: 200,
        runtime: 2000,
        total_ios: 400,
        clat_ns: {min: MS, max: MS, mean: MS, stddev: 0, N: 400, percentile: {'1.000000': MS, '99.990000': MS}},
        lat_ns: {min: MS, max: MS, mean: MS, stddev: 0, N: 400},
        iops_min: 100,
        iops_max: 300,
        iops_mean: 200,
        iops_samples: 2,
      },
      sync: {total_ios: 20, lat_ns: {min: 3 * MS, max: 3 * MS, mean: 3 * MS, N: 20, percentile: {'50.000000': 3 * MS}}},
      job_runtime: 2000,
    })
    expect(json.jobs[0]?.['usr_cpu']).toBeCloseTo(10, 9)
    expect(json.jobs[0]?.['sys_cpu']).toBeCloseTo(20, 9)
  })

  it('has rough classes of latency that add up to a hundred of a hundred, flushes not among them', () => {
    const read = requestsOf(0, 0)
    for (const ns of [1, 3, 900, 1500, 3_000_000, 5_000_000_000]) read.latency.record(ns)
    const job = jsonOf(resultOf([cellOf('none', [roundOf({read: {...read, requests: 6}, flush: requestsOf(9, 9)})])]))
      .jobs[0]
    const sixth = expect.closeTo(100 / 6, 6) as unknown
    expect(job?.['latency_ns']).toMatchObject({2: sixth, 4: sixth, 1000: sixth, 10: 0})
    expect(job?.['latency_us']).toMatchObject({2: sixth, 4: 0})
    expect(job?.['latency_ms']).toMatchObject({4: sixth, 2000: 0, '>=2000': sixth})
  })

  it('has no percentiles where there was no request, as fio has none', () => {
    const job = jsonOf(RESULT).jobs[0] as {read: {clat_ns: object}}
    expect(job.read.clat_ns).not.toHaveProperty('percentile')
  })

  it('says error where requests failed', () => {
    const failing = cellOf('none', [roundOf({write: {...writesOf(3, MS), errors: 1}})])
    expect(jsonOf(resultOf([failing])).jobs[0]).toMatchObject({error: 5})
    const full = cellOf('none', [roundOf({write: {...writesOf(3, MS), errors: 1}, errno: 28})])
    expect(jsonOf(resultOf([full])).jobs[0]).toMatchObject({error: 28})
  })

  it('tells what the process cost, and how many requests were in flight, of a hundred', () => {
    expect(jsonOf(RESULT).jobs[0]).toMatchObject({
      ...{ctx: 14, majf: 2, minf: 60},
      iodepth_level: {1: 30, 2: 30, 4: 40, 8: 0, 16: 0, 32: 0, '>=64': 0},
      iodepth_submit: {0: 0, 4: 30, 8: 30, 16: 40, 32: 0, 64: 0, '>=64': 0},
      iodepth_complete: {0: 0, 4: 0, 8: 0, 16: 0, 32: 25, 64: 50, '>=64': 25},
    })
  })

  it('tells what the disk did, and how much of the time it was busy', () => {
    expect(jsonOf(RESULT)).toMatchObject({
      disk_util: [{name: 'vda', read_ios: 0, write_ios: 400, flush_ios: 20, write_ticks: 1000, util: 25}],
    })
  })

  it('has a time only when it is told one: the same figures give the same document', () => {
    expect(jsonOf(RESULT)).not.toHaveProperty('timestamp')
    expect(jsonOf(RESULT, 1_700_000_000_123)).toMatchObject({
      timestamp: 1_700_000_000,
      timestamp_ms: 1_700_000_000_123,
      time: '2023-11-14T22:13:20.123Z',
    })
  })
})

describe('what fio has no place for', () => {
  it('is under flushpoint, by a schema of its own: intervals, flushes wanted and sent, every round', () => {
    expect(jsonOf(RESULT).flushpoint).toMatchObject({
      schema: 'flushpoint/bench@1',
      image: 'disk.img',
      allocation: 'preallocated',
      simulated: false,
      complete: true,
      cells: [
        {
          name: 'none, flush-every 10',
          mode: 'none',
          backend: 'threads (asked for)',
          iops: {rounds: 2, median: 200, interval: {method: 'Student t'}},
          flushesWanted: 20,
          flushesSent: 20,
          device: {name: 'vda', writes: 400, flushes: 20},
          rounds: [
            {round: 0, runtimeNs: SECOND, write: {requests: 100, latencyMeanNs: MS}, cutBy: null},
            {round: 1, runtimeNs: SECOND, write: {requests: 300}, flushesSent: 10},
          ],
        },
      ],
    })
  })

  it('has every sample: the histograms come back from it', () => {
    const stored = jsonOf(RESULT).flushpoint.cells[0]?.histograms
    const write = Histogram.fromJSON(stored?.['write'] as HistogramJson)
    expect([write.count, write.mean, write.quantile(0.99)]).toEqual([400, MS, MS])
  })
})
