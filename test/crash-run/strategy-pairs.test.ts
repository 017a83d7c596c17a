import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {pairRows} from '../../src/crash-run/strategy-pairs.js'

const SEED = 8_10

describe('rows of pairs', () => {
  it('put every two numbers of every two places together', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({min: 1, max: 6}), {minLength: 2, maxLength: 12}), (widths) => {
        const rows = [...pairRows(widths)]
        widths.forEach((width, i) => {
          widths.slice(0, i).forEach((other, j) => {
            const met = new Set(rows.map((row) => `${row[i]} ${row[j]}`))
            expect(met.size).toBe(width * other)
          })
        })
        for (const row of rows) row.forEach((number, i) => expect(number).toBeLessThan(widths[i] ?? 0))
      }),
      {seed: SEED, numRuns: 200},
    )
  })

  it('are few: 1000 places of two numbers need four for each of ten digits', () => {
    expect([...pairRows(Array.from({length: 1000}, () => 2))]).toHaveLength(40)
  })

  it('are one for a place with one number, and none is longer than the places', () => {
    for (const row of pairRows([1])) expect(row).toEqual([0])
    expect([...pairRows([])].every((row) => row.length === 0)).toBe(true)
  })
})
