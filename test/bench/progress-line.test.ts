import fc from 'fast-check'
import {describe, expect, it} from 'vitest'

import {progressLine, type ProgressState} from '../../src/bench/progress-line.js'

const SEED = 20260504
const STATE: ProgressState = {
  cell: 'writeback, flush-every 8',
  round: 1,
  rounds: 5,
  iops: 61_728,
  leftNs: 43e9,
}

describe('the progress line of a bench', () => {
  it('tells round, cell, IOPS at the moment and time left', () => {
    expect(progressLine(STATE, 80)).toBe('round 2/5 writeback, flush-every 8: 61,728 IOPS, 43 s left')
  })

  it.each([
    [0.2e9, ', < 1 s left'],
    [119e9, ', 119 s left'],
    [600e9, ', 10 min left'],
    [undefined, ' IOPS'],
  ])('says of %s ns left "%s"', (leftNs, end) => {
    expect(progressLine({...STATE, leftNs}, 80).endsWith(end)).toBe(true)
  })

  it('has no rate before anything was measured', () => {
    expect(progressLine({...STATE, iops: undefined}, 80)).toContain(': warming up, ')
  })

  it('shortens the name of the cell, and leaves it out last', () => {
    expect(progressLine(STATE, 49)).toBe('round 2/5 writeback, flu…: 61,728 IOPS, 43 s left')
    expect(progressLine(STATE, 35)).toBe('round 2/5: 61,728 IOPS, 43 s left')
  })

  it('is never wider than it may be', () => {
    fc.assert(
      fc.property(fc.nat(120), fc.string({maxLength: 60}), (width, cell) => {
        expect(progressLine({...STATE, cell}, width).length).toBeLessThanOrEqual(width)
      }),
      {seed: SEED},
    )
  })
})
