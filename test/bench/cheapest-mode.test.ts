import {describe, expect, it} from 'vitest'

import {cellFigures, type CellFigures} from '../../src/bench/cell-figures.js'
import {cheapestTexts, groupsByWorkload, guaranteesAtLeast} from '../../src/bench/cheapest-mode.js'
import {CACHE_MODES, cacheModeOf} from '../../src/cache-mode/index.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {cellOf, requestsOf, roundOf, writingRounds} from './bench-sample.js'

function figuresOf(mode: string, rounds: readonly number[], options: Record<string, string> = {}): CellFigures {
  return cellFigures(cellOf(mode, writingRounds(...rounds), options), false)
}

function told(cells: readonly CellFigures[]): string[] {
  return groupsByWorkload(cells).flatMap((group) => cheapestTexts(group, false))
}

describe('one mode guarantees at least what another does', () => {
  const at = (mode: string, other: string, ordering = 'drain'): boolean =>
    guaranteesAtLeast(cacheModeOf(mode), cacheModeOf(other), orderingModeOf(ordering))

  // QEMU's documentation of its cache modes: writethrough and directsync make each write stable, writeback and none need a flush,
  // unsafe ignores it; and a crash of the host kernel does not take from a drive what O_DIRECT gave it.
  it.each([
    ['writethrough', ['writethrough', 'writeback', 'none', 'directsync', 'unsafe']],
    ['directsync', ['writethrough', 'writeback', 'none', 'directsync', 'unsafe']],
    ['none', ['writeback', 'none', 'unsafe']],
    ['writeback', ['writeback', 'unsafe']],
    ['unsafe', ['unsafe']],
  ])('%s: what %j do', (mode, others) => {
    expect(CACHE_MODES.map(({name}) => name).filter((other) => at(mode, other))).toEqual(
      CACHE_MODES.map(({name}) => name).filter((name) => others.includes(name)),
    )
  })

  it('ordered tags keep writes apart on the medium only where they go straight to it', () => {
    expect(at('writethrough', 'directsync', 'tag')).toBe(false)
    expect(at('directsync', 'writethrough', 'tag')).toBe(true)
  })
})

describe('the cheapest mode', () => {
  it('is called among those that guarantee at least the same, with the next', () => {
    const cells = [
      figuresOf('writethrough', [100, 101, 99]),
      figuresOf('directsync', [50, 50, 51]),
      figuresOf('unsafe', [900, 901, 902]),
    ]
    expect(told(cells)).toEqual([
      'writethrough and directsync guarantee at least what writethrough does: writethrough is the cheapest, with 2 times the IOPS of directsync.',
    ])
  })

  it('never is a mode that guarantees less', () => {
    const sentences = told([figuresOf('writeback', [900, 901, 902]), figuresOf('writethrough', [100, 101, 99])])
    expect(sentences).toEqual([
      'writeback and writethrough guarantee at least what writeback does: writeback is the cheapest, with 9 times the IOPS of writethrough.',
    ])
  })

  it('is not called within the noise', () => {
    expect(told([figuresOf('writeback', [100, 150, 60]), figuresOf('none', [110, 90, 120])])).toEqual([
      'writeback and none guarantee at least what writeback does: no difference can be called between none and writeback, which are the cheapest.',
    ])
  })

  it('is called for each workload by itself, named by what sets it apart', () => {
    const cells = ['1', '8'].flatMap((every) => [
      figuresOf('writeback', [100, 101, 99], {'flush-every': every}),
      figuresOf('none', [50, 50, 51], {'flush-every': every}),
    ])
    expect(told(cells).map((sentence) => sentence.split(':')[0])).toEqual(['flush-every 1', 'flush-every 8'])
  })

  it('is a matter of speed alone when nothing is written', () => {
    const reading = (mode: string, requests: number): CellFigures =>
      cellFigures(
        cellOf(
          mode,
          [0, 1].map((round) => roundOf({round, read: requestsOf(requests, 1000)})),
        ),
        true,
      )
    const [group] = groupsByWorkload([reading('unsafe', 10), reading('none', 20)])
    expect(group && cheapestTexts(group, true)).toEqual([
      'nothing was written, so that all modes guarantee the same: none is the cheapest, with 2 times the IOPS of unsafe.',
    ])
  })

  it('is nothing to say of one cell, or of cells that have no workload in common', () => {
    expect(told([figuresOf('none', [1, 2])])).toEqual([])
    expect(told([figuresOf('none', [1, 2], {bs: '4k'}), figuresOf('writeback', [1, 2], {bs: '8k'})])).toEqual([])
  })
})
