import {describe, expect, it} from 'vitest'
import {DoneRing} from '../../src/engine/done-ring.js'

describe('the ring of what is done', () => {
  it('gives slots back in the order of their completion, and then none', () => {
    const ring = new DoneRing(3)
    for (const slot of [2, 0, 1]) ring.push(slot)
    expect([ring.size, ring.take(), ring.take(), ring.take(), ring.take(), ring.size]).toEqual([3, 2, 0, 1, -1, 0])
  })

  it('goes round: it may be filled again and again, from any place', () => {
    const ring = new DoneRing(2)
    const taken = [0, 1, 0, 1, 0].map((slot) => {
      ring.push(slot)
      ring.push(1 - slot)
      return [ring.take(), ring.take()]
    })
    expect(taken).toEqual([
      [0, 1],
      [1, 0],
      [0, 1],
      [1, 0],
      [0, 1],
    ])
    ring.push(1)
    ring.take()
    ring.push(0)
    ring.push(1)
    expect([ring.take(), ring.take()]).toEqual([0, 1])
  })
})
