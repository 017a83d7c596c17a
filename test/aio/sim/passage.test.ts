import {describe, expect, it} from 'vitest'
import {Passage} from '../../../src/aio/sim/passage.js'
import type {Phase} from '../../../src/aio/sim/phase.js'

function passageOf(phases: readonly Phase[]): Passage {
  return new Passage(false, {freeNs: 0}, {start: () => phases, end: () => {}, report: () => {}})
}

const WORK: Phase = {kind: 'work', ns: 5}
const FLUSH: Phase = {kind: 'flush'}

describe('a step on its way through the device', () => {
  it('goes from part to part, and knows its last', () => {
    const passage = passageOf([WORK, FLUSH])
    passage.start()
    expect([passage.phase, passage.isLastPhase]).toEqual([WORK, false])
    passage.nextPhase()
    expect([passage.phase, passage.isLastPhase]).toEqual([FLUSH, true])
  })

  it('has no part to do before it starts, and none behind its last: both are internal errors', () => {
    const passage = passageOf([WORK])
    expect(() => passage.phase).toThrow(/no part left/)
    passage.start()
    passage.nextPhase()
    expect(() => passage.phase).toThrow(/no part left/)
  })

  it('has none of its data in place while it waits for a channel, and some while it works', () => {
    const passage = passageOf([FLUSH, FLUSH])
    passage.start()
    passage.stage = 'waiting'
    expect(passage.share(0, 100)).toBe(0)
    passage.stage = 'working'
    passage.untilNs = 400
    expect(passage.share(0, 100)).toBe(0.25)
    expect(passage.share(100, 400)).toBe(1)
  })

  it('has all of its data in place behind its first part', () => {
    const passage = passageOf([FLUSH, FLUSH])
    passage.start()
    passage.nextPhase()
    passage.stage = 'waiting'
    expect(passage.share(0, 1)).toBe(1)
  })
})
