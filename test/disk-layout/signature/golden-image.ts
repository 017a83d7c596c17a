import type {Signature} from '../../../src/disk-layout/index.js'
import type {Disk} from '../disk.js'

/** A small image of one kind, written field by field from the specification of its format, and what is to be read from it. */
export interface Golden {
  readonly kind: string
  readonly disk: Disk
  readonly expected: Partial<Signature>
}

/** What every golden image is called. */
export const UUID = '01234567-89ab-cdef-fedc-ba9876543210'
export const OTHER = 'a1b2c3d4-e5f6-4718-293a-4b5c6d7e8f90'

export const MIB_SECTORS = 2048
