import {describe, expect, it} from 'vitest'

import {cellFigures, figuresOfSort} from '../../src/bench/cell-figures.js'
import {cellOf, diskWorkOf, MS, requestsOf, roundOf, SECOND, writesOf, writingRounds} from './bench-sample.js'

describe('the figures of a cell', () => {
  it('has the median of its rounds: 100, 300 and 200 writes in a second are 200 IOPS', () => {
    const figures = cellFigures(cellOf('none', writingRounds(100, 300, 200)), false)
    expect(figures.iops).toMatchObject({rounds: 3, median: 200, variation: 0.5, interval: {method: 'Student t'}})
    expect(figures.bytesPerSecond.median).toBe(200 * 4096)
    expect(figures.runtimeNs).toBe(3 * SECOND)
    expect(figuresOfSort(figures, 'write')).toMatchObject({requests: 600, bytes: 600 * 4096, errors: 0})
    expect(figuresOfSort(figures, 'write')?.latency.count).toBe(600)
  })

  it('counts reads and writes together, and flushes apart', () => {
    const round = roundOf({
      runtimeNs: SECOND / 2,
      read: requestsOf(70, MS, {bytes: 70 * 512}),
      write: writesOf(30, MS),
      flush: requestsOf(5, 4 * MS),
    })
    const figures = cellFigures(cellOf('none', [round]), false)
    expect(figures.counted).toBe('reads and writes')
    expect(figures.iops.median).toBe(200)
    expect(figures.bytesPerSecond.median).toBe(2 * (70 * 512 + 30 * 4096))
    expect(figures.sorts.map(({sort, rate}) => [sort, rate.median])).toEqual([
      ['read', 140],
      ['write', 60],
      ['flush', 10],
    ])
  })

  it('counts flushes where there is nothing else', () => {
    const figures = cellFigures(cellOf('none', [roundOf({flush: requestsOf(50, MS)})]), false)
    expect(figures.counted).toBe('flushes')
    expect(figures.iops.median).toBe(50)
  })

  it('leaves out rounds that were cut short', () => {
    const rounds = [
      ...writingRounds(100, 100),
      roundOf({round: 2, runtimeNs: 10, write: writesOf(1, 9), cutBy: 'signal'}),
    ]
    const figures = cellFigures(cellOf('none', rounds), false)
    expect(figures.iops).toMatchObject({rounds: 2, median: 100})
    expect(figures.roundsLeftOut).toBe(1)
    expect(figures.cut).toBe(false)
    expect(figuresOfSort(figures, 'write')?.requests).toBe(200)
  })

  it('uses rounds that were cut short when there is no other, and says so', () => {
    const round = roundOf({runtimeNs: SECOND / 2, write: writesOf(40, MS), cutBy: 'error'})
    expect(cellFigures(cellOf('none', [round]), false)).toMatchObject({cut: true, roundsLeftOut: 0, iops: {median: 80}})
  })

  it('of a cell without rounds, or cut off before its clock moved, are nought', () => {
    const never = cellFigures(cellOf('none', []), false)
    expect(never).toMatchObject({cut: false, runtimeNs: 0, iops: {median: 0}, cpu: {user: 0, system: 0}})
    const cut = cellFigures(cellOf('none', [roundOf({runtimeNs: 0, write: writesOf(1, 1), cutBy: 'signal'})]), false)
    expect(cut.iops.median).toBe(0)
  })

  it('adds up processor time as a share of the time, and flushes wanted and sent', () => {
    const round = roundOf({cpu: {userNs: 250 * MS, systemNs: 500 * MS}, flushesWanted: 64, flushesSent: 63})
    expect(cellFigures(cellOf('none', [round, round]), false)).toMatchObject({
      cpu: {user: 0.25, system: 0.5},
      flushesWanted: 128,
      flushesSent: 126,
    })
  })

  it('adds up what the disk below counted, but only if every round saw it', () => {
    const seen = roundOf({device: diskWorkOf(10, 4, {busyMs: 3})})
    const device = (...rounds: (typeof seen)[]) => cellFigures(cellOf('none', rounds), false).device
    expect(device(seen, seen)).toEqual(diskWorkOf(20, 8, {busyMs: 6}))
    expect(device(seen, roundOf())).toBeUndefined()
    expect(device(roundOf())).toBeUndefined()
  })

  it('has exact intervals when simulated', () => {
    const {iops} = cellFigures(cellOf('none', writingRounds(100)), true)
    expect(iops.interval).toEqual({low: 100, high: 100, method: 'exact'})
  })
})
