import {describe, expect, it} from 'vitest'

import {comparisonDocument} from '../../src/bench/comparison-document.js'
import {compareReports} from '../../src/bench/comparison.js'
import {readFioReport, type FioReport} from '../../src/bench/fio-report.js'
import {FORMAT_NAMES} from '../../src/report/index.js'
import {rendered} from '../report/sample.js'

function report(jobs: Record<string, number>): FioReport {
  const entries = Object.entries(jobs).map(([jobname, iops]) => ({
    jobname,
    'job options': {iodepth: String(Object.keys(jobs).length)},
    read: {iops},
    sync: {lat_ns: {N: 1, mean: iops * 1000}},
  }))
  return readFioReport(JSON.stringify({'fio version': 'fio-3.33', jobs: entries}), 'fio.json')
}

const documentOf = (before: Record<string, number>, after: Record<string, number>, failUnder?: number) =>
  comparisonDocument(compareReports(report(before), report(after)), {
    beforePath: 'before.json',
    afterPath: 'after.json',
    ...(failUnder === undefined ? {} : {failUnder}),
  })

describe('two reports side by side', () => {
  it('have a row for each job, and bars of their ratios', async () => {
    const text = await rendered(documentOf({a: 100, b: 4000}, {a: 50, b: 6000}), 'table')
    expect(text).toContain('before.json against after.json\n')
    expect(text.replaceAll(/ {2,}/g, ' | ')).toContain(
      ' | noise not known | 100 us | 50 us\nb | 4,000 | 6,000 | 1.5 | noise not known | 4 ms | 6 ms\n',
    )
    expect(text).toMatch(/^b +█{60} {2}1\.5$/m)
    expect(text).toMatch(/^before +█{40} +1$/m)
    expect(text).not.toMatch(/ok:/)
  })

  it('differ by nothing, and not by noise, where both disks were simulated alike', async () => {
    const simulated: FioReport = {...report({a: 100}), simulated: true}
    const job = {...(simulated.jobs[0] as FioReport['jobs'][number]), roundIops: [100]}
    const same = {...simulated, jobs: [job]}
    const paths = {beforePath: 'before.json', afterPath: 'after.json'}
    const text = await rendered(comparisonDocument(compareReports(same, same), paths), 'table')
    expect(text).toMatch(/^a +100 +100 +1 +none /m)
  })

  it('have notes on what cannot be compared', async () => {
    const text = await rendered(documentOf({a: 1, b: 1, c: 1}, {a: 1, d: 1}), 'table', {width: 200})
    expect(text).toContain('- a is not the same job: iodepth: 3, then 2.\n- b is missing after.\n- c is missing after.')
    expect(text).toContain('- d is new after.')
  })

  it('pass or fail by the least ratio', async () => {
    const passed = documentOf({a: 100}, {a: 90}, 0.9)
    expect(await rendered(passed, 'table')).toContain('✓ ok: Every job has at least 0.9 times the IOPS it had.')
    expect(passed.json).toMatchObject({failUnder: 0.9, below: [], passed: true})
    const failed = documentOf({a: 100, b: 1}, {a: 89}, 0.9)
    expect(await rendered(failed, 'table')).toContain('✗ not ok: Below 0.9 times the IOPS, or missing: a; b.')
    expect(failed.json).toMatchObject({below: ['a', 'b'], passed: false})
  })

  it('have for scripts the schema flushpoint/bench-comparison@1', () => {
    expect(documentOf({a: 100}, {a: 150}).json).toEqual({
      schema: 'flushpoint/bench-comparison@1',
      before: {path: 'before.json', source: 'fio', version: 'fio-3.33'},
      after: {path: 'after.json', source: 'fio', version: 'fio-3.33'},
      jobs: [
        {
          name: 'a',
          iopsBefore: 100,
          iopsAfter: 150,
          ratio: 1.5,
          verdict: 'unknown',
          flushMeanNsBefore: 100_000,
          flushMeanNsAfter: 150_000,
          flushRatio: 1.5,
          changed: [],
        },
      ],
      lost: [],
      gained: [],
    })
  })

  it('have for csv the numbers themselves', async () => {
    const [head, line] = (await rendered(documentOf({a: 4000}, {a: 6000}), 'csv')).split('\n')
    const keys = 'name,iopsBefore,iopsAfter,ratio,verdict,flushMeanNsBefore,flushMeanNsAfter,flushRatio,changed'
    expect(head).toBe(keys)
    expect(line).toBe('a,4000,6000,1.5,unknown,4000000,6000000,1.5,')
  })

  it.each(FORMAT_NAMES)('can be printed as %s, also of a job that did nothing', async (format) => {
    expect(await rendered(documentOf({a: 0}, {a: 5}, 0.9), format)).not.toMatch(/NaN|undefined|Infinity/)
  })
})
