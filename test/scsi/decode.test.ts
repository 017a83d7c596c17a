import {describe, expect, it} from 'vitest'

import {commandOf, type ScsiDevice} from '../../src/scsi/index.js'
import {bytes, EMPTY_DRIVE, READ_ONLY, reply} from './initiator.js'

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
