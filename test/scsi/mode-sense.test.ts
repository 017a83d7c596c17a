import {describe, expect, it} from 'vitest'

import {DISK, EMPTY_DRIVE, READ_ONLY, reply, WRITETHROUGH} from './initiator.js'

const REST = '00'.repeat(17)
const WCE = '081204' + REST
const NO_WCE = '081200' + REST

describe('MODE SENSE', () => {
  it('D4: page 08h of a writeback disk: 23 bytes more, FUA offered, no block descriptor, write cache enabled', () => {
    expect(reply('1a 08 08 00 ff 00')).toBe('17001000' + WCE)
  })

  it('D5: page 08h of a writethrough disk: no write cache', () => {
    expect(reply('1a 08 08 00 ff 00', WRITETHROUGH)).toBe('17001000' + NO_WCE)
  })

  it('D6: the write cache can be switched, on a disk of either kind', () => {
    expect(reply('1a 08 48 00 ff 00')).toBe('17001000' + WCE)
    expect(reply('1a 08 48 00 ff 00', WRITETHROUGH)).toBe('17001000' + WCE)
  })

  it('default values are those from before anybody switched', () => {
    expect(reply('1a 08 88 00 ff 00', {...DISK, writeCacheEnabled: false})).toBe('17001000' + WCE)
  })

  it('saved values are refused: nothing can be saved', () => {
    expect(reply('1a 08 c8 00 ff 00')).toBe('5/39/00')
    expect(reply('5a 08 c8 00 000000 00ff 00')).toBe('5/39/00')
  })

  it('the 10-byte form has the longer header', () => {
    expect(reply('5a 08 08 00 000000 00ff 00')).toBe('001a' + '0010' + '0000' + '0000' + WCE)
  })

  it('without DBD a block descriptor tells number and size of the blocks', () => {
    expect(reply('1a 00 08 00 ff 00')).toBe('1f001008' + '00008000' + '00000200' + WCE)
    expect(reply('5a 00 08 00 000000 00ff 00')).toBe('00220010' + '00000008' + '00008000' + '00000200' + WCE)
  })

  it('a block descriptor says FFFFFFFFh for more blocks than it can tell', () => {
    expect(reply('1a 00 08 00 ff 00', {...DISK, sectors: 2 ** 33}).slice(8, 24)).toBe('ffffffff00000200')
  })

  it('page 3Fh is all pages', () => {
    expect(reply('1a 08 3f 00 ff 00')).toBe('17001000' + WCE)
  })

  it('the device-specific byte tells write protection, and FUA only where it is offered', () => {
    expect(reply('1a 08 08 00 04 00', READ_ONLY)).toBe('17009000')
    expect(reply('1a 08 08 00 04 00', {...DISK, fuaOffered: false})).toBe('17000000')
  })

  it('a disk that hides its caching page refuses it, and has no pages at all: its guest believes in write-through', () => {
    const hiding = {...DISK, cachingPageOffered: false}
    expect(reply('1a 08 08 00 ff 00', hiding)).toBe('5/24/00')
    expect(reply('1a 08 3f 00 ff 00', hiding)).toBe('03001000')
  })

  it('a disk that always advertises a write cache says so of a mode without one, and that nothing can be changed', () => {
    const fixed = {...DISK, writeCacheEnabled: false, writeCacheDefault: false, cachingPageFixed: true}
    expect(reply('1a 08 08 00 ff 00', fixed).slice(8, 14)).toBe('081204')
    expect(reply('1a 08 48 00 ff 00', fixed).slice(8, 14)).toBe('081200')
    expect(reply('1a 08 88 00 ff 00', fixed).slice(8, 14)).toBe('081204')
  })

  it.each(['1a 08 0a 00 ff 00', '1a 08 08 01 ff 00'])('%s (another page, or a subpage) is refused', (cdb) => {
    expect(reply(cdb)).toBe('5/24/00')
  })

  it('all subpages of a page are the page', () => {
    expect(reply('1a 08 08 ff ff 00')).toBe('17001000' + WCE)
  })

  it('is cut to the allocation length, but tells its full length', () => {
    expect(reply('1a 08 08 00 07 00')).toBe('17001000081204')
    expect(reply('5a 08 08 00 000000 0002 00')).toBe('001a')
  })

  it('answers without a medium, and then without block descriptor', () => {
    expect(reply('1a 00 08 00 ff 00', EMPTY_DRIVE)).toBe('17001000' + WCE)
  })
})
