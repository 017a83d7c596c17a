import fc from 'fast-check'
import {expect, it} from 'vitest'

import {refusalReason, STATUS_OK, validate, type DeviceFacts} from '../../src/request/index.js'

const DEVICE: DeviceFacts = {capacitySectors: 8, readOnly: false, logicalBlockBytes: 512}

it.each([
  ['a range that is no whole sectors', DEVICE, 1, 1000, 512, 0, 'not whole 512-byte sectors'],
  ['a length that is no whole sectors', DEVICE, 0, 0, 1000, 0, 'not whole 512-byte sectors'],
  ['a range beyond the end', DEVICE, 1, 4096, 512, 0, 'beyond the end of the device (4096 bytes)'],
  [
    'a write on a read-only device, whatever else is wrong',
    {...DEVICE, readOnly: true},
    1,
    1000,
    512,
    0,
    'the device is read-only',
  ],
  ['SECURE_ERASE on a read-only device', {...DEVICE, readOnly: true}, 14, 0, 512, 0, 'the device is read-only'],
  ['an unknown type', DEVICE, 99, 0, 512, 0, 'the device has no request type 99'],
  ['unmap on DISCARD', DEVICE, 11, 0, 512, 1, 'the device does not take these segment flags'],
  ['a reserved flag on WRITE_ZEROES', DEVICE, 13, 0, 512, 2, 'the device does not take these segment flags'],
] as const)('%s is refused with its reason', (_what, device, type, offsetBytes, lengthBytes, flags, reason) => {
  expect(refusalReason(device, type, offsetBytes, lengthBytes, flags)).toBe(reason)
})

it('there is a reason exactly when the device refuses', () => {
  const number = fc.nat(10_000)
  fc.assert(
    fc.property(fc.boolean(), fc.nat(20), number, number, fc.nat(3), (readOnly, type, offset, length, flags) => {
      const device = {...DEVICE, readOnly}
      const refused = validate(device, type, offset, length, flags) !== STATUS_OK
      expect(refusalReason(device, type, offset, length, flags) !== undefined).toBe(refused)
    }),
    {seed: 5, numRuns: 2000},
  )
})
