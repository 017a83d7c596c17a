import {describe, expect, it} from 'vitest'
import {bounded, budgeted, headKeeping, partReader, READ_BYTES_MAX} from '../../src/disk-layout/byte-reader.js'
import {counted} from './counted-reader.js'

const BYTES = Uint8Array.from({length: 200_000}, (_, i) => i % 251)

describe('reading in bounds', () => {
  it('gives what is there, and nothing from outside, whatever is asked for', () => {
    const reader = bounded(counted(BYTES))
    const got = (offsetBytes: number, lengthBytes: number): number => reader.read(offsetBytes, lengthBytes).length
    expect([
      got(0, 10),
      got(199_990, 100),
      got(200_000, 1),
      got(2 ** 53 - 1, 5),
      got(-1, 5),
      got(5, 0),
      got(5, -3),
    ]).toEqual([10, 10, 0, 0, 0, 0, 0])
    expect([got(Number.NaN, 5), got(0, Number.NaN)]).toEqual([0, 0])
  })

  it('gives no more at once than the most', () => {
    expect(bounded(counted(new Uint8Array(0), 2 ** 40)).read(0, 2 ** 39)).toHaveLength(READ_BYTES_MAX)
  })

  it('keeps the start, and reads it once', () => {
    const source = counted(BYTES)
    const reader = headKeeping(source)
    for (let at = 0; at < 72 << 10; at += 1000) expect(reader.read(at, 4)[0]).toBe(at % 251)
    expect(source.reads).toBe(1)
    expect(reader.read(100_000, 4)[0]).toBe(100_000 % 251)
    expect(source.reads).toBe(2)
  })

  it('gives pieces that do not change one another', () => {
    const reader = headKeeping(counted(BYTES))
    reader.read(0, 10).fill(0xff)
    expect(reader.read(5, 1)[0]).toBe(5)
  })
})

describe('a part', () => {
  it('has offsets of its own and is cut where the whole ends', () => {
    const part = partReader(counted(BYTES), {offsetBytes: 199_000, lengthBytes: 5000})
    expect([part.sizeBytes, part.read(0, 1)[0], part.read(999, 10).length]).toEqual([1000, 199_000 % 251, 1])
  })

  it('that begins behind the end is empty', () => {
    expect(partReader(counted(BYTES), {offsetBytes: 2 ** 50, lengthBytes: 5}).sizeBytes).toBe(0)
  })
})

describe('a budget', () => {
  it('of pieces is used up once, and whoever asks for more learns it', () => {
    const source = counted(BYTES)
    const reader = budgeted(source)
    for (let i = 0; i < 20_000; i++) reader.read(i, 1)
    expect(reader.exhausted).toBe(false)
    expect(reader.read(0, 1)).toHaveLength(0)
    expect([reader.exhausted, source.reads]).toEqual([true, 20_000])
  })

  it('of bytes likewise', () => {
    const source = counted(new Uint8Array(0), 2 ** 40)
    const reader = budgeted(source)
    while (!reader.exhausted) reader.read(0, READ_BYTES_MAX)
    expect(source.bytesRead).toBe(64 << 20)
  })
})
