import {isMultipleOf, SECTOR_BYTES} from '../base/index.js'
import {STATUS_IOERR, STATUS_OK, STATUS_UNSUPP} from './status.js'
import {kindOfType} from './table.js'
import {TYPE_WISH} from './wish.js'

/** Bit 0 of a segment's flags; all other bits are reserved. */
export const SEGMENT_UNMAP = 1
/** A segment counts its sectors in 32 bits. */
const SEGMENT_SECTORS_MAX = 2 ** 32 - 1

/** What a device is, as far as accepting a request depends on it. */
export interface DeviceFacts {
  /** In 512-byte sectors, rounded down. */
  readonly capacitySectors: number
  readonly readOnly: boolean
  /** IN and OUT must be whole, aligned logical blocks; 512 unless the device says otherwise. */
  readonly logicalBlockBytes: number
  /** The request types it takes of those that could be executed here. Without this field all but SCSI. */
  readonly types?: ReadonlySet<number> | undefined
}

/** SECURE_ERASE: not executed here, but known to change data, so a read-only device refuses it as a write. */
const TYPE_SECURE_ERASE = 14

/** Whether a type would change the image: those executed here that write, and SECURE_ERASE. */
export function changesImage(type: number): boolean {
  return kindOfType(type)?.writes ?? type === TYPE_SECURE_ERASE
}

/** Whether a device takes a type that could be executed here. Wishes are not a matter of the device. */
export function takesType(device: DeviceFacts, type: number): boolean {
  if (type >= TYPE_WISH) return true
  return device.types === undefined ? kindOfType(type)?.operands !== 'cdb' : device.types.has(type)
}

/**
 * The status a device gives a request before any I/O: OK to go on, or the final status. Applies the rules in the fixed
 * order read-only, type support, flags, range (framing is the wire's business: see wire.ts). Nothing is read or written.
 *
 * @param type number on the wire, BARRIER bit masked off
 * @param segmentFlags flags of the segment; 0 for kinds without one
 * @returns STATUS_OK, STATUS_IOERR or STATUS_UNSUPP
 */
export function validate(
  device: DeviceFacts,
  type: number,
  offsetBytes: number,
  lengthBytes: number,
  segmentFlags: number,
): number {
  const kind = kindOfType(type)
  if (device.readOnly && changesImage(type)) return STATUS_IOERR
  if (kind === undefined || !takesType(device, type)) return STATUS_UNSUPP
  switch (kind.operands) {
    case 'none':
    case 'id':
    case 'cdb':
    case 'switch':
      return STATUS_OK
    case 'range':
      break
    case 'segment': {
      const allowed = kind.unmapStep === undefined ? 0 : SEGMENT_UNMAP
      if ((segmentFlags & ~allowed) !== 0) return STATUS_UNSUPP
      if (offsetBytes % SECTOR_BYTES !== 0 || lengthBytes % SECTOR_BYTES !== 0) return STATUS_IOERR
      if (lengthBytes / SECTOR_BYTES > SEGMENT_SECTORS_MAX) return STATUS_IOERR
      break
    }
    case 'data':
      if (
        !isMultipleOf(offsetBytes, device.logicalBlockBytes) ||
        !isMultipleOf(lengthBytes, device.logicalBlockBytes)
      ) {
        return STATUS_IOERR
      }
  }
  return offsetBytes + lengthBytes > device.capacitySectors * SECTOR_BYTES ? STATUS_IOERR : STATUS_OK
}
