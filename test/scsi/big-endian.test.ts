import fc from 'fast-check'
import {describe, expect, it} from 'vitest'

import {readBe, writeBe} from '../../src/scsi/big-endian.js'

const SEED = 20260207

describe('numbers of a CDB', () => {
  it('stand with their most significant byte first', () => {
    const data = new Uint8Array(6)
    writeBe(data, 1, 4, 0x01020304)
    expect([...data]).toEqual([0, 1, 2, 3, 4, 0])
    expect(readBe(data, 1, 4)).toBe(0x01020304)
    expect(readBe(data, 0, 2)).toBe(1)
  })

  it('take bytes past the end as zero', () => {
    expect(readBe(Uint8Array.of(1), 0, 2)).toBe(0x100)
    expect(readBe(new Uint8Array(), 7, 8)).toBe(0)
  })

  it('never fall below 2^53 when they are too large to be exact', () => {
    fc.assert(
      fc.property(fc.bigInt({min: 2n ** 53n, max: 2n ** 64n - 1n}), (value) => {
        const data = Buffer.alloc(8)
        data.writeBigUInt64BE(value)
        expect(readBe(data, 0, 8)).toBeGreaterThanOrEqual(2 ** 53)
      }),
      {seed: SEED, numRuns: 1000},
    )
  })

  it('come back as they were written, as long as they are exact', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const data = new Uint8Array(8)
        writeBe(data, 0, 8, value)
        expect(Buffer.from(data).readBigUInt64BE()).toBe(BigInt(value))
        expect(readBe(data, 0, 8)).toBe(value)
      }),
      {seed: SEED, numRuns: 1000},
    )
  })
})
