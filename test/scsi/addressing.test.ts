import {describe, expect, it} from 'vitest'

import {blocksIn, cdbBytes, rangeOf} from '../../src/scsi/addressing.js'
import {bytes, DISK} from './initiator.js'

describe('the length of a CDB', () => {
  it.each([
    [0x00, 6],
    [0x1f, 6],
    [0x20, 10],
    [0x5f, 10],
    [0x60, undefined],
    [0x80, 16],
    [0x9f, 16],
    [0xa0, 12],
    [0xbf, 12],
    [0xc0, undefined],
    [0xff, undefined],
  ])('of opcode %d is %s', (opcode, length) => expect(cdbBytes(opcode)).toBe(length))
})

describe('address and count', () => {
  it.each([
    ['08 010203 04 00', {lba: 0x010203, count: 4}],
    ['28 00 01020304 ff 0506 00', {lba: 0x01020304, count: 0x0506}],
    ['a8 00 01020304 05060708 ff 00', {lba: 0x01020304, count: 0x05060708}],
    ['88 00 0000010203040506 0708090a ff 00', {lba: 0x010203040506, count: 0x0708090a}],
  ])('of %s are %j', (cdb, blocks) => expect(blocksIn(bytes(cdb))).toEqual(blocks))

  it('of 0 blocks mean 256 in the 6-byte form only', () => {
    expect(blocksIn(bytes('08 000000 00 00')).count).toBe(256)
    expect(blocksIn(bytes('28 00 00000000 00 0000 00')).count).toBe(0)
  })
})

describe('a range of blocks', () => {
  it('may end with the disk, and be empty at its end', () => {
    expect(rangeOf(DISK, {lba: 0x7fff, count: 1})).toEqual({offsetBytes: 0x7fff * 512, lengthBytes: 512})
    expect(rangeOf(DISK, {lba: 0x8000, count: 0})).toEqual({offsetBytes: 0x8000 * 512, lengthBytes: 0})
  })

  it('is none when it begins or ends past the disk, however large its numbers', () => {
    expect(rangeOf(DISK, {lba: 0x7fff, count: 2})).toBeUndefined()
    expect(rangeOf(DISK, {lba: 0x8001, count: 0})).toBeUndefined()
    expect(rangeOf(DISK, {lba: 2 ** 64, count: 2 ** 32 - 1})).toBeUndefined()
  })
})
