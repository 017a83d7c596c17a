import {describe, expect, it} from 'vitest'
import {
  BARRIER,
  FSYNC,
  FSYNC_RANGE,
  NOTIFY,
  SET_WRITEBACK,
  STEP_NONE,
  TYPE_BARRIER_BIT,
  validate,
  WISH_KINDS,
  type DeviceFacts,
} from '../../src/request/index.js'

const DEVICE: DeviceFacts = {capacitySectors: 8, readOnly: true, logicalBlockBytes: 4096, types: new Set()}
const [STATUS_OK, STATUS_IOERR] = [0, 1]

describe('a wish of a guest', () => {
  it('is no command: it neither writes, nor flushes, nor has a step of its own', () => {
    expect(WISH_KINDS).toEqual([BARRIER, FSYNC, FSYNC_RANGE, NOTIFY, SET_WRITEBACK])
    for (const {type, writes, flushes, step} of WISH_KINDS) {
      expect([writes, flushes, step]).toEqual([false, false, STEP_NONE])
      expect(type).toBeGreaterThanOrEqual(TYPE_BARRIER_BIT)
    }
  })

  it('is not a matter of the device: it is taken whatever the device offers, and on a read-only one', () => {
    for (const {type} of WISH_KINDS) expect(validate(DEVICE, type, 0, 0, 0)).toBe(STATUS_OK)
  })

  it('about a range names bytes of the device, in no unit, and whatever its flags', () => {
    for (const {type} of [FSYNC_RANGE, NOTIFY]) {
      expect(validate(DEVICE, type, 1, 4095, 0xf)).toBe(STATUS_OK)
      expect(validate(DEVICE, type, 1, 4096, 0)).toBe(STATUS_IOERR)
    }
  })
})
