import {describe, expect, it} from 'vitest'

import {cellFigures} from '../../src/bench/cell-figures.js'
import {csvOfFigures, flushTable, latencyTables, rateTable, rateText} from '../../src/bench/figure-tables.js'
import {cellOf, diskWorkOf, MS, requestsOf, roundOf, writesOf, writingRounds} from './bench-sample.js'

const WRITING = cellFigures(cellOf('none', writingRounds(100, 100)), false)
const FLUSHING = cellFigures(cellOf('writeback', [roundOf({flush: requestsOf(8, MS), flushesWanted: 8})]), false)

describe('tables of figures', () => {
  it('leave out columns that nobody has', () => {
    const heads = (simulated: boolean) =>
      rateTable([cellFigures(cellOf('none', writingRounds(5, 5)), simulated)], simulated).columns.map(({name}) => name)
    expect(heads(true)).toEqual(['cell', 'IOPS', 'MiB/s', 'user', 'system'])
    expect(heads(false)).toEqual(['cell', 'IOPS', '±', 'CV', 'MiB/s', 'user', 'system'])
  })

  it('have no ratio between cells that count different things', () => {
    const {columns, rows} = rateTable([WRITING, FLUSHING], false)
    const ratio = columns.findIndex(({key}) => key === 'ratio')
    expect(rows.map((row) => row[ratio])).toEqual(['1', ''])
  })

  it('have one on flushes where somebody flushed or a disk was seen', () => {
    expect(flushTable([WRITING])).toBeUndefined()
    expect(flushTable([WRITING, FLUSHING])?.rows).toEqual([
      ['none', '0', '0'],
      ['writeback', '8', '0'],
    ])
    const seen = cellFigures(cellOf('none', [roundOf({device: diskWorkOf(3, 0)})]), false)
    expect(flushTable([WRITING, seen])?.rows).toEqual([
      ['none', '0', '0', '', ''],
      ['none', '0', '0', '0', '3'],
    ])
  })

  it('have a row of latencies for each sort of request that there was', () => {
    const mixed = cellFigures(cellOf('none', [roundOf({write: writesOf(1, MS), flush: requestsOf(1, 2 * MS)})]), false)
    for (const table of latencyTables([mixed])) {
      expect(table.rows.map((row) => row.slice(0, 2))).toEqual([
        ['none', 'write'],
        ['none', 'flush'],
      ])
      for (const row of table.rows) expect(row).toHaveLength(table.columns.length)
    }
  })

  it('have a head for csv even without a row', () => {
    expect(csvOfFigures([]).columns.map(({key}) => key)).toEqual(['cell'])
  })
})

describe('a rate for people', () => {
  it.each([
    [0, '0'],
    [0.12345, '0.123'],
    [123.45, '123'],
    [1234.5, '1,235'],
    [1_234_567.8, '1,234,568'],
  ])('%f is %s', (rate, text) => {
    expect(rateText(rate)).toBe(text)
  })
})
