import fc from 'fast-check'
import {expect, it} from 'vitest'

import {fitColumns} from '../../src/report/column-fit.js'
import {tableOf} from './sample.js'

const whole = (cell: string): string[] => [cell]

it('a table that fits keeps the natural width of every column', () => {
  const table = tableOf(['id', 'why'], [['1', 'flushed']])
  expect(fitColumns(table, 80, 2, whole)).toEqual([2, 7])
})

it('the widest text column gives way first', () => {
  const table = tableOf(['kind', 'why'], [['OUT', 'x'.repeat(50)]])
  expect(fitColumns(table, 30, 2, whole)).toEqual([4, 24])
})

it('a right-aligned column never gives up a digit', () => {
  const table = tableOf(['>offset', 'why'], [['18446744073709551615', 'x'.repeat(50)]])
  expect(fitColumns(table, 40, 2, whole)).toEqual([20, 18])
})

it('a long head over short cells gives way down to its longest word', () => {
  const table = tableOf(['>length in bytes', 'why'], [['512', 'x'.repeat(8)]])
  expect(fitColumns(table, 16, 2, whole)).toEqual([6, 8])
})

it('a table whose numbers alone are too wide does not fit', () => {
  const table = tableOf(['>a', '>b'], [['1'.repeat(15), '2'.repeat(15)]])
  expect(fitColumns(table, 31, 2, whole)).toBeUndefined()
  expect(fitColumns(table, 32, 2, whole)).toEqual([15, 15])
})

it('the columns and the gaps between them never take more than the width', () => {
  const cell = fc.string({maxLength: 40})
  const rows = fc.array(fc.tuple(cell, cell, cell), {maxLength: 5})
  fc.assert(
    fc.property(rows, fc.integer({min: 1, max: 120}), (cells, width) => {
      const widths = fitColumns(tableOf(['one', '>two', 'three'], cells), width, 2, whole)
      const total = widths?.reduce((sum, columns) => sum + columns, 2 * 2)
      // What the right-aligned column and the floors of the two text columns can need at most.
      expect(total ?? width + 1).toBeLessThanOrEqual(total === undefined ? 2 * 2 + 40 + 8 + 8 : width)
    }),
    {seed: 20260102},
  )
})
