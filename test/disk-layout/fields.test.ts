import {describe, expect, it} from 'vitest'
import {Fields} from '../../src/disk-layout/fields.js'

const bytes = (text: string): Fields => new Fields(Buffer.from(text, 'latin1'))

describe('fields of a structure on disk', () => {
  it('are numbers in either byte order', () => {
    const fields = bytes('\x01\x02\x03\x04\x05\x06\x07\x08')
    expect([fields.u8(1), fields.u16(0), fields.u16(0, false), fields.u32(0), fields.u32(0, false)]).toEqual([
      2, 0x0201, 0x0102, 0x04030201, 0x01020304,
    ])
    expect([fields.big64(0), fields.big64(0, false)]).toEqual([0x0807060504030201n, 0x0102030405060708n])
  })

  it('behind the end of what was read are 0 or empty, never an error', () => {
    const fields = bytes('abc')
    expect([fields.u8(3), fields.u16(2), fields.u32(0), fields.u64(0), fields.u32(-1), fields.u64(1e9)]).toEqual([
      0, 0, 0, 0, 0, 0,
    ])
    expect([fields.text(9, 4), fields.utf16(2, 9), fields.uuid(0), fields.has(2, 'cd')]).toEqual([
      undefined,
      undefined,
      undefined,
      false,
    ])
  })

  it('that a number cannot hold become the largest place there can be', () => {
    const fields = bytes('\xff\xff\xff\xff\xff\xff\xff\xff')
    expect([fields.u64(0), fields.big64(0)]).toEqual([2 ** 53 - 1, 2n ** 64n - 1n])
  })

  it('are text up to the first zero, without the spaces behind it', () => {
    expect(bytes('label  \0rest').text(0, 12)).toBe('label')
    expect(bytes('l\xc3\xa4bel').text(0, 6)).toBe('läbel')
    expect(bytes('   ').text(0, 3)).toBeUndefined()
    expect(bytes('a\0b\0\0\0c\0').utf16(0, 8)).toBe('ab')
    expect(bytes('\0a\0b').utf16(0, 4, false)).toBe('ab')
    expect(bytes('a\0b\0x').utf16(0, 5)).toBe('ab')
  })

  it('are UUIDs in the order of their digits, and GUIDs in that of UEFI 2.10, appendix A', () => {
    // The EFI system partition, C12A7328-F81F-11D2-BA4B-00A0C93EC93B, as it is on every disk that has one.
    const esp = new Fields(Buffer.from('28732ac11ff8d211ba4b00a0c93ec93b', 'hex'))
    expect(esp.guid(0)).toBe('C12A7328-F81F-11D2-BA4B-00A0C93EC93B')
    expect(esp.uuid(0)).toBe('28732ac1-1ff8-d211-ba4b-00a0c93ec93b')
    expect(new Fields(new Uint8Array(16)).uuid(0)).toBeUndefined()
  })

  it('can be a piece of a larger array', () => {
    const piece = new Fields(Uint8Array.from([9, 9, 1, 2, 3, 4]).subarray(2))
    expect([piece.u32(0), piece.u16(2), piece.hex(1, 2)]).toEqual([0x04030201, 0x0403, '0203'])
  })
})
