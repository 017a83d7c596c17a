import {describe, expect, it} from 'vitest'

import {commandOf, dataOutBytes, SCSI_COMMANDS, type ScsiDevice} from '../../src/scsi/index.js'
import {bytes, DISK, EMPTY_DRIVE, READ_ONLY, reply} from './initiator.js'

describe('a CDB', () => {
  it('D16: of an unknown opcode is an invalid command, whatever its length', () => {
    for (const cdb of ['c0', 'c0 00*9', '7f 00*31', 'ff 00*15', '07 00*5']) expect(reply(cdb)).toBe('5/20/00')
  })

  it('without a byte is an invalid command', () => {
    expect(reply('')).toBe('5/20/00')
  })

  it.each(['28 00*8', '08 00*4', 'a8 00*10', '88 00*14', '9e10 00*13'])(
    '%s, a byte shorter than its group demands, is refused',
    (cdb) => expect(reply(cdb)).toBe('5/24/00'),
  )

  it('longer than its group demands is read up to that length', () => {
    expect(reply('25 00*31')).toBe('00007fff00000200')
  })

  it('of a known opcode with an unknown service action is refused', () => {
    expect(reply('9e11 00*14')).toBe('5/24/00')
    expect(commandOf(bytes('9e11 00*14'))).toBeUndefined()
  })

  it('of a service action is found whatever the upper bits of its byte', () => {
    expect(commandOf(bytes('9e10 00*14'))?.name).toBe('READ CAPACITY(16)')
    expect(commandOf(bytes('9ef0 00*14'))?.name).toBe('READ CAPACITY(16)')
  })

  it('is judged for its medium first, then for write protection', () => {
    const both: ScsiDevice = {...EMPTY_DRIVE, readOnly: true}
    expect(reply('2a 20 00000000 00 0001 00', both)).toBe('2/3A/00')
    expect(reply('2a 20 00000000 00 0001 00', READ_ONLY)).toBe('7/27/00')
  })
})

describe('the data a CDB announces', () => {
  // Transfer lengths: SBC-3. Parameter list lengths: SPC-3 for MODE SELECT, SBC-3 for UNMAP.
  const announced: readonly (readonly [name: string, cdb: string, bytes512: number, bytes4096: number])[] = [
    ['WRITE(6)', '0a 000203 04 00', 4 * 512, 4 * 4096],
    ['WRITE(10)', '2a 00 00000000 00 0103 00', 0x103 * 512, 0x103 * 4096],
    ['WRITE(12)', 'aa 00 00000000 00010003 00 00', 0x10003 * 512, 0x10003 * 4096],
    ['WRITE(16)', '8a 00 00*8 ffffffff 00 00', 0xffffffff * 512, 0xffffffff * 4096],
    ['WRITE AND VERIFY(10)', '2e 02 00000000 00 0002 00', 2 * 512, 2 * 4096],
    ['WRITE AND VERIFY(12)', 'ae 00 00000000 00000002 00 00', 2 * 512, 2 * 4096],
    ['WRITE AND VERIFY(16)', '8e 00 00*8 00000002 00 00', 2 * 512, 2 * 4096],
    ['WRITE SAME(10)', '41 08 00000000 00 0009 00', 512, 4096],
    ['WRITE SAME(16)', '93 00 00*8 00000009 00 00', 512, 4096],
    ['MODE SELECT(6)', '15 10 0000 18 00', 0x18, 0x18],
    ['MODE SELECT(10)', '55 10 0000000000 011c 00', 0x11c, 0x11c],
    ['UNMAP', '42 00 00000000 00 0118 00', 0x118, 0x118],
  ]

  it.each(announced)('by %s %s is %i bytes, with blocks of 4096 bytes %i', (name, cdb, bytes512, bytes4096) => {
    expect(commandOf(bytes(cdb))?.name).toBe(name)
    expect(dataOutBytes(bytes(cdb), 512)).toBe(bytes512)
    expect(dataOutBytes(bytes(cdb), 4096)).toBe(bytes4096)
  })

  it('is none for every other command of the table, whatever lengths its CDB holds', () => {
    const taking = new Set(announced.map(([name]) => name))
    const others = SCSI_COMMANDS.filter(({name}) => !taking.has(name))
    expect(others.length).toBe(SCSI_COMMANDS.length - announced.length)
    for (const {opcode, serviceAction = 0, name} of others) {
      expect(dataOutBytes(Uint8Array.of(opcode, serviceAction, ...new Uint8Array(14).fill(1)), 512), name).toBe(0)
    }
  })

  it('is 256 blocks for a WRITE(6) of 0, and none for longer forms', () => {
    expect(dataOutBytes(bytes('0a 000000 00 00'), 512)).toBe(256 * 512)
    expect(dataOutBytes(bytes('2a 00*9'), 512)).toBe(0)
  })

  it('is none for a WRITE SAME that says so', () => {
    expect(dataOutBytes(bytes('41 01 00000000 00 0009 00'), 512)).toBe(0)
    expect(dataOutBytes(bytes('93 09 00*8 00000009 00 00'), 512)).toBe(0)
  })

  it('is none for an unknown command, for no command, and for what a CDB cut short leaves out', () => {
    expect(dataOutBytes(bytes('c0 ff*15'), 512)).toBe(0)
    expect(dataOutBytes(bytes('9e11 ff*14'), 512)).toBe(0)
    expect(dataOutBytes(bytes(''), 512)).toBe(0)
    expect(dataOutBytes(bytes('2a'), 512)).toBe(0)
  })

  it('is enough for the command, and one byte less is not', () => {
    const refusals = ['5/24/00', '5/1A/00']
    const small = announced.filter(([, , length]) => length < 2 ** 20)
    expect(small).toHaveLength(10)
    for (const [name, cdb, length] of small) {
      expect(refusals, name).not.toContain(reply(cdb, DISK, new Uint8Array(length)))
      expect(refusals, name).toContain(reply(cdb, DISK, new Uint8Array(length - 1)))
    }
  })
})
