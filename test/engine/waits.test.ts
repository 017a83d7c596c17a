import {describe, expect, it} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {PHASE_QUEUED, Slots} from '../../src/engine/slots.js'
import {SYNC_TOKENS, Syncs} from '../../src/engine/syncs.js'
import {Waits} from '../../src/engine/waits.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {
  FSYNC,
  FSYNC_RANGE,
  IN,
  lower,
  NOTIFY,
  OUT,
  RANGE_AFTER,
  RANGE_SYNC,
  type RequestKind,
} from '../../src/request/index.js'
import {ManualBackend} from './manual-backend.js'
import {engineOptions} from './rig.js'

/** Slots that are filled one after the other; ids are slots + 1. */
class Accepting {
  readonly slots = new Slots(8)
  readonly syncs: Syncs
  readonly waits: Waits

  constructor(syncsHelp = true) {
    this.syncs = new Syncs({nowNs: 0}, engineOptions(new ManualBackend({tokens: 8 + SYNC_TOKENS}), {depth: 8}))
    this.waits = new Waits(this.slots, this.syncs, syncsHelp)
  }

  /** @returns how many it waits for */
  accept(kind: RequestKind, sector: number, flags = 0, after?: readonly number[]): number {
    const slot = this.slots.take()
    const plan = lower(kind, flags, cacheModeOf('none'), orderingModeOf('drain'))
    this.slots.put(slot, slot + 1, kind.type, flags, sector * 512, 512, undefined, 0, plan, 0)
    const count = this.waits.register(slot, after)
    this.slots.phases[slot] = PHASE_QUEUED
    return count
  }

  /** A write has ended, and may be volatile. */
  end(id: number, ok = true): readonly number[] {
    this.syncs.wrote(0, 512)
    this.slots.phases[id - 1] = 5
    return this.waits.ended(id, ok).map((waiting) => waiting.id)
  }
}

describe('what a request waits for', () => {
  it('is nothing, for most', () => {
    const all = new Accepting()
    expect([all.accept(OUT, 0), all.accept(OUT, 0), all.accept(IN, 0)]).toEqual([0, 0, 0])
  })

  it('is every write before it, for an fsync; those to its range, for a synced range and for NOTIFY', () => {
    const all = new Accepting()
    all.accept(OUT, 0)
    all.accept(IN, 0)
    all.accept(OUT, 9)
    expect([all.accept(FSYNC, 0), all.accept(FSYNC_RANGE, 0, RANGE_SYNC), all.accept(NOTIFY, 9)]).toEqual([2, 1, 1])
    expect(all.end(1)).toEqual([4, 5])
    expect(all.end(3)).toEqual([4, 6])
  })

  it('is counted once when it both depends on a write and has to come behind it', () => {
    const all = new Accepting()
    all.accept(OUT, 0)
    expect(all.accept(FSYNC, 0, 0, [1])).toBe(1)
    expect(all.end(1)).toEqual([2])
  })

  it('is of no importance when something it depends on has failed', () => {
    const all = new Accepting()
    all.accept(OUT, 0)
    all.end(1, false)
    expect(all.accept(FSYNC, 0, 0, [1])).toBe(-1)
  })

  it('may be an order between ranges: the write before it, and a sync', () => {
    const all = new Accepting()
    all.accept(OUT, 0)
    expect(all.accept(FSYNC_RANGE, 0, RANGE_AFTER)).toBe(0)
    expect([all.accept(OUT, 9), all.slots.fenced[2]]).toEqual([1, 1])
    expect(all.end(1)).toEqual([3])
    expect([all.accept(OUT, 9), all.slots.fenced[3]]).toEqual([0, 1])
    expect([all.accept(IN, 9), all.slots.fenced[4]]).toEqual([0, 0])
  })

  it('has no sync in it where a sync would not help, or nobody sends one', () => {
    const all = new Accepting(false)
    all.accept(OUT, 0)
    all.accept(FSYNC_RANGE, 0, RANGE_AFTER)
    expect([all.accept(OUT, 9), all.slots.fenced[2]]).toEqual([1, 0])
  })
})
