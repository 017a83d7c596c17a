import {describe, expect, it} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {Execution} from '../../src/engine/execution.js'
import {Plans} from '../../src/engine/plans.js'
import {PHASE_DONE, Slots} from '../../src/engine/slots.js'
import {SYNC_TOKENS} from '../../src/engine/syncs.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {FLAG_BARRIER, OUT, plainLink, STATUS_CANCELED, STATUS_OK} from '../../src/request/index.js'
import {ManualBackend} from './manual-backend.js'
import {engineOptions, memoryOf} from './rig.js'

const MODE = cacheModeOf('none')
const TAG = orderingModeOf('tag')

function executing() {
  const backend = new ManualBackend({tokens: 4 + SYNC_TOKENS, ordersTags: true})
  const slots = new Slots(4)
  const plans = new Plans(MODE, TAG, plainLink(MODE, TAG))
  const clock = {nowNs: 0}
  const execution = new Execution(
    engineOptions(backend, {mode: 'none', ordering: 'tag', depth: 4}),
    slots,
    plans,
    clock,
  )
  const accept = (flags: number, sector = 0, bytes = 512): number => {
    const [slot, plan] = [slots.take(), plans.of(OUT.type, flags)]
    slots.put(slot, slot + 1, OUT.type, flags, sector * 512, bytes, memoryOf(bytes), 0, plan, 0)
    if (plan?.tags === true) execution.drainUntaggable(slot, plan)
    execution.accept(slot, undefined)
    return slot
  }
  return {backend, slots, clock, execution, accept}
}

describe('the execution of requests', () => {
  it('puts a slot among the done ones with its status, its errno and the time of the clock', () => {
    const {backend, slots, clock, execution, accept} = executing()
    const slot = accept(0)
    const [step] = backend.outstanding
    if (step) backend.end(step)
    backend.clockNs = 70
    execution.collect()
    expect([execution.done.take(), slots.statuses[slot], slots.phases[slot]]).toEqual([slot, STATUS_OK, PHASE_DONE])
    expect([clock.nowNs, slots.completedNs[slot]]).toEqual([70, 70])
  })

  it('withdraws only what has not started', () => {
    const {execution, slots, accept} = executing()
    const [first, second] = [accept(FLAG_BARRIER), accept(FLAG_BARRIER)]
    expect([execution.withdraw(first), execution.withdraw(second)]).toEqual([false, true])
    expect([execution.done.take(), slots.statuses[second]]).toEqual([second, STATUS_CANCELED])
  })

  it('turns a tag that nothing would carry into a drain before anybody sees it', () => {
    const {slots, accept} = executing()
    const [carried, empty] = [accept(FLAG_BARRIER), accept(FLAG_BARRIER, 0, 0)]
    expect(slots.plans[carried]).toMatchObject({tags: true, drains: false})
    expect(slots.plans[empty]).toMatchObject({tags: false, drains: true})
  })
})
