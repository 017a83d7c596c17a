import {describe, expect, it} from 'vitest'
import {SCSI_CMD, SCSI_CMD_OUT, validate, type DeviceFacts} from '../../src/request/index.js'

const DEVICE: DeviceFacts = {capacitySectors: 8, readOnly: false, logicalBlockBytes: 512}
const STATUS_OK = 0
const STATUS_UNSUPP = 2

describe('a SCSI request', () => {
  it('is of type 2, or of type 3, which makes no difference', () => {
    expect([SCSI_CMD.type, SCSI_CMD_OUT.type]).toEqual([2, 3])
    expect({...SCSI_CMD_OUT, name: '', type: 0, source: ''}).toEqual({...SCSI_CMD, name: '', type: 0, source: ''})
  })

  it('A28: is refused by a device that does not offer the feature', () => {
    for (const {type} of [SCSI_CMD, SCSI_CMD_OUT]) expect(validate(DEVICE, type, 0, 0, 0)).toBe(STATUS_UNSUPP)
  })

  it('is accepted where it is offered, whatever its header says: place and length are in the CDB', () => {
    const device = {...DEVICE, readOnly: true, types: new Set([2])}
    expect(validate(device, SCSI_CMD.type, 12345, 1 << 30, 0)).toBe(STATUS_OK)
    expect(validate(device, SCSI_CMD_OUT.type, 0, 0, 0)).toBe(STATUS_UNSUPP)
  })
})
