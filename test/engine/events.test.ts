import {describe, expect, it} from 'vitest'
import {cacheModeOf, type CacheModeName} from '../../src/cache-mode/index.js'
import {completeEvent, startEvent, submitEvent} from '../../src/engine/events.js'
import {Slots} from '../../src/engine/slots.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {FLAG_FUA, lower, OUT, STATUS_IOERR, STATUS_OK, type Plan} from '../../src/request/index.js'

function planOf(mode: CacheModeName, flags = 0): Plan {
  return lower(OUT, flags, cacheModeOf(mode), orderingModeOf('drain'))
}

function slotsWith(plan: Plan | undefined): {slots: Slots; slot: number} {
  const slots = new Slots(1)
  const slot = slots.take()
  slots.put(slot, 7, OUT.type, FLAG_FUA, 512, 1024, undefined, 0, plan, 0)
  return {slots, slot}
}

function completion(plan: Plan | undefined, ok = true, status: number = STATUS_OK) {
  const {slots, slot} = slotsWith(plan)
  slots.statuses[slot] = status
  slots.errnos[slot] = status === STATUS_OK ? 0 : 5
  return completeEvent(slots, slot, ok, 9)
}

describe('what an observer is told', () => {
  it('of a request that is accepted: all that was asked, and what becomes of it', () => {
    const plan = planOf('none', FLAG_FUA)
    const {slots, slot} = slotsWith(plan)
    expect(submitEvent(slots, slot, 3)).toEqual({
      ...{kind: 'submit', id: 7, type: 1, flags: FLAG_FUA, offsetBytes: 512, lengthBytes: 1024, plan, atNs: 3},
    })
  })

  it('of one that starts: whether it was held, and whether a sync comes first that its plan does not ask for', () => {
    const {slots, slot} = slotsWith(planOf('none'))
    expect(startEvent(slots, slot, undefined, 3)).toEqual({
      kind: 'start',
      id: 7,
      held: false,
      fresh: undefined,
      atNs: 3,
    })
    slots.held[slot] = 1
    slots.fenced[slot] = 1
    expect(startEvent(slots, slot, [], 3)).toEqual({
      ...{kind: 'start', id: 7, held: true, fresh: [], preSync: true, atNs: 3},
    })
  })

  it('of one that ends: that it is stable when its plan sees to it', () => {
    expect(completion(planOf('none', FLAG_FUA))).toEqual({
      ...{kind: 'complete', id: 7, status: STATUS_OK, errno: 0, stable: true, ignored: false, atNs: 9},
    })
    expect(completion(planOf('none'))).toMatchObject({stable: false})
    expect(completion(planOf('unsafe', FLAG_FUA))).toMatchObject({stable: false, ignored: true})
  })

  it('of one that failed, or whose command ended in CHECK CONDITION: never that it is stable, or that anything was ignored', () => {
    for (const mode of ['none', 'unsafe'] as const) {
      const plan = planOf(mode, FLAG_FUA)
      expect(completion(plan, false, STATUS_IOERR)).toMatchObject({status: 1, errno: 5, stable: false, ignored: false})
      expect(completion(plan, false)).toMatchObject({status: STATUS_OK, stable: false, ignored: false})
    }
  })

  it('of a type nobody knows: as much as there is', () => {
    expect(completion(undefined, false, STATUS_IOERR)).toMatchObject({stable: false, ignored: false})
  })
})
