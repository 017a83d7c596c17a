import {describe, expect, it} from 'vitest'

import {
  STATUS_CANCELED,
  STATUS_IOERR,
  STATUS_OK,
  STATUS_PENDING,
  STATUS_UNSUPP,
  statusName,
} from '../../src/request/index.js'

describe('a status', () => {
  it.each([
    [0, STATUS_OK, 'OK'],
    [1, STATUS_IOERR, 'IOERR'],
    [2, STATUS_UNSUPP, 'UNSUPP'],
  ])('on the wire the byte %i is %3$s', (byte, status, name) => {
    expect(status).toBe(byte)
    expect(statusName(status)).toBe(name)
  })

  it('of our own is none of the seven a device may answer', () => {
    expect(statusName(STATUS_CANCELED)).toBe('CANCELED')
    expect([STATUS_CANCELED, STATUS_PENDING].filter((status) => status <= 6)).toEqual([])
    expect(STATUS_PENDING).not.toBe(STATUS_CANCELED)
  })

  it.each([STATUS_PENDING, 3, -1])('%i is not final and has no name', (status) => {
    expect(() => statusName(status)).toThrow(`no status ${status}`)
  })
})
