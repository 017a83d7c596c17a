import {ERRNO} from '../base/index.js'
import type {ScsiStep} from './plan.js'

/** Names of errno values a condition stands for; some of them no Node constant has. */
export type SenseErrno = 'EINVAL' | 'ENOSPC' | 'EACCES' | 'ENOTSUP' | 'ENOMEDIUM'

/** Sense key (four bits), additional sense code and its qualifier (a byte each). */
export interface SenseCode {
  readonly key: number
  readonly asc: number
  readonly ascq: number
}

/** Why a command ended in CHECK CONDITION. */
export interface Sense extends SenseCode {
  readonly says: string
  /** What a host program sees for it; undefined where no errno says the same. */
  readonly errno: SenseErrno | undefined
}

function sense(key: number, asc: number, ascq: number, says: string, errno?: SenseErrno): Sense {
  return {key, asc, ascq, says, errno}
}

/** Every condition this disk reports. Source: SPC-3, tables of sense keys and additional sense codes; QEMU scsi/utils.c. */
export const SENSE = {
  noSense: sense(0x0, 0x00, 0x00, 'no sense'),
  notReady: sense(0x2, 0x04, 0x03, 'logical unit not ready'),
  noMedium: sense(0x2, 0x3a, 0x00, 'medium not present', 'ENOMEDIUM'),
  readError: sense(0x3, 0x11, 0x00, 'unrecovered read error'),
  targetFailure: sense(0x4, 0x44, 0x00, 'internal target failure'),
  parameterListLength: sense(0x5, 0x1a, 0x00, 'parameter list length error', 'EINVAL'),
  invalidOpcode: sense(0x5, 0x20, 0x00, 'invalid command operation code', 'EINVAL'),
  lbaOutOfRange: sense(0x5, 0x21, 0x00, 'logical block address out of range', 'ENOSPC'),
  invalidField: sense(0x5, 0x24, 0x00, 'invalid field in CDB', 'EINVAL'),
  lunNotSupported: sense(0x5, 0x25, 0x00, 'logical unit not supported', 'ENOTSUP'),
  invalidParameter: sense(0x5, 0x26, 0x00, 'invalid field in parameter list', 'EINVAL'),
  savingNotSupported: sense(0x5, 0x39, 0x00, 'saving parameters not supported'),
  powerOnOrReset: sense(0x6, 0x29, 0x00, 'power on or reset occurred'),
  capacityChanged: sense(0x6, 0x2a, 0x09, 'capacity data has changed'),
  writeProtected: sense(0x7, 0x27, 0x00, 'write protected', 'EACCES'),
  spaceAllocationFailed: sense(0x7, 0x27, 0x07, 'space allocation failed', 'ENOSPC'),
  ioTerminated: sense(0xb, 0x00, 0x06, 'I/O process terminated'),
  miscompare: sense(0xe, 0x1d, 0x00, 'miscompare during verify operation'),
} as const satisfies Record<string, Sense>

/** Bytes of fixed format sense data, as written into the sense buffer of a failing command. */
const FIXED_SENSE_BYTES = 18
const DESCRIPTOR_SENSE_BYTES = 8

/** Fixed format, 18 bytes, without information or command-specific fields. Source: SPC-3, 4.5.3. */
export function fixedSense({key, asc, ascq}: Sense): Uint8Array {
  const bytes = new Uint8Array(FIXED_SENSE_BYTES)
  bytes[0] = 0x70 // a current error
  bytes[2] = key
  bytes[7] = FIXED_SENSE_BYTES - 8
  bytes[12] = asc
  bytes[13] = ascq
  return bytes
}

/** Descriptor format, 8 bytes, without descriptors. Source: SPC-3, 4.5.2. */
export function descriptorSense({key, asc, ascq}: Sense): Uint8Array {
  const bytes = new Uint8Array(DESCRIPTOR_SENSE_BYTES)
  bytes.set([0x72, key, asc, ascq])
  return bytes
}

/**
 * The condition a guest gets when a step failed on the host.
 *
 * @param errno positive, as the host reported it
 */
export function senseFor(errno: number, op: ScsiStep['op']): Sense {
  if (errno === ERRNO.ENOSPC) return SENSE.spaceAllocationFailed
  if (errno === ERRNO.EROFS) return SENSE.writeProtected
  switch (op) {
    case 'read':
    case 'verify':
    case 'compare':
      // Lack of memory says nothing about the medium; a guest that hears "read error" would give the block up.
      return errno === ERRNO.ENOMEM ? SENSE.targetFailure : SENSE.readError
    case 'write':
    case 'same':
    case 'zero':
    case 'discard':
    case 'flush':
      return SENSE.targetFailure
  }
}

/** "5/24/00", as the tables of the field write it. */
export function senseCode({key, asc, ascq}: SenseCode): string {
  const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, '0')
  return `${hex(key, 1)}/${hex(asc, 2)}/${hex(ascq, 2)}`
}
