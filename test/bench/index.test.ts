import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'

import {
  benchDocument,
  compareReports,
  comparisonDocument,
  exportDocument,
  exportsOf,
  jobsBelow,
  loadFioReport,
} from '../../src/bench/index.js'
import {cellOf, resultOf, writingRounds} from './bench-sample.js'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flushpoint-bench-'))
})

afterEach(() => {
  rmSync(folder, {recursive: true, force: true})
})

describe('from a bench to its comparison with another', () => {
  /** Exports a bench and reads it back, as the next run will. */
  async function stored(name: string, ...writes: readonly number[]) {
    const path = join(folder, name)
    const document = benchDocument(resultOf([cellOf('none', writingRounds(...writes))]), {verdict: false, version: 'x'})
    await exportDocument(document, exportsOf([path]))
    return loadFioReport(path)
  }

  it('a slower run is found by its exported report', async () => {
    const comparison = compareReports(await stored('before.json', 100, 101, 99), await stored('after.json', 80, 81, 79))
    expect(jobsBelow(comparison, 0.9)).toEqual(['none'])
    expect(jobsBelow(comparison, 0.8)).toEqual([])
    const document = comparisonDocument(comparison, {beforePath: 'before', afterPath: 'after', failUnder: 0.9})
    expect(document.json).toMatchObject({jobs: [{name: 'none', ratio: 0.8, verdict: 'fewer'}], passed: false})
  })
})
