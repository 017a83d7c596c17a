import {describe, expect, it} from 'vitest'

import {DISK, EMPTY_DRIVE, MemoryDisk, plan, READ_ONLY, reply, stepsOf, WRITETHROUGH} from './initiator.js'

const BLOCK = new Uint8Array(512).fill(0xaa)

describe('READ', () => {
  it('D8: READ(6) of length 0 transfers 256 blocks', () => {
    expect(plan('08 000000 00 00', {room: 131072})).toMatchObject({
      steps: [{op: 'read', offsetBytes: 0, lengthBytes: 131072}],
      transferredBytes: 131072,
    })
  })

  it('D9: READ(10) of length 0 is GOOD without data at the end of the disk, and out of range one block further', () => {
    expect(plan('28 00 00008000 00 0000 00')).toMatchObject({kind: 'reply', status: 0, transferredBytes: 0})
    expect(reply('28 00 00008001 00 0000 00')).toBe('5/21/00')
  })

  it.each([
    ['READ(6)', '08 001234 02 00'],
    ['READ(10)', '28 00 00001234 00 0002 00'],
    ['READ(12)', 'a8 00 00001234 00000002 00 00'],
    ['READ(16)', '88 00 0000000000001234 00000002 00 00'],
  ])('%s reads its blocks', (_, cdb) => {
    expect(stepsOf(cdb, {room: 1024})).toEqual([{op: 'read', offsetBytes: 0x1234 * 512, lengthBytes: 1024}])
  })

  it('READ(6) has 21 bits of address; the three above them are ignored', () => {
    const large = {...DISK, sectors: 2 ** 22}
    expect(stepsOf('08 ffffff 01 00', {room: 512, device: large})).toEqual([
      {op: 'read', offsetBytes: 0x1fffff * 512, lengthBytes: 512},
    ])
  })

  it.each(['28 00 00007fff 00 0002 00', 'a8 00 ffffffff ffffffff 00 00', '88 00 ffffffffffffffff 00000001 00 00'])(
    '%s past the end of the disk is out of range, and does not wrap',
    (cdb) => expect(reply(cdb)).toBe('5/21/00'),
  )

  it('with FUA flushes first, so that what it reads is on the medium', () => {
    expect(reply('28 08 00000000 00 0001 00')).toBe('flush, read')
    expect(reply('88 08 0000000000000000 00000001 00 00')).toBe('flush, read')
  })

  it('with DPO reads as without', () => {
    expect(reply('28 10 00000000 00 0001 00')).toBe('read')
  })

  it('with RDPROTECT is refused: there is no protection information', () => {
    expect(reply('28 20 00000000 00 0001 00')).toBe('5/24/00')
  })

  it('into less room than the blocks need is refused rather than cut short', () => {
    expect(reply('28 00 00000000 00 0002 00', DISK, new Uint8Array(), 1023)).toBe('5/24/00')
  })

  it('works on a read-only disk', () => {
    expect(reply('28 00 00000000 00 0001 00', READ_ONLY)).toBe('read')
  })

  it('of a drive without a medium is not ready', () => {
    expect(reply('28 00 00000000 00 0001 00', EMPTY_DRIVE)).toBe('2/3A/00')
  })

  it('of a disk of 4 KiB blocks counts in those, and leaves out an incomplete last one', () => {
    const device = {...DISK, sectors: 17, logicalBlockBytes: 4096}
    expect(stepsOf('28 00 00000001 00 0001 00', {device, room: 4096})).toEqual([
      {op: 'read', offsetBytes: 4096, lengthBytes: 4096},
    ])
    expect(reply('28 00 00000002 00 0001 00', device)).toBe('5/21/00')
  })
})

describe('WRITE', () => {
  it('D10: with FUA makes its own data stable and nothing that was written before', () => {
    const disk = new MemoryDisk(DISK)
    disk.run('2a 00 00000000 00 0001 00', BLOCK)
    disk.run('2a 08 00000001 00 0001 00', BLOCK)
    expect(stepsOf('2a 08 00000001 00 0001 00', {out: BLOCK})).toEqual([
      {op: 'write', offsetBytes: 512, lengthBytes: 512, fua: true},
    ])
    expect(disk.stable.subarray(0, 512).every((byte) => byte === 0)).toBe(true)
    expect(disk.stable.subarray(512, 1024)).toEqual(BLOCK)
  })

  it('D12: with WRPROTECT is refused', () => {
    expect(reply('2a 20 00000000 00 0001 00', DISK, BLOCK)).toBe('5/24/00')
  })

  it('D15: on a read-only disk is write protected, even if it is wrong in other ways, or empty', () => {
    expect(reply('2a 00 00000000 00 0001 00', READ_ONLY, BLOCK)).toBe('7/27/00')
    expect(reply('2a 20 ffffffff 00 0001 00', READ_ONLY, BLOCK)).toBe('7/27/00')
    expect(reply('2a 00 00000000 00 0000 00', READ_ONLY)).toBe('7/27/00')
  })

  it.each([
    ['WRITE(6)', '0a 001234 02 00'],
    ['WRITE(10)', '2a 00 00001234 00 0002 00'],
    ['WRITE(12)', 'aa 00 00001234 00000002 00 00'],
    ['WRITE(16)', '8a 00 0000000000001234 00000002 00 00'],
  ])('%s writes its blocks, volatile while the write cache is on and stable while it is off', (_, cdb) => {
    const range = {op: 'write', offsetBytes: 0x1234 * 512, lengthBytes: 1024}
    const out = new Uint8Array(1024)
    expect(stepsOf(cdb, {out})).toEqual([{...range, fua: false}])
    expect(stepsOf(cdb, {out, device: WRITETHROUGH})).toEqual([{...range, fua: true}])
  })

  it('WRITE(6) has no FUA: the bit belongs to the address', () => {
    expect(stepsOf('0a 080000 01 00', {out: BLOCK, device: {...DISK, sectors: 2 ** 21}})).toEqual([
      {op: 'write', offsetBytes: 0x80000 * 512, lengthBytes: 512, fua: false},
    ])
  })

  it('obeys FUA even on a disk that does not announce it', () => {
    expect(stepsOf('2a 08 00000000 00 0001 00', {out: BLOCK, device: {...DISK, fuaOffered: false}})).toMatchObject([
      {op: 'write', fua: true},
    ])
  })

  it('of no blocks is GOOD and does nothing', () => {
    expect(plan('2a 08 00000000 00 0000 00')).toMatchObject({kind: 'reply', status: 0})
  })

  it('of less data than blocks is refused: nothing is written', () => {
    expect(reply('2a 00 00000000 00 0002 00', DISK, BLOCK)).toBe('5/24/00')
  })

  it('takes no more than its blocks of the data', () => {
    const out = new Uint8Array(1024).fill(0xaa)
    expect(plan('2a 00 00000000 00 0001 00', {out})).toMatchObject({transferredBytes: 512})
  })

  it('past the end is out of range and writes no part', () => {
    expect(reply('2a 00 00007fff 00 0002 00', DISK, new Uint8Array(1024))).toBe('5/21/00')
  })
})
