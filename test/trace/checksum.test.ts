import {describe, expect, it} from 'vitest'
import {digestOf} from '../../src/trace/checksum.js'

describe('a digest', () => {
  it('is the first half of SHA-256, however the bytes are cut', () => {
    const bytes = new TextEncoder().encode('abc')
    // FIPS 180-4, example of SHA-256.
    expect(Buffer.from(digestOf([bytes])).toString('hex')).toBe('ba7816bf8f01cfea414140de5dae2223')
    expect(digestOf([bytes.subarray(0, 1), bytes.subarray(1)])).toEqual(digestOf([bytes]))
  })
})
