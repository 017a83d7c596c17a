import {describe, expect, it} from 'vitest'

import {isLongRead, LongReads} from '../../../src/serve/nbd/long-reads.js'
import {READ, WRITE} from './client.js'

const MIB = 1 << 20

/** A client that takes pages and copies at so many MiB a second, and has `depth` reads on their way. */
class Taker {
  readonly reads: LongReads
  readonly #depth: number
  readonly #readBytes: number
  readonly #asked: ({readonly isFilled: boolean} | undefined)[] = []
  #nowMs = 0

  constructor(depth = 1, readBytes = 256 * 1024) {
    this.reads = new LongReads(() => this.#nowMs)
    this.#depth = depth
    this.#readBytes = readBytes
  }

  /** Takes so much, one reply after the other. @returns how much of it was passed on */
  take(bytes: number, passRate: number, copyRate: number, thinksMs = 0): number {
    let passed = 0
    for (let left = bytes; left > 0; left -= this.#readBytes) {
      while (this.#asked.length < this.#depth) {
        const pages = this.reads.passesPages ? {isFilled: true} : undefined
        if (pages) this.reads.began()
        this.#asked.push(pages)
      }
      const pages = this.#asked.shift()
      this.#nowMs += thinksMs + (this.#readBytes / MIB / (pages ? passRate : copyRate)) * 1000
      this.reads.ended(pages, this.#readBytes)
      if (pages) passed += this.#readBytes
    }
    return passed
  }
}

describe('long reads', () => {
  const header = {...{type: READ, flags: 0, cookieHigh: 0, cookieLow: 0}, ...{offset: 0, offsetHigh: 0, offsetLow: 0}}

  it('are reads of 64 KiB to 2 MiB', () => {
    const lengths = [0, 4096, 65_535, 65_536, 2 * MIB, 2 * MIB + 512, 32 * MIB]
    expect(lengths.filter((length) => isLongRead({...header, length}))).toEqual([65_536, 2 * MIB])
    expect(isLongRead({...header, type: WRITE, length: 65_536})).toBe(false)
  })

  it('are passed on 16 at a time', () => {
    const reads = new LongReads()
    for (let i = 0; i < 16; i++) {
      expect(reads.haveRoom).toBe(true)
      reads.began()
    }
    expect(reads.haveRoom).toBe(false)
    // Of one that is copied there may be any number.
    reads.ended(undefined, 65_536)
    expect(reads.haveRoom).toBe(false)
    reads.ended({isFilled: false}, 0)
    expect(reads.haveRoom).toBe(true)
    reads.began()
    expect(reads.haveRoom).toBe(false)
    reads.copied()
    expect(reads.haveRoom).toBe(true)
  })

  it('are passed on at first, and to a client that takes little', () => {
    const taker = new Taker()
    expect(taker.take(64 * MIB, 1000, 4000)).toBe(64 * MIB)
  })

  it('are passed on where that is faster, but for one copy every now and then', () => {
    const taker = new Taker()
    const total = 4096 * MIB
    const passed = taker.take(total, 4000, 2000)
    expect(passed).toBeGreaterThan(0.95 * total)
    expect(passed).toBeLessThan(total)
    // What changed since is noticed.
    expect(taker.take(total, 1000, 2000)).toBeLessThan(0.4 * total)
  })

  it('are copied where that is faster by more than a quarter, and passed on now and then', () => {
    const taker = new Taker()
    const total = 4096 * MIB
    const passed = taker.take(total, 1000, 2000)
    expect(passed).toBeLessThan(0.1 * total)
    expect(passed).toBeGreaterThan(0)
    expect(taker.take(total, 2000, 1000)).toBeGreaterThan(0.7 * total)
    expect(new Taker().take(total, 1000, 1200)).toBeGreaterThan(0.85 * total)
  })

  it.each([
    [16, 256 * 1024],
    [16, MIB],
    [8, 2 * MIB],
  ])('are told apart with %i of %i bytes on their way', (depth, readBytes) => {
    const total = 4096 * MIB
    expect(new Taker(depth, readBytes).take(total, 1000, 2000)).toBeLessThan(0.15 * total)
    expect(new Taker(depth, readBytes).take(total, 2000, 1000)).toBeGreaterThan(0.9 * total)
  })

  it('that could not be passed on tell nothing about passing on', () => {
    let nowMs = 0
    const reads = new LongReads(() => nowMs)
    for (let i = 0; i < 1000; i++) {
      reads.began()
      nowMs += 1
      reads.ended({isFilled: false}, MIB)
      expect(reads.passesPages).toBe(true)
    }
  })

  it('go on being passed on to a client that asks so seldom that its rate tells nothing', () => {
    const taker = new Taker()
    expect(taker.take(1024 * MIB, 1000, 4000, 10)).toBe(1024 * MIB)
  })
})
