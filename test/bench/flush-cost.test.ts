import {describe, expect, it} from 'vitest'

import {cellFigures} from '../../src/bench/cell-figures.js'
import {costByLatencies, costByRates, flushCostText} from '../../src/bench/flush-cost.js'
import type {RoundResult} from '../../src/bench/result.js'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {cellOf, MS, requestsOf, roundOf, writesOf} from './bench-sample.js'

const US = 1e3

function figuresOf(round: Partial<RoundResult>, options: Record<string, string> = {}) {
  return cellFigures(cellOf('writeback', [roundOf(round)], options), false)
}

const FLUSHING = {write: writesOf(80, 50 * US), flush: requestsOf(10, 2 * MS), flushesWanted: 10, flushesSent: 10}

describe('the price of a flush at depth 1', () => {
  it('is the mean latency of flushes in mean latencies of writes: 2 ms are 40 writes of 50 us', () => {
    const cost = costByLatencies(figuresOf(FLUSHING))
    expect(cost).toEqual({
      where: 'writeback',
      flushNs: 2 * MS,
      writeNs: 50 * US,
      equivalentWrites: 40,
      method: 'latencies',
    })
  })

  it('is told with the cell where that is not named by its mode alone', () => {
    expect(costByLatencies(figuresOf(FLUSHING, {bs: '8k'}))?.where).toBe('writeback (writeback, bs 8k)')
  })

  it.each([
    ['more requests may be in flight', {...FLUSHING}, {iodepth: '8'}],
    ['several jobs share the disk', {...FLUSHING}, {numjobs: '2'}],
    ['no flush was sent', {...FLUSHING, flushesSent: 0}, {}],
    ['nothing was written', {flush: FLUSHING.flush, flushesSent: 10}, {}],
    ['nothing was flushed', {write: FLUSHING.write}, {}],
  ])('cannot be told from latencies where %s', (_why, round, options) => {
    expect(costByLatencies(figuresOf(round, options))).toBeUndefined()
  })
})

describe('the price of a flush at any depth', () => {
  // 1000 writes of 10 us of the time each, and a flush of 300 us after every eighth, or after every one.
  const seldom = figuresOf({
    runtimeNs: (1000 * 10 + 125 * 300) * US,
    write: writesOf(1000, US),
    flush: requestsOf(125, US),
  })
  const often = figuresOf({
    runtimeNs: (1000 * 10 + 1000 * 300) * US,
    write: writesOf(1000, US),
    flush: requestsOf(1000, US),
  })

  it('follows from two cells that flush more and less often: 300 us are 30 writes of 10 us', () => {
    for (const cells of [
      [seldom, often],
      [often, seldom],
    ]) {
      const cost = costByRates(cells)
      expect(cost).toMatchObject({where: 'writeback', method: 'rates'})
      expect(cost?.flushNs).toBeCloseTo(300 * US, 3)
      expect(cost?.writeNs).toBeCloseTo(10 * US, 3)
      expect(cost?.equivalentWrites).toBeCloseTo(30, 6)
    }
  })

  it('cannot be told from one cell, from cells that flush alike, or where reads share the time', () => {
    expect(costByRates([seldom])).toBeUndefined()
    expect(costByRates([seldom, seldom])).toBeUndefined()
    const reading = figuresOf({read: requestsOf(1, 1), write: writesOf(1, 1)})
    expect(costByRates([reading, seldom])).toBeUndefined()
  })

  it('is not told when noise makes it negative', () => {
    const slow = figuresOf({runtimeNs: 1e12, write: writesOf(1000, US)})
    expect(costByRates([slow, often])).toBeUndefined()
  })
})

describe('the price in words', () => {
  const cost = {
    where: 'writeback',
    flushNs: 2 * MS,
    writeNs: 50 * US,
    equivalentWrites: 40,
    method: 'latencies',
  } as const

  it('is in writes, with what it was found from', () => {
    expect(flushCostText(cost, cacheModeOf('writeback'))).toBe(
      'A flush costs as much as 40 writes under writeback: 2 ms on average, a write 50 us.',
    )
    expect(flushCostText({...cost, method: 'rates'}, cacheModeOf('writeback'))).toBe(
      'A flush costs as much as 40 writes under writeback: 2 ms more for each, where a write takes 50 us of the time.',
    )
  })

  it('says of a mode whose writes are stable at completion that they pay for it', () => {
    expect(flushCostText({...cost, flushNs: 1, equivalentWrites: 0.01}, cacheModeOf('directsync'))).toMatch(
      /^A flush costs less than one write under writeback: .*; writes are stable there when they complete, and pay/,
    )
  })

  it('knows one write from several', () => {
    expect(flushCostText({...cost, equivalentWrites: 1.001}, cacheModeOf('none'))).toContain(
      'as much as one write under',
    )
  })
})
