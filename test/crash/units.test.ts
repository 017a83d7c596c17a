import {describe, expect, it} from 'vitest'
import {shareAtom, Units, type TracedWrite} from '../../src/crash/units.js'

const write = (id: number, from: number, to: number): TracedWrite => ({id, from, to, effect: 'data', data: undefined})

describe('units', () => {
  it('are sectors by default, numbered over what writes touch', () => {
    const units = new Units([write(1, 4, 6), write(2, 5, 8), write(3, 20, 21)], 512)
    expect(units.count).toBe(5)
    expect([3, 4, 5, 7, 8, 20, 21].map((sector) => units.unitOf(sector))).toEqual([-1, 0, 1, 3, -1, 4, -1])
    expect([0, 1, 2, 4].map((unit) => units.writersOf(unit))).toEqual([[1], [1, 2], [2], [3]])
    expect([0, 1, 4].map((unit) => units.sectorsOf(unit))).toEqual([[4], [5], [20]])
  })

  it('are the parts of pages that have the same writers', () => {
    const units = new Units([write(1, 6, 24), write(2, 16, 20)], 4096)
    // Sectors 6-7, 8-15, 16-19 with both writers, 20-23.
    expect(units.count).toBe(4)
    expect([6, 7, 8, 15, 16, 19, 20, 23].map((sector) => units.unitOf(sector))).toEqual([0, 0, 1, 1, 2, 2, 3, 3])
    expect(units.sectorsOf(0)).toEqual([6, 7])
    expect(units.sectorsOf(3)).toEqual([20, 21, 22, 23])
    expect(units.writersOf(2)).toEqual([1, 2])
  })

  it('are all sectors with the same writers, wherever they are, where requests are whole', () => {
    const units = new Units([write(1, 0, 10), write(2, 4, 6)], 'request')
    expect(units.count).toBe(2)
    expect(units.sectorsOf(0)).toEqual([0, 1, 2, 3, 6, 7, 8, 9])
    expect(units.unitOf(9)).toBe(0)
    expect(units.unitOf(5)).toBe(1)
  })

  it('are none where nothing is written, or nothing with a length', () => {
    expect(new Units([], 512).count).toBe(0)
    const units = new Units([write(1, 4, 4), write(2, 0, 8)], 512)
    expect(units.count).toBe(8)
    expect(units.writersOf(4)).toEqual([2])
  })

  it('belong to one atom when a crash takes or leaves them together', () => {
    expect([shareAtom(512, 1, 1), shareAtom(512, 1, 2), shareAtom('torn', 1, 2)]).toEqual([true, false, false])
    expect([shareAtom(4096, 8, 15), shareAtom(4096, 7, 8), shareAtom('request', 7, 800)]).toEqual([true, false, true])
  })
})
