import {describe, expect, it} from 'vitest'

import {isLongRead, LongReads} from '../../../src/serve/nbd/long-reads.js'
import {READ, WRITE} from './client.js'

const READ_BYTES = 256 * 1024
const MIB = 1 << 20

/** A client that takes pages and copies at so many MiB a second. */
class Taker {
  readonly reads: LongReads
  /** The way of every read, in order. */
  readonly ways: boolean[] = []
  #nowMs = 0

  constructor() {
    this.reads = new LongReads(() => this.#nowMs)
  }

  /** Takes so much, one read after the other. @returns how much of it was passed on */
  take(bytes: number, passRate: number, copyRate: number, thinksMs = 0): number {
    let passed = 0
    for (let left = bytes; left > 0; left -= READ_BYTES) {
      const passes = this.reads.passesPages
      this.ways.push(passes)
      this.reads.began()
      this.#nowMs += thinksMs + (READ_BYTES / MIB / (passes ? passRate : copyRate)) * 1000
      this.reads.ended(READ_BYTES)
      if (passes) passed += READ_BYTES
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

  it('are taken 16 at a time', () => {
    const reads = new LongReads()
    for (let i = 0; i < 16; i++) {
      expect(reads.haveRoom).toBe(true)
      reads.began()
    }
    expect(reads.haveRoom).toBe(false)
    reads.ended(0)
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

  it('go on being passed on to a client that asks so seldom that its rate tells nothing', () => {
    const taker = new Taker()
    expect(taker.take(1024 * MIB, 1000, 4000, 10)).toBe(1024 * MIB)
  })
})
