import fc from 'fast-check'
import {describe, expect, it} from 'vitest'

import {chartLines} from '../../src/report/chart.js'
import type {ChartBar, ChartBlock} from '../../src/report/index.js'
import {displayWidth} from '../../src/report/wrap.js'
import {documentOf, rendered} from './sample.js'

const SEED = 20260503

function chartOf(bars: readonly ChartBar[]): ChartBlock {
  return {kind: 'chart', title: 'IOPS', heads: ['cell', 'IOPS'], bars, note: 'More is better.'}
}

const TWO = chartOf([
  {label: 'none', value: 20, text: '20'},
  {label: 'writeback', value: 10, text: '10'},
])

describe('a chart for people', () => {
  it('draws bars from zero, the longest as long as there is room, at most 60 columns', async () => {
    expect(await rendered(documentOf([TWO]), 'table', {width: 35})).toBe(
      [
        'IOPS',
        `none       ${'█'.repeat(20)}  20`,
        `writeback  ${'█'.repeat(10)}            10`,
        'More is better.',
        '',
      ].join('\n'),
    )
    expect(chartLines(TWO, 500)?.[0]).toContain(`  ${'█'.repeat(60)}  `)
  })

  it('shades what is not certain: dark from the low end to the value, light from there to the high end', () => {
    const chart = chartOf([{label: 'a', value: 15, interval: {low: 10, high: 20}, text: '15'}])
    expect(chartLines(chart, 27)).toEqual([`a  ${'█'.repeat(10)}${'▓'.repeat(5)}${'░'.repeat(5)}  15`])
  })

  it('draws an interval that reaches below zero from zero on', () => {
    const chart = chartOf([{label: 'a', value: 10, interval: {low: -20, high: 20}, text: '10'}])
    expect(chartLines(chart, 27)).toEqual([`a  ${'▓'.repeat(10)}${'░'.repeat(10)}  10`])
  })

  it('draws something for the smallest value and nothing for zero', () => {
    const chart = chartOf([
      {label: 'much', value: 1e6, text: '1000000'},
      {label: 'little', value: 1, text: '1'},
      {label: 'nought', value: 0, text: '0'},
    ])
    const drawn = chartLines(chart, 60) ?? []
    expect(drawn[1]).toMatch(/^little {2}▏ +1$/)
    expect(drawn[2]).toMatch(/^nought +0$/)
  })

  it('is never wider than it may be, and as many lines as bars', () => {
    const bar = fc.record({
      label: fc.string({maxLength: 20, unit: 'grapheme'}),
      value: fc.nat(1000),
      interval: fc.record({low: fc.integer({min: -500, max: 500}), high: fc.integer({min: 500, max: 2000})}),
      text: fc.string({maxLength: 9}),
    })
    fc.assert(
      fc.property(fc.array(bar, {minLength: 1, maxLength: 6}), fc.integer({min: 20, max: 120}), (bars, width) => {
        const drawn = chartLines(chartOf(bars), width)
        if (drawn === undefined) return
        expect(drawn).toHaveLength(bars.length)
        for (const line of drawn) expect(displayWidth(line)).toBeLessThanOrEqual(width)
      }),
      {seed: SEED},
    )
  })
})

describe('where no chart can be drawn', () => {
  it.each([
    ['too little room', TWO, 22],
    ['nothing but zeros', chartOf([{label: 'a', value: 0, text: '0'}]), 80],
    ['no bars', chartOf([]), 80],
  ])('for %s, the numbers are printed as a table', async (_why, chart, width) => {
    expect(chartLines(chart, width)).toBeUndefined()
    const text = await rendered(documentOf([chart]), 'table', {width})
    expect(text).toMatch(/^IOPS\ncell +IOPS\n/)
    expect(text).not.toMatch(/[█▓░]/)
  })

  it('markdown has a table of it', async () => {
    expect(await rendered(documentOf([TWO]), 'markdown')).toBe(
      '**IOPS**\n\n| cell | IOPS |\n| --- | ---: |\n| none | 20 |\n| writeback | 10 |\n\nMore is better.\n',
    )
  })
})
