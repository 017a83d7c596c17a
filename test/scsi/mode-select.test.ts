import {describe, expect, it} from 'vitest'

import {bytes, DISK, EMPTY_DRIVE, MemoryDisk, plan, reply, WRITETHROUGH} from './initiator.js'

const ON = '081204 00*17'
const OFF = '081200 00*17'
const SELECT_6 = '15 10 0000 18 00'
const SELECT_10 = '55 10 0000000000 001c 00'

function select(list: string, device = DISK): string {
  const out = bytes(list)
  return reply(`15 10 0000 ${out.length.toString(16).padStart(2, '0')} 00`, device, out)
}

describe('MODE SELECT', () => {
  it('B6: switching the write cache off makes what was written before stable, and what is written after stable at once', () => {
    const disk = new MemoryDisk(DISK)
    const block = new Uint8Array(512).fill(0xaa)
    disk.run('2a 00 00000000 00 0001 00', block)
    disk.run(SELECT_6, bytes(`00000000 ${OFF}`))
    expect(disk.device.writeCacheEnabled).toBe(false)
    expect(disk.stable.subarray(0, 512)).toEqual(block)
    disk.run('2a 00 00000001 00 0001 00', block)
    expect(disk.stable.subarray(512, 1024)).toEqual(block)
  })

  it('off flushes, on does not', () => {
    expect(plan(SELECT_6, {out: bytes(`00000000 ${OFF}`)})).toEqual({
      kind: 'set-cache',
      writeCacheEnabled: false,
      flush: true,
      transferredBytes: 24,
    })
    expect(select(`00000000 ${ON}`, WRITETHROUGH)).toBe('cache on')
  })

  it('off flushes even if it was off already', () => {
    expect(select(`00000000 ${OFF}`, WRITETHROUGH)).toBe('cache off, flushed')
  })

  it('off has nothing to flush without a medium', () => {
    expect(select(`00000000 ${OFF}`, EMPTY_DRIVE)).toBe('cache off')
  })

  it('has a 10-byte form with the longer header', () => {
    expect(reply(SELECT_10, DISK, bytes(`00*8 ${OFF}`))).toBe('cache off, flushed')
  })

  it('takes what MODE SENSE answered, block descriptor and all', () => {
    expect(select(`1f001008 00008000 00000200 ${ON}`)).toBe('cache on')
    expect(select(`00000008 00000000 00000000 ${OFF}`)).toBe('cache off, flushed')
    expect(select(`00000008 ffffffff 00000200 ${OFF}`)).toBe('cache off, flushed')
  })

  it('obeys the last of several caching pages', () => {
    expect(select(`00000000 ${OFF} ${ON}`)).toBe('cache on')
  })

  it('without a list, or without pages, is GOOD and changes nothing', () => {
    expect(plan('15 10 0000 00 00')).toMatchObject({kind: 'reply', status: 0})
    expect(plan('15 10 0000 04 00', {out: bytes('00000000')})).toMatchObject({
      kind: 'reply',
      status: 0,
      transferredBytes: 4,
    })
  })

  it.each([
    ['without PF', '15 00 0000 18 00'],
    ['with SP', '15 11 0000 18 00'],
    ['without PF, without a list', '55 00*9'],
  ])('%s is refused', (_, cdb) => expect(reply(cdb, DISK, bytes(`00000000 ${OFF}`))).toBe('5/24/00'))

  it.each([
    ['shorter than its header', '000000'],
    ['with a block descriptor that is cut off', '00000008 00000000'],
    ['with a page that is cut off', '00000000 0812 00'],
    ['with half of a page header', '00000000 08'],
  ])('of a list %s is a parameter list length error', (_, list) => expect(select(list)).toBe('5/1A/00'))

  it('of a list longer than the data sent is a parameter list length error', () => {
    expect(reply('15 10 0000 ff 00', DISK, bytes(`00000000 ${OFF}`))).toBe('5/1A/00')
  })

  it.each([
    ['that changes a bit that cannot be changed', '00000000 081205 00*17'],
    ['with a page this disk does not have', '00000000 0a0a 00*10'],
    ['with a page of another length', '00000000 0804 00*4'],
    ['with a subpage', '00000000 481204 00*17'],
    ['with a block descriptor of another length', `00000004 00*4 ${OFF}`],
    ['that changes the number of blocks', `00000008 00007fff 00000200 ${OFF}`],
    ['that changes the block size', `00000008 00000000 00001000 ${OFF}`],
    ['whose first page is good and whose second is not', `00000000 ${OFF} 0a0a 00*10`],
  ])('of a list %s is refused as a whole', (_, list) => expect(select(list)).toBe('5/26/00'))

  it('that switches the write cache is refused by a disk whose page cannot be changed', () => {
    expect(select(`00000000 ${OFF}`, {...DISK, cachingPageFixed: true})).toBe('5/26/00')
  })

  it('of the caching page is refused by a disk that hides it', () => {
    expect(select(`00000000 ${OFF}`, {...DISK, cachingPageOffered: false})).toBe('5/26/00')
  })
})
