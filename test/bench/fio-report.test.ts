import {describe, expect, it} from 'vitest'

import {benchDocument} from '../../src/bench/bench-document.js'
import {readFioReport} from '../../src/bench/fio-report.js'
import {cellOf, MS, requestsOf, resultOf, roundOf, writesOf} from './bench-sample.js'

/** What fio 3.33 printed for rw=randrw and fdatasync=8 on a small file, shortened to the fields that are read; its warning first. */
const FIO = `fio: io_size larger than size, ignored
{
  "fio version" : "fio-3.33",
  "global options" : {"ioengine" : "psync", "size" : "4m", "bs" : "4k"},
  "jobs" : [
    {
      "jobname" : "w",
      "error" : 0,
      "job options" : {"rw" : "randrw", "fdatasync" : "8", "size" : "1m"},
      "read" : {
        "io_bytes" : 540672, "bw_bytes" : 18022400, "bw" : 17600, "iops" : 4400.000000, "total_ios" : 132, "short_ios" : 27,
        "slat_ns" : {"min" : 0, "max" : 0, "mean" : 0.000000, "stddev" : 0.000000, "N" : 0},
        "clat_ns" : {
          "min" : 72315, "max" : 3873655, "mean" : 138659.992424, "stddev" : 410740.915319, "N" : 132,
          "percentile" : {"50.000000" : 83456, "99.000000" : 2932736}
        },
        "lat_ns" : {"min" : 72485, "max" : 3874516, "mean" : 138816.583333, "stddev" : 410831.454020, "N" : 132}
      },
      "write" : {
        "io_bytes" : 507904, "bw_bytes" : 16930133, "bw" : 16533, "iops" : 4133.333333, "total_ios" : 124,
        "clat_ns" : {"min" : 3697, "max" : 27641, "mean" : 7212.846774, "stddev" : 3431.352446, "N" : 124},
        "lat_ns" : {"min" : 3777, "max" : 28593, "mean" : 7428.056452, "stddev" : 3537.331161, "N" : 124}
      },
      "sync" : {
        "total_ios" : 0,
        "lat_ns" : {"min" : 66885, "max" : 4987164, "mean" : 374369.222222, "N" : 27, "percentile" : {"50.000000" : 234496}}
      }
    }
  ],
  "disk_util" : []
}
`

describe('a report of fio', () => {
  it('is read with its rates, latencies and options, past the warnings before it', () => {
    const report = readFioReport(FIO, 'fio.json')
    expect(report).toMatchObject({source: 'fio', version: 'fio-3.33', simulated: false, complete: true})
    const [job] = report.jobs
    expect(job?.name).toBe('w')
    expect(job?.read).toMatchObject({
      ios: 132,
      bytes: 540_672,
      iops: 4400,
      bytesPerSecond: 18_022_400,
      maxNs: 3_874_516,
    })
    expect(job?.read.meanNs).toBeCloseTo(138_816.583333, 6)
    expect(job?.write).toMatchObject({ios: 124, maxNs: 28_593})
    expect(job?.roundIops).toEqual([])
  })

  it('has its percentiles taken from completion latency, where fio keeps them', () => {
    const [job] = readFioReport(FIO, 'fio.json').jobs
    expect([...(job?.read.percentiles ?? [])]).toEqual([
      [50, 83_456],
      [99, 2_932_736],
    ])
  })

  it('has syncs counted by their latencies where fio says it had none', () => {
    expect(readFioReport(FIO, 'fio.json').jobs[0]?.sync).toMatchObject({ios: 27, maxNs: 4_987_164})
  })

  it('has the options of a job over the global ones', () => {
    expect([...(readFioReport(FIO, 'fio.json').jobs[0]?.options ?? [])]).toEqual([
      ['ioengine', 'psync'],
      ['size', '1m'],
      ['bs', '4k'],
      ['rw', 'randrw'],
      ['fdatasync', '8'],
    ])
  })

  it('of an older fio has its bandwidth in KiB only', () => {
    const old = '{"fio version": "fio-2.16", "jobs": [{"jobname": "j", "read": {"iops": 1, "bw": 4}}]}'
    expect(readFioReport(old, 'old.json').jobs[0]?.read.bytesPerSecond).toBe(4096)
  })
})

describe('a report of our own', () => {
  const rounds = [100, 300].map((count, round) =>
    roundOf({round, write: writesOf(count, MS), flush: requestsOf(10, 3 * MS)}),
  )
  const cut = roundOf({round: 2, write: writesOf(9, MS), cutBy: 'signal'})
  const result = resultOf([cellOf('none', [...rounds, cut]), cellOf('writeback', rounds)], {complete: false})
  const text = JSON.stringify(benchDocument(result, {verdict: false, version: 'flushpoint-1.2.3'}).json)

  it('is read by the same reader, with the rounds that ran to their end', () => {
    const report = readFioReport(text, 'ours.json')
    expect(report).toMatchObject({source: 'flushpoint', version: 'flushpoint-1.2.3', complete: false})
    expect(report.jobs.map(({name}) => name)).toEqual(['none', 'writeback'])
    expect(report.jobs[0]).toMatchObject({
      read: {ios: 0, iops: 0, meanNs: 0},
      write: {ios: 400, bytes: 400 * 4096, iops: 200, meanNs: MS, maxNs: MS},
      sync: {ios: 20, meanNs: 3 * MS},
      roundIops: [100, 300],
    })
    expect(report.jobs[0]?.write.percentiles.get(99.99)).toBe(MS)
    expect(report.jobs[0]?.options.get('cache')).toBe('none')
  })

  it('of a later schema is refused', () => {
    const later = text.replace('flushpoint/bench@1', 'flushpoint/bench@2')
    expect(() => readFioReport(later, 'later.json')).toThrow('later.json has the schema flushpoint/bench@2')
  })
})

describe('what is no report', () => {
  it.each([
    ['nothing', '', 'is not a benchmark report: it holds no JSON object'],
    ['plain text', 'IOPS: many', 'holds no JSON object'],
    ['a list', '[1, 2]', 'holds no JSON object'],
    ['half a report', FIO.slice(0, 400), 'is not JSON'],
    ['other JSON', '{"schema": "flushpoint/modes@1"}', 'is JSON, but no benchmark report'],
    ['a version without jobs', '{"fio version": "fio-3.33"}', 'is JSON, but no benchmark report'],
    ['no job', '{"fio version": "fio-3.33", "jobs": []}', 'is a report without a job'],
    ['a job without a name', '{"fio version": "fio-3.33", "jobs": [{"read": {}}]}', 'job 1 has no "jobname"'],
    ['a job that is none', '{"fio version": "fio-3.33", "jobs": [{"jobname": "a"}, 7]}', 'job 2 has no "jobname"'],
    [
      'a rate that is none',
      '{"fio version": "fio-3.33", "jobs": [{"jobname": "a", "write": {"iops": "fast"}}]}',
      'job 1 (a) has no "iops" that is a number',
    ],
  ])('is refused with the file and the reason: %s', (_what, text, message) => {
    const error = (() => {
      try {
        return readFioReport(text, 'some.json')
      } catch (thrown) {
        return thrown
      }
    })()
    expect(error).toMatchObject({kind: 'format', code: 'E_BENCH_REPORT', hint: expect.stringMatching(/./) as unknown})
    expect((error as Error).message).toMatch(/^some\.json/)
    expect((error as Error).message).toContain(message)
  })
})
