import {describe, expect, it} from 'vitest'
import {PHASE_DATA, PHASE_DONE, PHASE_FREE, PHASE_QUEUED, Slots} from '../../src/engine/slots.js'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {IN, lower, OUT} from '../../src/request/index.js'
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

  it('name every write that has been accepted and has not ended', () => {
    const slots = new Slots(4)
    for (const [slot, kind] of [OUT, IN, OUT, OUT].entries()) {
      const plan = lower(kind, 0, cacheModeOf('none'), orderingModeOf('drain'))
      slots.put(slot, slot + 1, kind.type, 0, 0, 512, undefined, 0, plan, 0)
      slots.phases[slot] = slot === 3 ? PHASE_DONE : PHASE_QUEUED
    }
    const writes: number[] = []
    slots.forEachWrite((slot) => writes.push(slot))
    expect(writes).toEqual([0, 2])
  })

  it('are sealed where a step is with the device, until another request takes them', () => {
    const slots = new Slots(2)
    slots.phases.set([PHASE_DATA, PHASE_QUEUED])
    slots.sealTransfers()
    expect([...slots.sealed]).toEqual([1, 0])
    slots.put(0, 1, OUT.type, 0, 0, 512, undefined, 0, undefined, 0)
    expect(slots.sealed[0]).toBe(0)
  })
})
