import {describe, expect, it} from 'vitest'

import {DISK, EMPTY_DRIVE, reply} from './initiator.js'

describe('READ CAPACITY', () => {
  it('D1: (10) answers the last address and the block size', () => {
    expect(reply('25 00*9')).toBe('00007fff' + '00000200')
  })

  it('D2: (16) answers 32 bytes that begin with the last address and the block size', () => {
    const data = reply('9e10 00*8 00000020 0000')
    expect(data.slice(0, 24)).toBe('0000000000007fff' + '00000200')
    expect(data).toHaveLength(64)
  })

  it('D3: with an address but without PMI is refused', () => {
    expect(reply('25 00 00000001 0000 00 00')).toBe('5/24/00')
    expect(reply('9e10 0000000000000001 00000020 0000')).toBe('5/24/00')
  })

  it('with PMI takes any address', () => {
    expect(reply('25 00 00000001 0000 01 00')).toBe('00007fff00000200')
    expect(reply('9e10 0000000000000001 00000008 01 00')).toBe('0000000000007fff')
  })

  it('(10) answers FFFFFFFFh for a disk too large for it, where (16) has the number', () => {
    const large = {...DISK, sectors: 2 ** 32 + 1}
    expect(reply('25 00*9', large)).toBe('ffffffff00000200')
    expect(reply('9e10 00*8 0000000c 0000', large)).toBe('0000000100000000' + '00000200')
  })

  it('(16) tells physical blocks and provisioning', () => {
    expect(reply('9e10 00*8 00000020 0000', {...DISK, physicalBlockExponent: 3})).toBe(
      '0000000000007fff00000200' + '00' + '03' + '8000' + '00'.repeat(16),
    )
    expect(reply('9e10 00*8 00000010 0000', {...DISK, unmapOffered: false}).slice(24)).toBe('00000000')
  })

  it('counts in the logical blocks of the disk', () => {
    expect(reply('25 00*9', {...DISK, logicalBlockBytes: 4096})).toBe('00000fff00001000')
  })

  it('(16) is cut to its allocation length', () => {
    expect(reply('9e10 00*8 00000004 0000')).toBe('00000000')
  })

  it('of a disk without blocks is not ready, and of a drive without medium says so', () => {
    expect(reply('25 00*9', {...DISK, sectors: 0})).toBe('2/04/03')
    expect(reply('25 00*9', EMPTY_DRIVE)).toBe('2/3A/00')
  })
})
