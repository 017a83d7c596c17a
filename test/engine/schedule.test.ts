import {describe, expect, it} from 'vitest'
import {DRAINING, FREE_ORDER, Schedule, TAGGED} from '../../src/engine/schedule.js'

interface Facts {
  readonly drains?: boolean
  readonly tags?: boolean
  readonly waitsFor?: number
  readonly blocks?: readonly [number, number]
  readonly exclusive?: boolean
}

function accept(schedule: Schedule, slot: number, facts: Facts = {}): boolean {
  const [start, end] = facts.blocks ?? [0, 0]
  return schedule.accept(
    slot,
    facts.drains === true ? DRAINING : facts.tags === true ? TAGGED : FREE_ORDER,
    facts.waitsFor ?? 0,
    start,
    end,
    facts.exclusive ?? false,
  )
}

/** Everything that may start now. */
function startable(schedule: Schedule): number[] {
  const slots: number[] = []
  for (let slot = schedule.next(); slot >= 0; slot = schedule.next()) slots.push(slot)
  return slots
}

describe('the schedule', () => {
  it('lets plain requests start at once and together', () => {
    const schedule = new Schedule(4)
    expect([0, 1, 2].map((slot) => accept(schedule, slot))).toEqual([true, true, true])
    expect([schedule.running, schedule.queued]).toEqual([3, 0])
  })

  it('starts a barrier when everything accepted before it has ended, and what came after it when it has ended', () => {
    const schedule = new Schedule(8)
    accept(schedule, 0)
    accept(schedule, 1)
    expect([accept(schedule, 2, {drains: true}), accept(schedule, 3), accept(schedule, 4)]).toEqual([
      false,
      false,
      false,
    ])
    schedule.ended(1)
    expect(startable(schedule)).toEqual([])
    schedule.ended(0)
    expect(startable(schedule)).toEqual([2])
    schedule.ended(2)
    expect(startable(schedule)).toEqual([3, 4])
  })

  it('starts a barrier at once when nothing runs, and holds everything while it runs', () => {
    const schedule = new Schedule(4)
    expect(accept(schedule, 0, {drains: true})).toBe(true)
    expect(accept(schedule, 1)).toBe(false)
    expect(startable(schedule)).toEqual([])
    schedule.ended(0)
    expect(startable(schedule)).toEqual([1])
  })

  it('runs barriers one after the other', () => {
    const schedule = new Schedule(4)
    expect([0, 1, 2].map((slot) => accept(schedule, slot, {drains: true}))).toEqual([true, false, false])
    for (const slot of [0, 1]) {
      schedule.ended(slot)
      expect(startable(schedule)).toEqual([slot + 1])
    }
  })

  it('goes on when a queued barrier is withdrawn', () => {
    const schedule = new Schedule(4)
    accept(schedule, 0)
    accept(schedule, 1, {drains: true})
    accept(schedule, 2)
    expect(schedule.withdraw(1)).toBe(true)
    expect(startable(schedule)).toEqual([2])
    expect(accept(schedule, 3)).toBe(true)
  })

  it('withdraws only what waits', () => {
    const schedule = new Schedule(4)
    accept(schedule, 0)
    expect([schedule.withdraw(0), schedule.withdraw(3)]).toEqual([false, false])
    expect(schedule.running).toBe(1)
  })

  it('starts what waits for others when they are resolved, past others that still wait', () => {
    const schedule = new Schedule(4)
    accept(schedule, 0)
    expect([accept(schedule, 1, {waitsFor: 2}), accept(schedule, 2, {waitsFor: 1})]).toEqual([false, false])
    schedule.resolve(1)
    schedule.resolve(2)
    expect(startable(schedule)).toEqual([2])
    schedule.resolve(1)
    expect(startable(schedule)).toEqual([1])
  })

  it('does not hold back a request because another one waits for something', () => {
    const schedule = new Schedule(4)
    accept(schedule, 0)
    accept(schedule, 1, {waitsFor: 1})
    expect(accept(schedule, 2)).toBe(true)
    expect(accept(schedule, 3, {drains: true})).toBe(false)
  })

  it('keeps a barrier behind what waits before it', () => {
    const schedule = new Schedule(4)
    accept(schedule, 0)
    accept(schedule, 1, {waitsFor: 1})
    accept(schedule, 2, {drains: true})
    accept(schedule, 3)
    schedule.ended(0)
    schedule.resolve(1)
    expect(startable(schedule)).toEqual([1])
    schedule.ended(1)
    expect(startable(schedule)).toEqual([2])
  })

  it('keeps a barrier behind what waits before it even when nothing runs', () => {
    const schedule = new Schedule(4)
    expect(accept(schedule, 0, {waitsFor: 1})).toBe(false)
    expect(accept(schedule, 1, {drains: true})).toBe(false)
    expect(startable(schedule)).toEqual([])
  })

  it('lets overlapping writes run together when none of them is exclusive', () => {
    const schedule = new Schedule(4)
    expect(accept(schedule, 0, {blocks: [0, 4096]})).toBe(true)
    expect(accept(schedule, 1, {blocks: [0, 4096]})).toBe(true)
  })

  it('keeps an exclusive write apart from every write that touches its blocks, in both directions', () => {
    const schedule = new Schedule(8)
    expect(accept(schedule, 0, {blocks: [0, 4096]})).toBe(true)
    expect(accept(schedule, 1, {blocks: [0, 8192], exclusive: true})).toBe(false)
    expect(accept(schedule, 2, {blocks: [8192, 12288], exclusive: true})).toBe(true)
    expect(accept(schedule, 3, {blocks: [8192, 8193]})).toBe(false)
    expect(accept(schedule, 4, {blocks: [12288, 16384]})).toBe(true)
    schedule.ended(0)
    expect(startable(schedule)).toEqual([1])
    schedule.ended(2)
    expect(startable(schedule)).toEqual([3])
  })

  it('lets reads pass exclusive writes', () => {
    const schedule = new Schedule(4)
    accept(schedule, 0, {blocks: [0, 4096], exclusive: true})
    expect(accept(schedule, 1)).toBe(true)
  })

  it('names the slot accepted last that still waits', () => {
    const schedule = new Schedule(4)
    expect(schedule.lastQueued()).toBe(-1)
    accept(schedule, 2, {drains: true})
    expect(schedule.lastQueued()).toBe(-1)
    accept(schedule, 3)
    accept(schedule, 0)
    expect(schedule.lastQueued()).toBe(0)
    schedule.withdraw(0)
    expect(schedule.lastQueued()).toBe(3)
  })
})

