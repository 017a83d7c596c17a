import {describe, expect, it} from 'vitest'

import {cellFigures} from '../../src/bench/cell-figures.js'
import {difference, differenceText, factorText} from '../../src/bench/difference.js'
import {cellOf, writingRounds} from './bench-sample.js'

function between(base: readonly number[], other: readonly number[], simulated = false) {
  return difference(
    cellFigures(cellOf('writethrough', writingRounds(...base)), simulated),
    cellFigures(cellOf('none', writingRounds(...other)), simulated),
    simulated,
  )
}

describe('a difference between two cells', () => {
  it('is called when their intervals over rounds do not overlap', () => {
    const more = between([100, 101, 99], [200, 202, 198])
    expect(more.verdict).toBe('more')
    expect(differenceText(more)).toBe('none against writethrough: more IOPS, 2 times (2 to 2).')
    expect(between([200, 202, 198], [100, 101, 99]).verdict).toBe('fewer')
  })

  it('is not called when they do, however far the medians lie apart', () => {
    const noise = between([100, 150, 60], [200, 110, 260])
    expect(noise.verdict).toBe('noise')
    expect(differenceText(noise)).toMatch(
      /^none against writethrough: within the noise: the intervals over rounds overlap\. Round by round it is 2 times \(.+ to .+\)\.$/,
    )
  })

  it('cannot be called after one round', () => {
    const unknown = between([100], [900])
    expect(unknown.verdict).toBe('unknown')
    expect(differenceText(unknown)).toContain('no difference can be called after one round')
  })

  it('is exact when simulated, be it of one round', () => {
    const more = between([100], [101], true)
    expect(more.verdict).toBe('more')
    expect(differenceText(more)).toBe('none against writethrough: more IOPS, 1.01 times.')
    expect(differenceText(between([100], [100], true))).toBe('none against writethrough: no difference.')
  })
})

describe('a factor for people', () => {
  it.each([
    [0.012345, '0.0123'],
    [1, '1'],
    [12.345, '12.3'],
    [123.45, '123'],
    [12_345.6, '12346'],
  ])('has three digits and no exponent: %f is %s', (factor, text) => {
    expect(factorText(factor)).toBe(text)
  })
})
