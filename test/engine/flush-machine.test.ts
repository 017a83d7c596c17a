import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {FlushMachine} from '../../src/engine/flush-machine.js'

describe('the flush machine', () => {
  it('asks for a sync when something is wished for, one at a time', () => {
    const machine = new FlushMachine(false)
    expect(machine.issue()).toBe(false)
    expect(machine.wish(0)).toBe('pending')
    expect([machine.issue(), machine.issue()]).toEqual([true, false])
    expect(machine.ended(0)).toEqual([0])
    expect(machine.issue()).toBe(false)
  })

  it('answers all wishes that were pending by one sync', () => {
    const machine = new FlushMachine(false)
    for (const slot of [3, 1, 2]) machine.wish(slot)
    machine.issue()
    expect(machine.ended(0)).toEqual([3, 1, 2])
  })

  it('never lets a wish join a sync that runs already', () => {
    const machine = new FlushMachine(false)
    machine.wish(0)
    machine.issue()
    machine.wish(1)
    machine.wish(2)
    expect(machine.issue()).toBe(false)
    expect(machine.ended(0)).toEqual([0])
    expect(machine.issue()).toBe(true)
    expect(machine.ended(0)).toEqual([1, 2])
  })

  it('needs no sync when nothing was written since the last one was issued, and only for a sole writer', () => {
    for (const soleWriter of [true, false]) {
      const machine = new FlushMachine(soleWriter)
      machine.wrote()
      machine.wish(0)
      machine.issue()
      machine.ended(0)
      expect(machine.wish(1)).toBe(soleWriter ? 'clean' : 'pending')
    }
  })

  it('never skips the first sync: what an earlier process left must be covered too', () => {
    expect(new FlushMachine(true).wish(0)).toBe('pending')
  })

  it('does not take a write that ended while the sync ran for covered', () => {
    const machine = new FlushMachine(true)
    machine.wish(0)
    machine.issue()
    machine.wrote()
    machine.ended(0)
    expect(machine.wish(1)).toBe('pending')
    machine.issue()
    machine.ended(0)
    expect(machine.wish(2)).toBe('clean')
  })

  it('does not call anything clean while a sync runs whose end nobody knows', () => {
    const machine = new FlushMachine(true)
    machine.wish(0)
    machine.issue()
    machine.ended(0)
    machine.wrote()
    machine.wish(1)
    machine.issue()
    expect(machine.wish(2)).toBe('pending')
  })

  it('is poisoned by a failed sync: what runs, what is pending and what comes later fails', () => {
    const machine = new FlushMachine(true)
    machine.wish(0)
    machine.issue()
    machine.wish(1)
    expect(machine.poison).toBe(0)
    expect(machine.ended(5)).toEqual([0, 1])
    expect(machine.poison).toBe(5)
    expect(machine.issue()).toBe(false)
    expect(machine.wish(2)).toBe('failed')
    expect(machine.issue()).toBe(false)
  })

  it('is poisoned by a failed stable write, whatever the sync that runs then says', () => {
    const machine = new FlushMachine(true)
    machine.wish(0)
    machine.issue()
    machine.poisoned(28)
    expect(machine.ended(0)).toEqual([0])
    expect([machine.poison, machine.wish(1)]).toEqual([28, 'failed'])
  })

  it('keeps the errno that poisoned it first', () => {
    const machine = new FlushMachine(true)
    machine.poisoned(28)
    machine.poisoned(5)
    expect(machine.poison).toBe(28)
  })

  it('takes the end of a sync that never ran for a bug', () => {
    expect(() => new FlushMachine(true).ended(0)).toThrow(/never issued/)
  })

  it('answers each wish once, by a sync issued after it, and skips only syncs that would sync nothing', () => {
    const act = fc.constantFrom('wish', 'wish', 'wrote', 'issue', 'end')
    fc.assert(
      fc.property(fc.boolean(), fc.array(act, {maxLength: 60}), (soleWriter, acts) => {
        const machine = new FlushMachine(soleWriter)
        const waiting = new Map<number, number>()
        let clock = 0
        let issuedAt = -1
        let coveredUntil = -1
        let lastWrite = 0
        for (const name of [...acts, 'end', 'issue', 'end'] as const) {
          clock++
          if (name === 'wrote') {
            machine.wrote()
            lastWrite = clock
          } else if (name === 'wish') {
            const answer = machine.wish(clock)
            if (answer === 'pending') waiting.set(clock, clock)
            else expect([answer, soleWriter, lastWrite < coveredUntil]).toEqual(['clean', true, true])
          } else if (name === 'issue') {
            const expected = issuedAt < 0 && waiting.size > 0
            expect(machine.issue()).toBe(expected)
            if (expected) issuedAt = clock
          } else if (issuedAt >= 0) {
            const covered = [...waiting.keys()].filter((wishedAt) => wishedAt < issuedAt)
            expect(machine.ended(0)).toEqual(covered)
            covered.forEach((wishedAt) => waiting.delete(wishedAt))
            coveredUntil = issuedAt
            issuedAt = -1
          }
        }
        expect(waiting.size).toBe(0)
      }),
      {seed: 20260301, numRuns: 500},
    )
  })
})
