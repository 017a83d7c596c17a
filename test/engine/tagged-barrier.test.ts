import {describe, expect, it} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {Slots} from '../../src/engine/slots.js'
import {ORDERED_BEFORE, ORDERED_BEHIND, SYNC_TOKENS, Syncs} from '../../src/engine/syncs.js'
import {TaggedBarrier} from '../../src/engine/tagged-barrier.js'
import {Transfers} from '../../src/engine/transfers.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {FLAG_BARRIER, lower, OUT} from '../../src/request/index.js'
import {ManualBackend} from './manual-backend.js'
import {engineOptions, memoryOf} from './rig.js'

const PLAN = lower(OUT, FLAG_BARRIER, cacheModeOf('none'), orderingModeOf('tag-flush'))
const ALL = [ORDERED_BEFORE, 'data', ORDERED_BEHIND] as const

function barrierWith(lengthBytes = 512, capacity = 8) {
  const backend = new ManualBackend({tokens: 1 + SYNC_TOKENS, capacity, ordersTags: true})
  const slots = new Slots(1)
  slots.put(slots.take(), 1, OUT.type, FLAG_BARRIER, 0, lengthBytes, memoryOf(512), 0, PLAN, 0)
  const syncs = new Syncs({nowNs: 0}, engineOptions(backend, {depth: 1}))
  const barrier = new TaggedBarrier(syncs, new Transfers(slots, backend, 512, false))
  return {backend, syncs, barrier, given: () => backend.steps.map(({token, ordered}) => [token, ordered])}
}

describe('the tagged barrier in progress', () => {
  it('gives all its steps to the device as tags, in order, and ends with the last of them', () => {
    const {barrier, given} = barrierWith()
    barrier.start(0, PLAN, ALL)
    barrier.give()
    expect([barrier.isBlocked, given()]).toEqual([
      false,
      [
        [1 + ORDERED_BEFORE, true],
        [0, true],
        [1 + ORDERED_BEHIND, true],
      ],
    ])
    const over = [0, 0, 0].map((errno) => {
      barrier.stepEnded(errno)
      return barrier.isOver
    })
    expect([over, barrier.slot, barrier.errno]).toEqual([[false, false, true], 0, 0])
  })

  it('goes on where the device had no room', () => {
    const {barrier, backend, given} = barrierWith(512, 1)
    barrier.start(0, PLAN, ALL)
    barrier.give()
    expect([barrier.isBlocked, given().length]).toEqual([true, 1])
    backend.capacity = 2
    barrier.give()
    expect([barrier.isBlocked, given().length]).toEqual([true, 2])
    backend.capacity = 3
    barrier.give()
    expect([barrier.isBlocked, given().length]).toEqual([false, 3])
  })

  it('keeps its first errno, and leaves out what the device does not have yet', () => {
    const {barrier, backend, given} = barrierWith(512, 1)
    barrier.start(0, PLAN, ALL)
    barrier.give()
    barrier.stepEnded(28)
    backend.capacity = 8
    barrier.give()
    expect([barrier.isOver, barrier.errno, given().length]).toEqual([true, 28, 1])
  })

  it('asks for no sync of a poisoned image, and writes nothing behind one', () => {
    const {barrier, syncs, given} = barrierWith()
    syncs.poisoned(5)
    barrier.start(0, PLAN, ALL)
    barrier.give()
    expect([barrier.isOver, barrier.errno, given()]).toEqual([true, 5, []])
  })

  it('counts data of no length as ended', () => {
    const {barrier, given} = barrierWith(0)
    barrier.start(0, PLAN, ALL)
    barrier.give()
    barrier.stepEnded(0)
    barrier.stepEnded(0)
    expect([barrier.isOver, given().length]).toEqual([true, 2])
  })

  it('forgets the one before it', () => {
    const {barrier} = barrierWith()
    barrier.start(0, PLAN, [ORDERED_BEFORE])
    barrier.stepEnded(5)
    barrier.start(0, PLAN, [ORDERED_BEHIND])
    expect([barrier.isOver, barrier.errno]).toEqual([false, 0])
  })
})
