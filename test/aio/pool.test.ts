import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import type {Memory} from '../../src/aio/backend.js'
import {MemoryPool} from '../../src/aio/pool.js'

const MIB = 1 << 20

/** Counts what is made and freed; nothing real is behind the bytes, so that sizes cost nothing. */
class Source {
  readonly made: number[] = []
  readonly live = new Set<Memory>()
  readonly create = (bytes: number): Memory => {
    this.made.push(bytes)
    const memory: Memory = {
      bytes: {length: bytes} as Uint8Array,
      free: () => {
        if (!this.live.delete(memory)) throw new Error('freed twice')
      },
    }
    this.live.add(memory)
    return memory
  }

  get liveBytes(): number {
    return [...this.live].reduce((sum, memory) => sum + memory.bytes.length, 0)
  }
}

describe('a pool of memory', () => {
  it('gives at least what is asked for, in powers of two from a page up', () => {
    const source = new Source()
    const pool = new MemoryPool(source.create)
    for (const bytes of [0, 1, 512, 4096, 4097, 8192, MIB - 1, MIB + 512]) pool.acquire(bytes)
    expect(source.made).toEqual([4096, 4096, 4096, 4096, 8192, 8192, MIB, 2 * MIB])
  })

  it('uses memory again for any request of its size class, and never twice at a time', () => {
    const source = new Source()
    const pool = new MemoryPool(source.create)
    const first = pool.acquire(5000)
    const second = pool.acquire(5000)
    expect(second).not.toBe(first)
    pool.release(first)
    expect(pool.acquire(8000)).toBe(first)
    expect(pool.acquire(8000)).not.toBe(first)
    expect(source.made).toHaveLength(3)
  })

  it('keeps at most 64 MiB idle', () => {
    const source = new Source()
    const pool = new MemoryPool(source.create)
    const memories = Array.from({length: 20}, () => pool.acquire(8 * MIB))
    for (const memory of memories) pool.release(memory)
    expect(source.liveBytes).toBe(64 * MIB)
    pool.close()
    expect(source.liveBytes).toBe(0)
  })

  it('makes what is too large to be kept no larger than whole pages, and frees it at once', () => {
    const source = new Source()
    const pool = new MemoryPool(source.create)
    const large = pool.acquire(3 * 1024 * MIB + 512)
    expect(large.bytes.length).toBe(3 * 1024 * MIB + 4096)
    pool.release(large)
    expect(source.live.size).toBe(0)
  })

  it('holds at most 64 MiB more than is in use, and nothing after it was closed', () => {
    const act = fc.record({take: fc.boolean(), bytes: fc.integer({min: 0, max: 48 * MIB}), pick: fc.nat(50)})
    fc.assert(
      fc.property(fc.array(act, {maxLength: 80}), (acts) => {
        const source = new Source()
        const pool = new MemoryPool(source.create)
        const taken: Memory[] = []
        const spareBytes = acts.map(({take, bytes, pick}) => {
          if (take) taken.push(pool.acquire(bytes))
          else if (taken.length > 0) taken.splice(pick % taken.length, 1).forEach((memory) => pool.release(memory))
          return source.liveBytes - taken.reduce((sum, memory) => sum + memory.bytes.length, 0)
        })
        expect(Math.max(0, ...spareBytes)).toBeLessThanOrEqual(64 * MIB)
        expect(Math.min(0, ...spareBytes)).toBe(0)
        expect(new Set(taken).size).toBe(taken.length)
        for (const memory of taken) pool.release(memory)
        pool.close()
        expect(source.live.size).toBe(0)
      }),
      {seed: 20260330, numRuns: 200},
    )
  })
})
