import {describe, expect, it} from 'vitest'
import {Turnstile} from '../../../src/aio/sim/turnstile.js'

/** Queues whose steps end in the order given, one with each advance. */
class Hall {
  readonly log: string[] = []
  readonly turnstile: Turnstile
  readonly #ends: string[]
  readonly #outstanding = new Map<string, number>()
  readonly #done = new Map<string, number>()
  readonly #visitors = new Map<string, {outstanding(): number; ready(): boolean}>()

  constructor(names: readonly string[], ends: readonly string[]) {
    this.#ends = [...ends]
    this.turnstile = new Turnstile(() => {
      const name = this.#ends.shift()
      if (name === undefined) return false
      this.log.push(`${name} ends`)
      this.#done.set(name, (this.#done.get(name) ?? 0) + 1)
      return true
    })
    for (const name of names) {
      const outstanding = (): number => this.#outstanding.get(name) ?? 0
      const visitor = {outstanding, ready: () => (this.#done.get(name) ?? 0) > 0}
      this.#visitors.set(name, visitor)
      this.turnstile.enter(visitor)
    }
  }

  queue(name: string): void {
    this.#outstanding.set(name, (this.#outstanding.get(name) ?? 0) + 1)
  }

  reap(name: string): void {
    this.log.push(`${name} reaps`)
    this.#outstanding.set(name, (this.#outstanding.get(name) ?? 0) - (this.#done.get(name) ?? 0))
    this.#done.set(name, 0)
    this.turnstile.turn()
  }

  wait(name: string): Promise<void> | undefined {
    return this.turnstile.wait(this.#visitor(name))
  }

  leave(name: string): void {
    this.turnstile.leave(this.#visitor(name))
  }

  #visitor(name: string): {outstanding(): number; ready(): boolean} {
    const visitor = this.#visitors.get(name)
    if (!visitor) throw new Error(`no ${name}`)
    return visitor
  }

  async drive(name: string, steps: number): Promise<void> {
    for (let i = 0; i < steps; i++) {
      this.queue(name)
      await this.wait(name)
      this.reap(name)
    }
  }
}

/** Long enough for a queue with nothing outstanding to be taken for done, many times over. */
async function turnsOfTheEventLoop(count = 100): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

describe('a turnstile', () => {
  it('lets time pass at once when the only queue waits', () => {
    const hall = new Hall(['a'], ['a'])
    hall.queue('a')
    expect(hall.wait('a')).toBeUndefined()
    expect(hall.log).toEqual(['a ends'])
  })

  it('does not let a queue wait that has something to reap', () => {
    const hall = new Hall(['a'], ['a', 'a'])
    hall.queue('a')
    hall.queue('a')
    expect([hall.wait('a'), hall.wait('a')]).toEqual([undefined, undefined])
    expect(hall.log).toEqual(['a ends'])
  })

  it('holds time for a queue with a step outstanding that does not wait, however long', async () => {
    const hall = new Hall(['a', 'b'], ['a', 'b'])
    hall.queue('b')
    const driven = hall.drive('a', 1)
    await turnsOfTheEventLoop()
    expect(hall.log).toEqual([])
    void hall.wait('b')
    await driven
    expect(hall.log).toEqual(['a ends', 'a reaps'])
  })

  it('does not let one queue run ahead of another that has just reaped, or has not begun', async () => {
    const hall = new Hall(['a', 'b'], ['a', 'b', 'a', 'b'])
    const a = hall.drive('a', 2)
    await turnsOfTheEventLoop(3)
    await Promise.all([a, hall.drive('b', 2)])
    expect(hall.log).toEqual(['a ends', 'a reaps', 'b ends', 'b reaps', 'a ends', 'a reaps', 'b ends', 'b reaps'])
  })

  it('goes on without a queue that has nothing outstanding for good', async () => {
    const hall = new Hall(['a', 'done'], ['a', 'a', 'a'])
    await hall.drive('a', 3)
    expect(hall.log.filter((line) => line === 'a ends')).toHaveLength(3)
  })

  it('waits again for a queue that was taken to be done and queues once more', async () => {
    const hall = new Hall(['a', 'late'], ['a', 'late', 'a'])
    await hall.drive('a', 1)
    hall.queue('late')
    const a = hall.drive('a', 1)
    await turnsOfTheEventLoop()
    expect(hall.log).toEqual(['a ends', 'a reaps'])
    await hall.wait('late')
    hall.reap('late')
    await a
    expect(hall.log).toEqual(['a ends', 'a reaps', 'late ends', 'late reaps', 'a ends', 'a reaps'])
  })

  it('goes on at once when a queue leaves, with steps outstanding too', async () => {
    const hall = new Hall(['a', 'b'], ['a'])
    hall.queue('b')
    const driven = hall.drive('a', 1)
    hall.leave('b')
    expect(hall.log).toEqual(['a ends'])
    await driven
    expect(() => hall.wait('b')).toThrow(/has left/)
  })

  it('is told of a wait for nothing by an internal error', () => {
    expect(() => new Hall(['a'], []).wait('a')).toThrow(/nothing can happen/)
  })
})
