import {describe, expect, it} from 'vitest'

import {benchDocument} from '../../src/bench/bench-document.js'
import {compareReports, jobsBelow, parseFailUnder} from '../../src/bench/comparison.js'
import {readFioReport, type FioReport} from '../../src/bench/fio-report.js'
import type {CellResult} from '../../src/bench/result.js'
import {cellOf, MS, requestsOf, resultOf, roundOf, writesOf, writingRounds} from './bench-sample.js'

/** A report of ours, through its text. */
function ours(cells: readonly CellResult[], simulated = false): FioReport {
  const document = benchDocument(resultOf(cells, {simulated}), {verdict: false, version: 'flushpoint-1.2.3'})
  return readFioReport(JSON.stringify(document.json), 'ours.json')
}

/** A report in the words of fio: IOPS of reads, by job name. */
function fios(...jobs: readonly (readonly [name: string, iops: number])[]): FioReport {
  const entries = jobs.map(([jobname, iops]) => ({jobname, read: {iops}}))
  return readFioReport(JSON.stringify({'fio version': 'fio-3.33', jobs: entries}), 'fio.json')
}

describe('comparing two reports', () => {
  it('compares jobs of one name: IOPS after over before', () => {
    const {jobs, lost, gained} = compareReports(fios(['a', 100], ['b', 10]), fios(['b', 30], ['a', 90]))
    expect(jobs.map(({name, iopsBefore, iopsAfter, ratio}) => [name, iopsBefore, iopsAfter, ratio])).toEqual([
      ['a', 100, 90, 0.9],
      ['b', 10, 30, 3],
    ])
    expect([lost, gained]).toEqual([[], []])
  })

  it('takes jobs that share a name in their order', () => {
    const {jobs} = compareReports(fios(['a', 100], ['a', 10]), fios(['a', 50], ['a', 10]))
    expect(jobs.map(({name, ratio}) => [name, ratio])).toEqual([
      ['a', 0.5],
      ['a #2', 1],
    ])
  })

  it('calls a difference only when the intervals over rounds do not overlap', () => {
    const before = ours([cellOf('none', writingRounds(100, 101, 99)), cellOf('writeback', writingRounds(100, 10, 190))])
    const after = ours([cellOf('none', writingRounds(50, 51, 49)), cellOf('writeback', writingRounds(50, 10, 90))])
    const {jobs} = compareReports(before, after)
    expect(jobs.map(({ratio, verdict}) => [ratio, verdict])).toEqual([
      [0.5, 'fewer'],
      [0.5, 'noise'],
    ])
  })

  it('knows nothing of noise from fio, and needs to know nothing of a simulated disk', () => {
    expect(compareReports(fios(['a', 1]), fios(['a', 9])).jobs[0]?.verdict).toBe('unknown')
    const simulated = [10, 11].map((count) => ours([cellOf('none', writingRounds(count))], true)) as [
      FioReport,
      FioReport,
    ]
    expect(compareReports(...simulated).jobs[0]?.verdict).toBe('more')
  })

  it('compares ours with that of fio', () => {
    const [job] = compareReports(fios(['none', 50]), ours([cellOf('none', writingRounds(100, 100))])).jobs
    expect(job).toMatchObject({iopsBefore: 50, iopsAfter: 100, ratio: 2, verdict: 'unknown'})
  })

  it('compares what a flush takes', () => {
    const flushing = (ns: number) =>
      ours([cellOf('none', [roundOf({write: writesOf(9, MS), flush: requestsOf(3, ns)})])])
    expect(compareReports(flushing(2 * MS), flushing(3 * MS)).jobs[0]?.flushRatio).toBe(1.5)
    expect(compareReports(fios(['a', 1]), fios(['a', 1])).jobs[0]?.flushRatio).toBeUndefined()
  })

  it('names options that changed: the job may not be the same', () => {
    const [before, after] = [{bs: '4k', iodepth: '1'}, {bs: '8k'}].map((options) =>
      ours([{...cellOf('none', writingRounds(1)), settings: {name: 'a', mode: 'none', aio: 'sim', options}}]),
    ) as [FioReport, FioReport]
    expect(compareReports(before, after).jobs[0]?.changed).toEqual(['bs: 4k, then 8k', 'iodepth: 1, then not set'])
  })

  it('tells which jobs are gone and which are new, and refuses reports without a common one', () => {
    expect(compareReports(fios(['a', 1], ['b', 1]), fios(['b', 1], ['c', 1]))).toMatchObject({
      lost: ['a'],
      gained: ['c'],
    })
    expect(() => compareReports(fios(['a', 1]), fios(['b', 1]))).toThrow('the two reports have no job in common')
  })
})

describe('falling short of a ratio', () => {
  it('is having less than that of the IOPS before, or being gone', () => {
    const comparison = compareReports(
      fios(['same', 100], ['worse', 100], ['edge', 100], ['stopped', 5], ['gone', 1], ['idle', 0]),
      fios(['same', 100], ['worse', 89], ['edge', 90], ['stopped', 0], ['idle', 0], ['new', 1]),
    )
    expect(jobsBelow(comparison, 0.9)).toEqual(['worse', 'stopped', 'gone'])
    expect(jobsBelow(comparison, 0.5)).toEqual(['stopped', 'gone'])
  })

  it.each(['0.9', '1', '1.25'])('can be %s', (text) => {
    expect(parseFailUnder(text)).toBe(Number(text))
  })

  it.each(['0', '-1', '90%', '.9', 'x', '', '1e3'])('cannot be "%s"', (text) => {
    expect(() => parseFailUnder(text)).toThrow(`--fail-under ${text} is no ratio`)
  })
})
