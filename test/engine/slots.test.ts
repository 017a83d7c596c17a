import {describe, expect, it} from 'vitest'
import {PHASE_DATA, PHASE_DONE, PHASE_FREE, PHASE_QUEUED, Slots} from '../../src/engine/slots.js'
import {memoryOf} from './rig.js'

describe('the slots of an engine', () => {
  it('are handed out once each, and then there is none', () => {
    const slots = new Slots(3)
    expect(slots.free).toBe(3)
    expect(new Set([slots.take(), slots.take(), slots.take()])).toEqual(new Set([0, 1, 2]))
    expect([slots.free, slots.take()]).toEqual([0, -1])
  })

  it('can be taken again once they were given back', () => {
    const slots = new Slots(2)
    const first = slots.take()
    slots.take()
    slots.give(first)
    expect([slots.free, slots.take(), slots.take()]).toEqual([1, first, -1])
  })

  it('forget the memory of a request when they are given back, so that it can be collected', () => {
    const slots = new Slots(1)
    const slot = slots.take()
    slots.memories[slot] = memoryOf(512)
    slots.give(slot)
    expect(slots.memories[slot]).toBeUndefined()
    expect(slots.phases[slot]).toBe(PHASE_FREE)
  })

  it('find a request by its id while it is pending, and not after it has ended', () => {
    const slots = new Slots(4)
    const slot = slots.take()
    slots.ids[slot] = 17
    expect(slots.find(17)).toBe(-1)
    for (const phase of [PHASE_QUEUED, PHASE_DATA]) {
      slots.phases[slot] = phase
      expect(slots.find(17)).toBe(slot)
    }
    expect(slots.find(18)).toBe(-1)
    slots.phases[slot] = PHASE_DONE
    expect(slots.find(17)).toBe(-1)
  })
})