describe('the schedule, of a tagged slot', () => {
  it('starts it when all before it have given their last step away, running or not', () => {
    const schedule = new Schedule(4)
    accept(schedule, 0)
    expect([accept(schedule, 1, {tags: true}), startable(schedule)]).toEqual([false, []])
    schedule.settled(0)
    expect([startable(schedule), schedule.running]).toEqual([[1], 2])
  })

  it('lets others pass once it has given its own last step away', () => {
    const schedule = new Schedule(4)
    expect([accept(schedule, 0, {tags: true}), accept(schedule, 1)]).toEqual([true, false])
    schedule.settled(0)
    expect([startable(schedule), accept(schedule, 2)]).toEqual([[1], true])
  })

  it('waits again when one before it has a step to come after all', () => {
    const schedule = new Schedule(4)
    accept(schedule, 0)
    schedule.settled(0)
    schedule.unsettled(0)
    schedule.unsettled(0)
    expect(accept(schedule, 1, {tags: true})).toBe(false)
    schedule.ended(0)
    expect(startable(schedule)).toEqual([1])
    schedule.unsettled(0)
    schedule.settled(1)
    schedule.ended(1)
    expect(accept(schedule, 2, {tags: true})).toBe(true)
  })

  it('keeps it from another one, and from a draining one, until it has ended', () => {
    const schedule = new Schedule(4)
    accept(schedule, 0, {tags: true})
    schedule.settled(0)
    expect([accept(schedule, 1, {tags: true}), accept(schedule, 2, {drains: true})]).toEqual([false, false])
    expect(startable(schedule)).toEqual([])
    schedule.ended(0)
    expect(startable(schedule)).toEqual([1])
    schedule.settled(1)
    expect(startable(schedule)).toEqual([])
    schedule.ended(1)
    expect(startable(schedule)).toEqual([2])
  })
})
