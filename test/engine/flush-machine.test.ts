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

  it('forces nothing for a lazy wish, and answers it by the first sync that covers it', () => {
    const machine = new FlushMachine(false)
    machine.wrote()
    expect([machine.wishLazily(7, 1), machine.issue(), machine.lazyWishes]).toEqual(['pending', false, 1])
    machine.wish(0)
    machine.issue()
    machine.wrote()
    expect(machine.wishLazily(8, 2)).toBe('pending')
    expect(machine.ended(0)).toEqual([0, 7])
    expect([machine.wishLazily(9, 1), machine.lazyWishes]).toEqual(['clean', 1])
    machine.wakeLazyWishes()
    expect([machine.issue(), machine.ended(0), machine.lazyWishes]).toEqual([true, [8], 0])
  })

  it('has nothing to wait for where nothing was written, first sync or not', () => {
    expect(new FlushMachine(false).wishLazily(0, 0)).toBe('clean')
  })

  it('syncs although there is nothing to sync where that is wanted', () => {
    const machine = new FlushMachine(true)
    machine.wish(0)
    machine.issue()
    machine.ended(0)
    expect([machine.wish(1), machine.wish(2, true)]).toEqual(['clean', 'pending'])
  })

  it('lets all lazy wishes go when it is poisoned, and those that no sync that runs will answer', () => {
    const machine = new FlushMachine(false)
    machine.wrote()
    machine.wishLazily(7, 1)
    machine.wish(0)
    machine.issue()
    machine.wish(1)
    expect(machine.poisoned(5)).toEqual([7])
    expect(machine.ended(0)).toEqual([0, 1])
    expect([machine.wishLazily(8, 0), machine.wish(2, true), machine.issue()]).toEqual(['failed', 'failed', false])

    const idle = new FlushMachine(false)
    idle.wish(3)
    expect(idle.poisoned(5)).toEqual([3])
    expect(idle.issue()).toBe(false)
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
    const acts = fc.array(fc.constantFrom<ActName>('wish', 'wish', 'wrote', 'issue', 'end'), {maxLength: 60})
    fc.assert(
      fc.property(fc.boolean(), acts, (soleWriter, names) => {
        const model = new Model(soleWriter)
        expect([...names, 'end' as const, 'issue' as const, 'end' as const].flatMap((name) => model.act(name))).toEqual(
          [],
        )
        expect(model.waiting).toEqual([])
      }),
      {seed: 20260301, numRuns: 500},
    )
  })
})

type ActName = 'wish' | 'wrote' | 'issue' | 'end'

/** A flush machine beside what is known about it by the times of wishes, writes and syncs. Wishes are called by their time. */
class Model {
  readonly #machine: FlushMachine
  readonly #soleWriter: boolean
  #clock = 0
  #issuedAt: number | undefined
  #coveredUntil = 0
  #lastWrite = 0
  waiting: number[] = []

  constructor(soleWriter: boolean) {
    this.#soleWriter = soleWriter
    this.#machine = new FlushMachine(soleWriter)
  }

  /** Lets something happen. @returns what is wrong about it */
  act(name: ActName): string[] {
    this.#clock++
    switch (name) {
      case 'wrote':
        this.#machine.wrote()
        this.#lastWrite = this.#clock
        return []
      case 'wish': {
        const answer = this.#machine.wish(this.#clock)
        if (answer === 'pending') this.waiting.push(this.#clock)
        const clean = this.#soleWriter && this.#lastWrite < this.#coveredUntil
        return answer === 'pending' || (answer === 'clean' && clean) ? [] : [`a wish was answered ${answer}`]
      }
      case 'issue': {
        const due = this.#issuedAt === undefined && this.waiting.length > 0
        if (due) this.#issuedAt = this.#clock
        return this.#machine.issue() === due ? [] : [`a sync is ${due ? '' : 'not '}due`]
      }
      case 'end':
        return this.#end()
    }
  }

  #end(): string[] {
    const issuedAt = this.#issuedAt
    if (issuedAt === undefined) return []
    const covered = this.waiting.filter((wishedAt) => wishedAt < issuedAt)
    this.waiting = this.waiting.filter((wishedAt) => wishedAt > issuedAt)
    this.#coveredUntil = issuedAt
    this.#issuedAt = undefined
    const answered = this.#machine.ended(0)
    return answered.join() === covered.join() ? [] : [`${answered.join()} were answered instead of ${covered.join()}`]
  }
}
