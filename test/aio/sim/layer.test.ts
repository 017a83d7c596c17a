import {describe, expect, it} from 'vitest'
import {covering, isOwed, Layer, type SectorVersion, type Writer} from '../../../src/aio/sim/layer.js'
import {Prng} from '../../../src/base/index.js'

function version(writer: Writer, more: Partial<SectorVersion> = {}): SectorVersion {
  return {order: 1, writer, covers: [], poisoned: false, bytes: new Uint8Array(512), ...more}
}
const ended = {ended: true}
const open = {ended: false}

describe('what a sync owes', () => {
  it('is what a step that has ended wrote', () => {
    expect(isOwed(version(ended))).toBe(true)
    expect(isOwed(version(open))).toBe(false)
    expect(isOwed(undefined)).toBe(false)
  })

  it('is also what a step in flight put in the place of that', () => {
    expect(isOwed(version(open, {covers: covering(version(ended))}))).toBe(true)
  })

  it('is also what a step in flight put in the place of a step that ended later', () => {
    const writer = {ended: false}
    const above = version(open, {covers: covering(version(writer))})
    expect(isOwed(above)).toBe(false)
    writer.ended = true
    expect(isOwed(above)).toBe(true)
  })

  it('is not what a failed sync gave up, nor what was put in the place of only that', () => {
    const lost = version(ended, {poisoned: true})
    expect(isOwed(lost)).toBe(false)
    expect(isOwed(version(open, {covers: covering(lost)}))).toBe(false)
  })
})

describe('a layer', () => {
  it('holds the newest version of a sector', () => {
    const layer = new Layer()
    const newest = version(open)
    layer.put(3, version(ended))
    layer.put(3, newest)
    expect(layer.sectors.get(3)).toBe(newest)
    layer.drop(3)
    expect(layer.sectors.size).toBe(0)
  })

  it('offers each sector once to a draw, in an order of the seed, and none that has gone', () => {
    const layer = new Layer()
    for (let sector = 0; sector < 10; sector++) layer.put(sector, version(ended))
    layer.drop(4)
    const prng = new Prng(1)
    const drawn = Array.from({length: 9}, () => layer.draw(prng) ?? -1)
    const rising = [0, 1, 2, 3, 5, 6, 7, 8, 9]
    expect(drawn.toSorted((a, b) => a - b)).toEqual(rising)
    expect(drawn).not.toEqual(rising)
    expect(layer.draw(prng)).toBeUndefined()
  })

  it('takes over another as the work of one step, and keeps what was given up given up', () => {
    const [from, to] = [new Layer(), new Layer()]
    from.put(1, version(open))
    from.put(2, version(ended, {poisoned: true}))
    from.blocks.set(0, {order: 2, writer: open, covers: [], poisoned: false, mapped: true})
    to.adopt(from, ended)
    expect([...to.sectors.values(), ...to.blocks.values()].map(isOwed)).toEqual([true, false, true])
  })
})
