import {describe, expect, it} from 'vitest'

import {bytes, DISK, EMPTY_DRIVE, reply} from './initiator.js'

const ascii = (text: string): string => Buffer.from(text, 'latin1').toString('hex')

describe('INQUIRY', () => {
  it('answers 36 bytes: a disk, SPC-3, 31 more bytes, vendor, product and revision', () => {
    expect(reply('12 00 00 00ff 00')).toBe(
      '00000502' + '1f000002' + ascii('FLUSHPT ') + ascii('RAW DISK IMAGE  ') + ascii('1.0 '),
    )
  })

  it('D18: is cut to an allocation length of 5, with GOOD status', () => {
    expect(reply('12 00 00 0005 00')).toBe('000005021f')
  })

  it('is cut to the room of the guest, and to nothing when nothing is allocated', () => {
    expect(reply('12 00 00 00ff 00', DISK, new Uint8Array(), 3)).toBe('000005')
    expect(reply('12 00 00 0000 00')).toBe('')
  })

  it('answers without a medium', () => {
    expect(reply('12 00 00 0005 00', EMPTY_DRIVE)).toBe('000005021f')
  })

  it.each(['12 00 80 00ff 00', '12 02 00 00ff 00'])('%s (a page without EVPD, or CMDDT) is refused', (cdb) => {
    expect(reply(cdb)).toBe('5/24/00')
  })
})

describe('a vital product data page', () => {
  it('00h lists the pages, and every page it lists is answered under its own number', () => {
    expect(reply('12 01 00 00ff 00')).toBe('00000006' + '008083b0b1b2')
    for (const code of ['00', '80', '83', 'b0', 'b1', 'b2']) {
      const page = bytes(reply(`12 01 ${code} 00ff 00`))
      expect(page[1]).toBe(Number.parseInt(code, 16))
      expect(page.length).toBe(4 + (page[3] as number))
    }
  })

  it('80h is the serial number: the id, as much of it as GET_ID tells', () => {
    expect(reply('12 01 80 00ff 00')).toBe('00800006' + ascii('disk-1'))
    expect(reply('12 01 80 00ff 00', {...DISK, id: '123456789012345678901'})).toBe(
      '00800014' + ascii('12345678901234567890'),
    )
  })

  it('80h is a blank for a disk without id, and keeps to printable ASCII', () => {
    expect(reply('12 01 80 00ff 00', {...DISK, id: ''})).toBe('0080000120')
    expect(reply('12 01 80 00ff 00', {...DISK, id: 'a\u00e9\n'})).toBe('00800003' + ascii('a??'))
  })

  it('83h names the unit by vendor and serial number', () => {
    expect(reply('12 01 83 00ff 00')).toBe('00830012' + '0201000e' + ascii('FLUSHPT disk-1'))
  })

  it('B0h says that WRITE SAME wants blocks and that UNMAP takes one range of any length', () => {
    const page = reply('12 01 b0 00ff 00')
    expect(page).toBe('00b0003c' + '01' + '00'.repeat(15) + 'ffffffff' + '00000001' + '00'.repeat(36))
    expect(reply('12 01 b0 00ff 00', {...DISK, unmapOffered: false})).toBe('00b0003c' + '01' + '00'.repeat(59))
  })

  it('B1h reports neither rotation nor form factor', () => {
    expect(reply('12 01 b1 00ff 00')).toBe('00b1003c' + '00'.repeat(60))
  })

  it('B2h tells what may give blocks back, without a promise what they read as', () => {
    expect(reply('12 01 b2 00ff 00')).toBe('00b20004' + '00e00200')
    expect(reply('12 01 b2 00ff 00', {...DISK, unmapOffered: false})).toBe('00b20004' + '00000000')
  })

  it('of another number is refused', () => {
    expect(reply('12 01 81 00ff 00')).toBe('5/24/00')
  })
})
