import {describe, expect, it} from 'vitest'

import {cellFigures} from '../../src/bench/cell-figures.js'
import {closingTexts, type SyncFinding} from '../../src/bench/closing.js'
import type {BenchResult} from '../../src/bench/result.js'
import {cellOf, diskWorkOf, MS, requestsOf, resultOf, roundOf, SECOND, writesOf, writingRounds} from './bench-sample.js'

function told(result: BenchResult, sync?: SyncFinding): readonly string[] {
  return closingTexts(
    result,
    result.cells.map((cell) => cellFigures(cell, result.simulated)),
    sync,
  )
}

const FLUSHING = roundOf({
  write: writesOf(80, 0.05 * MS),
  flush: requestsOf(10, 2 * MS),
  flushesWanted: 10,
  flushesSent: 10,
})

/** A finding as the probe of a host gives it; only the verdict is looked at here. */
function finding(reaches: 'no' | 'plausible'): SyncFinding {
  return {
    folder: '/srv',
    writeBytes: 4096,
    samples: 100,
    minNs: 1,
    medianNs: 2,
    p90Ns: 3,
    flushCounts: [],
    verdict: {reaches, text: `It is ${reaches}.`, certainty: 'Fairly sure.'},
  }
}

describe('what a bench amounts to', () => {
  it('is what a flush costs under each mode that flushed', () => {
    const result = resultOf([cellOf('writeback', [FLUSHING]), cellOf('none', writingRounds(10))])
    expect(told(result)).toContain(
      'A flush costs as much as 40 writes under writeback: 2 ms on average, a write 50 us.',
    )
    expect(told(result).filter((sentence) => sentence.includes('A flush costs'))).toHaveLength(1)
  })

  it('is, at depth, what two cells that flush differently tell, and only if nothing else differs', () => {
    const cell = (every: string, flushes: number, bs: string) => {
      const runtimeNs = SECOND + flushes * 10 * MS
      const round = roundOf({
        runtimeNs,
        write: writesOf(1000, MS),
        flush: requestsOf(flushes, 50 * MS),
        flushesSent: flushes,
        flushesWanted: flushes,
      })
      return cellOf('none', [round], {iodepth: '8', 'flush-every': every, bs})
    }
    expect(told(resultOf([cell('10', 100, '4k'), cell('2', 500, '4k')]))).toEqual([
      'A flush costs as much as 10 writes under none: 10 ms more for each, where a write takes 1 ms of the time.',
    ])
    expect(told(resultOf([cell('10', 100, '4k'), cell('2', 500, '8k')]))).toEqual([])
  })

  it.each([
    ['unsafe', 'flushes are answered and not sent: they cost nothing and make nothing stable.'],
    ['writethrough', 'no flush had to be sent: each write pays for its own stability.'],
    ['none', 'no flush was sent to the host.'],
  ])('is why no flush was sent: under %s %s', (mode, why) => {
    const round = roundOf({write: writesOf(80, MS), flush: requestsOf(10, 100), flushesWanted: 10})
    expect(told(resultOf([cellOf(mode, [round])]))).toEqual([`Under ${mode} ${why}`])
  })

  it('is which mode is cheapest among those that guarantee the same', () => {
    const result = resultOf([cellOf('writeback', writingRounds(10, 10)), cellOf('none', writingRounds(20, 20))])
    expect(told(result)).toEqual([
      'writeback and none guarantee at least what writeback does: none is the cheapest, with 2 times the IOPS of writeback.',
    ])
  })

  it('compares no cost of guarantees where the host keeps none', () => {
    const result = resultOf([cellOf('writeback', writingRounds(10, 10)), cellOf('none', writingRounds(20, 20))])
    expect(told(result, finding('no'))).toEqual([
      'No mode guarantees anything here that outlives the host, and a cost without a guarantee is not compared.',
      'It is no. Fairly sure.',
    ])
  })

  it('is whether syncs of this host look real, or why nobody knows', () => {
    const result = resultOf([cellOf('none', writingRounds(10))])
    expect(told(result, finding('plausible'))).toEqual(['It is plausible. Fairly sure.'])
    expect(told(result, {skipped: 'the folder is read-only'})).toEqual([
      'Whether a sync here reaches a medium was not measured: the folder is read-only.',
    ])
    expect(told(result)).toEqual([])
  })

  it('is what the disk below counted of the flushes', () => {
    const seen = (flushes: number) =>
      told(resultOf([cellOf('none', [{...FLUSHING, device: diskWorkOf(80, flushes)}])])).at(-1)
    expect(seen(11)).toBe('The host was sent 10 syncs, and vda completed 11 flushes meanwhile, for everybody.')
    expect(seen(0)).toMatch(
      /^The host was sent 10 syncs, and vda completed no flush meanwhile: it has no volatile cache/,
    )
  })

  it('says nothing of the host when the disk was simulated', () => {
    const result = resultOf([cellOf('none', [{...FLUSHING, device: diskWorkOf(1, 0)}])], {
      simulated: true,
    })
    const sentences = told(result, finding('no'))
    expect(sentences.at(-1)).toMatch(/^The disk is simulated/)
    expect(sentences.join(' ')).not.toMatch(/vda|It is no/)
  })
})
