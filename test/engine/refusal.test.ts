import {describe, expect, it} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {refusalOf} from '../../src/engine/refusal.js'
import {Slots} from '../../src/engine/slots.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {
  FLAG_BARRIER,
  FLAG_FUA,
  kindOfType,
  lower,
  STATUS_IOERR,
  STATUS_OK,
  STATUS_UNSUPP,
  type DeviceFacts,
} from '../../src/request/index.js'

const DEVICE: DeviceFacts = {capacitySectors: 8, readOnly: false, logicalBlockBytes: 512}

function refuse(type: number, flags = 0, offsetBytes = 0, device = DEVICE): number {
  const slots = new Slots(1)
  const slot = slots.take()
  const kind = kindOfType(type)
  const plan = kind && lower(kind, flags, cacheModeOf('none'), orderingModeOf('none'))
  slots.put(slot, 1, type, flags, offsetBytes, 512, undefined, 0, plan, 0)
  return refusalOf(device, slots, slot)
}

describe('how a request ends without running', () => {
  it('is not at all when nothing is wrong with it', () => {
    expect([refuse(1), refuse(1, FLAG_FUA), refuse(11), refuse(4)]).toEqual(Array(4).fill(STATUS_OK))
  })

  it('is what the device says first: the range, and the flags of a segment, which travel above the common ones', () => {
    expect(refuse(1, 0, 8 * 512)).toBe(STATUS_IOERR)
    expect(refuse(13, 1 << 4)).toBe(STATUS_OK)
    expect(refuse(13, 2 << 4)).toBe(STATUS_UNSUPP)
    expect(refuse(11, 1 << 4)).toBe(STATUS_UNSUPP)
  })

  it('is UNSUPP for a type nobody knows, and for a plan that refuses', () => {
    expect([refuse(99), refuse(1, FLAG_BARRIER)]).toEqual([STATUS_UNSUPP, STATUS_UNSUPP])
  })

  it('is UNSUPP for a SCSI request whose command is missing', () => {
    expect(refuse(2, 0, 0, {...DEVICE, types: new Set([2])})).toBe(STATUS_UNSUPP)
  })
})
