import {describe, expect, it} from 'vitest'

import {DISK, MemoryDisk, plan, READ_ONLY, reply, stepsOf} from './initiator.js'

const BLOCK = new Uint8Array(512).fill(0xaa)

describe('VERIFY', () => {
  it.each([
    ['VERIFY(10)', '2f 00 00001234 00 0002 00'],
    ['VERIFY(12)', 'af 00 00001234 00000002 00 00'],
    ['VERIFY(16)', '8f 00 0000000000001234 00000002 00 00'],
  ])('%s flushes, then reads the range, and moves no data', (_, cdb) => {
    expect(stepsOf(cdb)).toEqual([{op: 'flush'}, {op: 'verify', offsetBytes: 0x1234 * 512, lengthBytes: 1024}])
    expect(plan(cdb)).toMatchObject({transferredBytes: 0})
  })

  it.each(['2f 02', '2f 04', '2f 06', '2f 20'])('%s (BYTCHK or VRPROTECT) is refused', (start) => {
    expect(reply(`${start} 00000000 00 0001 00`)).toBe('5/24/00')
  })

  it('checks its range, works on a read-only disk, and has nothing to do for no blocks', () => {
    expect(reply('2f 00 00007fff 00 0002 00')).toBe('5/21/00')
    expect(reply('2f 00 00000000 00 0001 00', READ_ONLY)).toBe('flush, verify')
    expect(plan('2f 00 00008000 00 0000 00')).toMatchObject({kind: 'reply', status: 0})
  })
})

describe('WRITE AND VERIFY', () => {
  it.each([
    ['WRITE AND VERIFY(10)', '2e 00 00001234 00 0001 00'],
    ['WRITE AND VERIFY(12)', 'ae 00 00001234 00000001 00 00'],
    ['WRITE AND VERIFY(16)', '8e 00 0000000000001234 00000001 00 00'],
  ])('%s writes, stable, then reads', (_, cdb) => {
    const range = {offsetBytes: 0x1234 * 512, lengthBytes: 512}
    expect(stepsOf(cdb, {out: BLOCK})).toEqual([
      {op: 'write', ...range, fua: true},
      {op: 'verify', ...range},
    ])
  })

  it('with BYTCHK compares what it wrote with what was sent', () => {
    const disk = new MemoryDisk(DISK)
    expect(reply('2e 02 00000000 00 0001 00', DISK, BLOCK)).toBe('write, compare')
    expect(disk.run('2e 02 00000000 00 0001 00', BLOCK)).toMatchObject({status: 0})
    expect(disk.stable.subarray(0, 512)).toEqual(BLOCK)
  })

  it('counts its data once', () => {
    expect(plan('2e 02 00000000 00 0001 00', {out: BLOCK})).toMatchObject({transferredBytes: 512})
  })

  it.each([
    ['2e 04', '5/24/00'],
    ['2e 20', '5/24/00'],
  ])('%s (a reserved BYTCHK, or WRPROTECT) is %s', (start, code) => {
    expect(reply(`${start} 00000000 00 0001 00`, DISK, BLOCK)).toBe(code)
  })

  it('is judged as a WRITE: range, data, write protection, no blocks', () => {
    expect(reply('2e 00 00008000 00 0001 00', DISK, BLOCK)).toBe('5/21/00')
    expect(reply('2e 00 00000000 00 0002 00', DISK, BLOCK)).toBe('5/24/00')
    expect(reply('2e 00 00000000 00 0001 00', READ_ONLY, BLOCK)).toBe('7/27/00')
    expect(plan('2e 00 00000000 00 0000 00')).toMatchObject({kind: 'reply', status: 0})
  })
})
