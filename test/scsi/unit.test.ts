import {describe, expect, it} from 'vitest'

import {DISK, EMPTY_DRIVE, plan, reply} from './initiator.js'

const GOOD = {kind: 'reply', status: 0, transferredBytes: 0}

describe('TEST UNIT READY', () => {
  it('is GOOD with a medium, and not ready without', () => {
    expect(plan('00 00*5')).toMatchObject(GOOD)
    expect(reply('00 00*5', EMPTY_DRIVE)).toBe('2/3A/00')
  })
})

describe('REQUEST SENSE', () => {
  it('has no sense left to tell, in 18 bytes of fixed format', () => {
    expect(reply('03 00 0000 ff 00')).toBe('700000000000000a' + '00'.repeat(10))
  })

  it('answers in descriptor format when DESC is set', () => {
    expect(reply('03 01 0000 ff 00')).toBe('7200000000000000')
  })

  it('is cut to the allocation length', () => {
    expect(reply('03 00 0000 08 00')).toBe('700000000000000a')
  })
})

describe('START STOP UNIT', () => {
  it('that starts is accepted', () => {
    expect(plan('1b 00 0000 01 00')).toMatchObject(GOOD)
  })

  it('that stops, or saves power, flushes first', () => {
    expect(reply('1b 00 0000 00 00')).toBe('flush')
    expect(reply('1b 00 0000 30 00')).toBe('flush')
    expect(reply('1b 00 0000 31 00')).toBe('flush')
  })

  it('that stops does not flush when told not to, or when there is no medium', () => {
    expect(plan('1b 00 0000 04 00')).toMatchObject(GOOD)
    expect(plan('1b 00 0000 00 00', {device: EMPTY_DRIVE})).toMatchObject(GOOD)
  })
})

describe('PREVENT ALLOW MEDIUM REMOVAL', () => {
  it('is accepted', () => {
    expect(plan('1e 00 0000 01 00')).toMatchObject(GOOD)
    expect(plan('1e 00 0000 00 00', {device: EMPTY_DRIVE})).toMatchObject(GOOD)
  })
})

describe('REPORT LUNS', () => {
  it.each(['00', '02'])('with select report %s lists one unit, number 0', (select) => {
    expect(reply(`a0 00 ${select} 000000 00000010 00 00`)).toBe('00000008' + '00000000' + '00'.repeat(8))
  })

  it('lists no well-known unit', () => {
    expect(reply('a0 00 01 000000 00000010 00 00')).toBe('00000000' + '00000000')
  })

  it('is refused below 16 bytes, and for a select report it does not know', () => {
    expect(reply('a0 00 00 000000 0000000f 00 00')).toBe('5/24/00')
    expect(reply('a0 00 03 000000 00000010 00 00')).toBe('5/24/00')
  })

  it('answers in as much room as there is', () => {
    expect(reply('a0 00 00 000000 00000010 00 00', DISK, new Uint8Array(), 4)).toBe('00000008')
  })
})
