import {describe, expect, it} from 'vitest'
import {FaultPlan, type SimFault} from '../../../src/aio/sim/fault.js'
import {Prng} from '../../../src/base/index.js'

const EIO = {kind: 'errno', errno: 5} as const
const NOWHERE = {offsetBytes: 0, lengthBytes: 0}

function plan(...faults: readonly SimFault[]): FaultPlan {
  return new FaultPlan(faults, new Prng(1))
}

describe('a plan of faults', () => {
  it('leaves steps alone that no fault is meant for', () => {
    const fate = plan({step: 'sync', effect: EIO}).next('write', NOWHERE)
    expect(fate).toEqual({errno: 0, shortBytes: undefined, delayNs: 0})
  })

  it('hits every step of its kind without nth and probability', () => {
    const faults = plan({step: 'write', effect: EIO})
    expect([1, 2, 3].map(() => faults.next('write', NOWHERE).errno)).toEqual([5, 5, 5])
  })

  it('counts the nth step of its kind from 1', () => {
    const faults = plan({step: 'write', nth: 2, effect: EIO})
    faults.next('read', NOWHERE)
    expect([1, 2, 3].map(() => faults.next('write', NOWHERE).errno)).toEqual([0, 5, 0])
  })

  it('counts only steps that touch its range, if it has one', () => {
    const faults = plan({step: 'read', nth: 1, range: {offsetBytes: 512, lengthBytes: 512}, effect: EIO})
    expect(faults.next('read', {offsetBytes: 0, lengthBytes: 512}).errno).toBe(0)
    expect(faults.next('read', {offsetBytes: 1024, lengthBytes: 512}).errno).toBe(0)
    expect(faults.next('read', {offsetBytes: 0, lengthBytes: 513}).errno).toBe(5)
    expect(faults.next('read', {offsetBytes: 512, lengthBytes: 512}).errno).toBe(0)
  })

  it('hits some steps and spares others at a probability of a half, never at 0, always at 1', () => {
    const errnos = (probability: number): Set<number> => {
      const faults = plan({step: 'sync', probability, effect: EIO})
      return new Set(Array.from({length: 100}, () => faults.next('sync', NOWHERE).errno))
    }
    expect([errnos(0), errnos(0.5), errnos(1)]).toEqual([new Set([0]), new Set([0, 5]), new Set([5])])
  })

  it('adds up delays, and takes the first of several ends', () => {
    const faults = plan(
      {step: 'write', effect: {kind: 'delay', ns: 3}},
      {step: 'write', effect: {kind: 'short', bytes: 512}},
      {step: 'write', effect: EIO},
      {step: 'write', effect: {kind: 'delay', ns: 4}},
    )
    expect(faults.next('write', NOWHERE)).toEqual({errno: 0, shortBytes: 512, delayNs: 7})
  })

  it('refuses a short transfer that is not of whole sectors', () => {
    expect(() => plan({step: 'write', effect: {kind: 'short', bytes: 100}})).toThrow(/100 bytes/)
  })
})
