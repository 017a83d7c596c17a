import {describe, expect, it} from 'vitest'

import {bytes, DISK, plan, READ_ONLY, reply, stepsOf, WRITETHROUGH} from './initiator.js'

const ONE = bytes('0016 0010 00000000  0000000000000010 00000004 00000000')
const CDB = '42 00 00000000 00 0018 00'

describe('UNMAP', () => {
  it('gives back the range of its list', () => {
    expect(plan(CDB, {out: ONE})).toEqual({
      kind: 'steps',
      steps: [{op: 'discard', offsetBytes: 0x10 * 512, lengthBytes: 4 * 512, fua: false}],
      transferredBytes: 0x18,
    })
  })

  it('of a list of two ranges is refused, and does nothing, even if both are good or one is empty', () => {
    const cdb = '42 00 00000000 00 0028 00'
    const first = '0026 0020 00000000 0000000000000010 00000004 00000000'
    expect(reply(cdb, DISK, bytes(`${first} 0000000000000020 00000004 00000000`))).toBe('5/26/00')
    expect(reply(cdb, DISK, bytes(`${first} 0000000000000020 00000000 00000000`))).toBe('5/26/00')
    expect(reply(cdb, DISK, bytes(`${first} 0000000000007fff 00000002 00000000`))).toBe('5/26/00')
  })

  it('is stable when it ends if the write cache is off', () => {
    expect(stepsOf(CDB, {out: ONE, device: WRITETHROUGH})).toMatchObject([{op: 'discard', fua: true}])
  })

  it('D19: with ANCHOR is refused', () => {
    expect(reply('42 01 00000000 00 0018 00', DISK, ONE)).toBe('5/24/00')
  })

  it('on a read-only disk is write protected', () => {
    expect(reply(CDB, READ_ONLY, ONE)).toBe('7/27/00')
  })

  it('of a range that leaves the disk gives nothing back', () => {
    expect(reply(CDB, DISK, bytes('0016 0010 00000000 0000000000007fff 00000002 00000000'))).toBe('5/21/00')
  })

  it('of an empty range is GOOD and does nothing', () => {
    const list = bytes('0016 0010 00000000 0000000000008000 00000000 00000000')
    expect(plan(CDB, {out: list})).toMatchObject({kind: 'reply', status: 0, transferredBytes: 0x18})
  })

  it('without a list, or with a list of no ranges, is GOOD and does nothing', () => {
    expect(plan('42 00*9')).toMatchObject({kind: 'reply', status: 0, transferredBytes: 0})
    expect(plan('42 00 00000000 00 0008 00', {out: bytes('0006 0000 00000000')})).toMatchObject({
      kind: 'reply',
      status: 0,
      transferredBytes: 8,
    })
  })

  it.each([
    ['shorter than its header', '42 00 00000000 00 0007 00', '0005 0000 000000'],
    ['longer than the data sent', '42 00 00000000 00 0019 00', '0016 0010 00000000 00*16'],
    ['that claims more bytes than it has', CDB, '0017 0010 00000000 00*16'],
    ['whose descriptors do not fit', CDB, '0016 0020 00000000 00*16'],
    ['whose last descriptor is not whole', CDB, '0016 000f 00000000 00*16'],
  ])('with a list %s is a parameter list length error', (_, cdb, list) => {
    expect(reply(cdb, DISK, bytes(list))).toBe('5/1A/00')
  })

  it('is unknown to a disk that cannot give blocks back', () => {
    expect(reply(CDB, {...DISK, unmapOffered: false}, ONE)).toBe('5/20/00')
  })
})
