import {describe, expect, it} from 'vitest'

import {DISK, EMPTY_DRIVE, MemoryDisk, READ_ONLY, reply, stepsOf} from './initiator.js'

describe('SYNCHRONIZE CACHE', () => {
  it.each(['35 00*9', '91 00*15'])('D13: %s flushes, and everything written before is stable', (cdb) => {
    const disk = new MemoryDisk(DISK)
    const block = new Uint8Array(512).fill(0xaa)
    disk.run('2a 00 00000005 00 0001 00', block)
    expect(disk.stable.subarray(5 * 512, 6 * 512)).not.toEqual(block)
    expect(stepsOf(cdb)).toEqual([{op: 'flush'}])
    expect(disk.run(cdb)).toMatchObject({status: 0})
    expect(disk.stable.subarray(5 * 512, 6 * 512)).toEqual(block)
  })

  it.each(['35 02 00*8', '91 02 00*14'])('%s (IMMED) is refused: a status before the flush would be a lie', (cdb) => {
    expect(reply(cdb)).toBe('5/24/00')
  })

  it('of a range flushes, as long as the range exists', () => {
    expect(reply('35 00 00007fff 00 0001 00')).toBe('flush')
    expect(reply('35 00 00008000 00 0000 00')).toBe('flush')
    expect(reply('35 00 00007fff 00 0002 00')).toBe('5/21/00')
    expect(reply('91 00 ffffffffffffffff 00000000 00 00')).toBe('5/21/00')
  })

  it('works on a read-only disk, and not without a medium', () => {
    expect(reply('35 00*9', READ_ONLY)).toBe('flush')
    expect(reply('35 00*9', EMPTY_DRIVE)).toBe('2/3A/00')
  })
})
