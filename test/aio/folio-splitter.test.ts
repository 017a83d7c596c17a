import {beforeEach, describe, expect, it} from 'vitest'

import {FolioSplitter} from '../../src/aio/folio-splitter.js'
import {ERRNO} from '../../src/base/index.js'

const KIB = 1024
const UNIT_BYTES = 256 * KIB
const GIB = 2 ** 30

describe('folios ahead of short writes', () => {
  let asked: number[]
  let answer: number
  let splitter: FolioSplitter
  beforeEach(() => {
    asked = []
    answer = 0
    const split = (_fd: number, offsetBytes: number): number => {
      asked.push(offsetBytes)
      return answer
    }
    splitter = new FolioSplitter({split}, 3)
  })

  it('are split before the first write to each 256 KiB, and not again', () => {
    for (const offset of [4096, 0, UNIT_BYTES - 4096, UNIT_BYTES, 3 * GIB + 512, 3 * GIB]) splitter.before(offset, 4096)
    expect(asked).toEqual([4096, UNIT_BYTES, 3 * GIB + 512])
  })

  it('are told to have taken time only when they were asked for', () => {
    expect(splitter.before(0, 4096)).toBe(true)
    expect(splitter.before(8192, 4096)).toBe(false)
  })

  it('stay as they are for writes of more than 16 KiB, and are split when a shorter one comes', () => {
    splitter.before(0, 16 * KIB + 512)
    expect(asked).toEqual([])
    splitter.before(0, 16 * KIB)
    expect(asked).toEqual([0])
  })

  it('that are slow are looked at again, five seconds after the first was', () => {
    splitter.before(0, 4096)
    splitter.after(0, 4096, 0.03, 1000)
    splitter.before(0, 4096)
    splitter.after(0, 4096, 0.03, 5999)
    splitter.before(0, 4096)
    expect(asked).toEqual([0])
    splitter.after(0, 4096, 0.03, 6000)
    splitter.before(512, 4096)
    expect(asked).toEqual([0, 512])
  })

  it('that are fast are left alone, though others are slow', () => {
    splitter.before(0, 4096)
    splitter.before(UNIT_BYTES, 4096)
    splitter.after(0, 4096, 0.005, 1000)
    splitter.after(UNIT_BYTES, 4096, 0.02, 1000)
    splitter.after(UNIT_BYTES, 4096, 0.02, 6000)
    splitter.before(0, 4096)
    splitter.before(UNIT_BYTES, 4096)
    expect(asked).toEqual([0, UNIT_BYTES, UNIT_BYTES])
  })

  it('are slow later the longer the write is', () => {
    for (const [lengthBytes, fastMs, slowMs] of [
      [4096, 0.009, 0.011],
      [16 * KIB, 0.015, 0.017],
    ] as const) {
      asked.length = 0
      for (const tookMs of [fastMs, slowMs]) {
        splitter = new FolioSplitter({split: (_fd, offsetBytes) => asked.push(offsetBytes) * 0}, 3)
        splitter.before(0, lengthBytes)
        splitter.after(0, lengthBytes, tookMs, 0)
        splitter.after(0, lengthBytes, tookMs, 5000)
        splitter.before(0, lengthBytes)
      }
      expect(asked).toHaveLength(3)
    }
  })

  it('are left alone for good where the kernel cannot split any', () => {
    answer = -ERRNO.EINVAL
    splitter.before(0, 4096)
    splitter.before(UNIT_BYTES, 4096)
    splitter.after(0, 4096, 1, 0)
    splitter.after(0, 4096, 1, 9000)
    splitter.before(0, 4096)
    expect(asked).toEqual([0])
  })

  it('are tried elsewhere where memory was short once', () => {
    answer = -ERRNO.ENOMEM
    splitter.before(0, 4096)
    splitter.before(UNIT_BYTES, 4096)
    expect(asked).toEqual([0, UNIT_BYTES])
  })
})
