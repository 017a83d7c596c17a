import {describe, expect, it} from 'vitest'

import {ID_BYTES, idBytes} from '../../src/request/index.js'

describe('the id of a device', () => {
  it('is 20 bytes, padded with NUL', () => {
    expect(ID_BYTES).toBe(20)
    expect(Buffer.from(idBytes('disk-1')).toString('hex')).toBe(`6469736b2d31${'00'.repeat(14)}`)
    expect(idBytes('')).toEqual(new Uint8Array(20))
  })

  it('of exactly 20 characters has no terminator, and a longer one is cut', () => {
    const twenty = 'abcdefghijklmnopqrst'
    expect(Buffer.from(idBytes(twenty)).toString('latin1')).toBe(twenty)
    expect(idBytes(`${twenty}uvw`)).toEqual(idBytes(twenty))
  })
})
