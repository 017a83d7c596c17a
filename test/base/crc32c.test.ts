import {describe, expect, it} from 'vitest'
import {crc32c} from '../../src/base/index.js'

describe('the checksum', () => {
  // RFC 3720, appendix B.4; the last is the check value of the catalogue of CRC algorithms.
  it.each([
    ['32 zero bytes', new Uint8Array(32), 0x8a9136aa],
    ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['32 ascending bytes', Uint8Array.from({length: 32}, (_, i) => i), 0x46dd794e],
    ['32 descending bytes', Uint8Array.from({length: 32}, (_, i) => 31 - i), 0x113fdb5c],
    ['"123456789"', new TextEncoder().encode('123456789'), 0xe3069283],
  ])('of %s is the one of the standard', (_what, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected)
  })
})
