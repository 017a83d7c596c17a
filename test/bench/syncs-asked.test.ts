import {describe, expect, it} from 'vitest'
import {SyncsAsked} from '../../src/bench/syncs-asked.js'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {FLAG_BARRIER, FLAG_FUA, FLUSH, IN, OUT} from '../../src/request/index.js'

function asked(mode: string, ordering: string, depth: number): number[] {
  const syncs = new SyncsAsked(cacheModeOf(mode), orderingModeOf(ordering), depth, true)
  return [
    syncs.of(IN.type, 0),
    syncs.of(OUT.type, 0),
    syncs.of(FLUSH.type, 0),
    syncs.of(OUT.type, FLAG_FUA),
    syncs.of(OUT.type, FLAG_BARRIER),
  ]
}

// A read, a write, a FLUSH, a FUA write, a barrier.
describe('the syncs a request asks for', () => {
  it('are one for a FLUSH, and none for a FUA write that is stable by itself', () => {
    expect(asked('writeback', 'drain', 1)).toEqual([0, 0, 1, 0, 0])
    expect(asked('none', 'drain', 8)).toEqual([0, 0, 1, 0, 0])
  })

  it('are one for a FUA write through the page cache with others in flight, whose own error could be missed', () => {
    expect(asked('writeback', 'drain', 8)).toEqual([0, 0, 1, 1, 0])
  })

  it('are those before and behind a barrier that flushes', () => {
    expect(asked('none', 'drain-flush', 8)).toEqual([0, 0, 1, 0, 2])
    expect(asked('none', 'drain-fua', 8)).toEqual([0, 0, 1, 0, 1])
  })

  it('are asked for also where the mode ignores them', () => {
    expect(asked('unsafe', 'drain-flush', 1)).toEqual([0, 0, 1, 0, 2])
  })

  it('are one for each write of writethrough where O_DSYNC cannot be trusted', () => {
    expect(asked('writethrough', 'drain', 1).slice(1, 2)).toEqual([0])
    expect(asked('writethrough', 'drain', 8).slice(1, 2)).toEqual([1])
  })
})
