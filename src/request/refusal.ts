import {SECTOR_BYTES} from '../base/index.js'
import {kindOfType} from './table.js'
import {STATUS_OK} from './status.js'
import {changesImage, takesType, validate, type DeviceFacts} from './validate.js'

/**
 * Why a device refuses a request before any I/O, as a clause for people; undefined when it does not. Follows validate() in its
 * order.
 *
 * @param type number on the wire, BARRIER bit masked off
 */
export function refusalReason(
  device: DeviceFacts,
  type: number,
  offsetBytes: number,
  lengthBytes: number,
  segmentFlags: number,
): string | undefined {
  if (validate(device, type, offsetBytes, lengthBytes, segmentFlags) === STATUS_OK) return undefined
  if (device.readOnly && changesImage(type)) return 'the device is read-only'
  const kind = kindOfType(type)
  if (kind === undefined) return `the device has no request type ${type}`
  if (!takesType(device, type)) return `the device does not offer ${kind.name}`
  if (kind.operands === 'segment' && segmentFlags !== 0 && (kind.unmapStep === undefined || segmentFlags !== 1)) {
    return 'the device does not take these segment flags'
  }
  const unit = kind.operands === 'segment' ? SECTOR_BYTES : device.logicalBlockBytes
  if (offsetBytes % unit !== 0 || lengthBytes % unit !== 0) return `not whole ${unit}-byte sectors`
  const capacityBytes = device.capacitySectors * SECTOR_BYTES
  if (offsetBytes + lengthBytes > capacityBytes) return `beyond the end of the device (${capacityBytes} bytes)`
  return 'the segment is too long'
}
