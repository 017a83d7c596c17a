import {describe, expect, it} from 'vitest'

import {DISK, MemoryDisk, plan, READ_ONLY, reply, stepsOf, WRITETHROUGH} from './initiator.js'

const PATTERN = Uint8Array.from({length: 512}, (_, i) => i)
const ZEROES = new Uint8Array(512)
const RANGE = {offsetBytes: 0x10 * 512, lengthBytes: 4 * 512}

describe('WRITE SAME', () => {
  it.each([
    ['WRITE SAME(10)', '41 00 00000010 00 0004 00'],
    ['WRITE SAME(16)', '93 00 0000000000000010 00000004 00 00'],
  ])('%s repeats one block over its range', (_, cdb) => {
    expect(stepsOf(cdb, {out: PATTERN})).toEqual([{op: 'same', ...RANGE, pattern: PATTERN, fua: false}])
    const disk = new MemoryDisk(DISK)
    disk.run(cdb, PATTERN)
    expect(disk.visible.subarray(0x10 * 512, 0x14 * 512)).toEqual(
      Uint8Array.from([...PATTERN, ...PATTERN, ...PATTERN, ...PATTERN]),
    )
    expect(disk.visible[0x14 * 512 + 1]).toBe(0)
  })

  it('of zeroes zeroes the range, and with UNMAP may give its blocks back', () => {
    const zero = {op: 'zero', ...RANGE, fua: false}
    expect(stepsOf('41 00 00000010 00 0004 00', {out: ZEROES})).toEqual([{...zero, mayUnmap: false}])
    expect(stepsOf('41 08 00000010 00 0004 00', {out: ZEROES})).toEqual([{...zero, mayUnmap: true}])
  })

  it('of anything else with UNMAP writes: given back, the blocks would read as zeroes', () => {
    expect(stepsOf('41 08 00000010 00 0004 00', {out: PATTERN})).toMatchObject([{op: 'same', pattern: PATTERN}])
  })

  it('with NDOB sends no data and zeroes', () => {
    expect(plan('93 01 0000000000000010 00000004 00 00')).toEqual({
      kind: 'steps',
      steps: [{op: 'zero', ...RANGE, mayUnmap: false, fua: false}],
      transferredBytes: 0,
    })
  })

  it('takes one block of the data, whatever its range', () => {
    expect(plan('41 00 00000010 00 0004 00', {out: new Uint8Array(2048)})).toMatchObject({transferredBytes: 512})
  })

  it('is stable when it ends if the write cache is off', () => {
    expect(stepsOf('41 00 00000010 00 0004 00', {out: PATTERN, device: WRITETHROUGH})).toMatchObject([{fua: true}])
    expect(stepsOf('41 01 00000010 00 0004 00', {device: WRITETHROUGH})).toMatchObject([{op: 'zero', fua: true}])
  })

  it.each([
    ['no blocks', '41 00 00000010 00 0000 00'],
    ['ANCHOR', '41 10 00000010 00 0001 00'],
    ['PBDATA', '41 04 00000010 00 0001 00'],
    ['LBDATA', '41 02 00000010 00 0001 00'],
    ['WRPROTECT', '41 20 00000010 00 0001 00'],
  ])('with %s is refused', (_, cdb) => expect(reply(cdb, DISK, PATTERN)).toBe('5/24/00'))

  it('with less than a block of data is refused', () => {
    expect(reply('41 00 00000010 00 0001 00', DISK, PATTERN.subarray(0, 511))).toBe('5/24/00')
  })

  it('with UNMAP is refused by a disk that cannot give blocks back', () => {
    expect(reply('41 08 00000010 00 0001 00', {...DISK, unmapOffered: false}, ZEROES)).toBe('5/24/00')
  })

  it('is write protected on a read-only disk, and out of range past the end', () => {
    expect(reply('41 00 00000010 00 0001 00', READ_ONLY, PATTERN)).toBe('7/27/00')
    expect(reply('41 00 00007fff 00 0002 00', DISK, PATTERN)).toBe('5/21/00')
  })
})
