import {SECTOR_BYTES} from '../base/index.js'
import type {ScsiPlan} from './plan.js'

/** The disk a guest talks to, as far as its answers depend on it. */
export interface ScsiDevice {
  /** Of 512 bytes, whatever the logical block. */
  readonly sectors: number
  /** A multiple of 512. */
  readonly logicalBlockBytes: number
  /** Logical blocks in a physical block, as a power of two: 0 to 15. */
  readonly physicalBlockExponent: number
  /** False: the drive is there, its image is not. */
  readonly hasMedium: boolean
  readonly readOnly: boolean
  /** A completed write may be volatile until a flush or FUA. */
  readonly writeCacheEnabled: boolean
  /** What writeCacheEnabled is when nobody has switched it. */
  readonly writeCacheDefault: boolean
  /**
   * The caching page is answered. A disk that has a write cache and hides the page loses data: its guest takes it for write-through
   * and never flushes.
   */
  readonly cachingPageOffered: boolean
  /** The caching page says that the write cache is on, whatever the cache mode, and that this cannot be changed. */
  readonly cachingPageFixed: boolean
  /** DPOFUA is set. FUA in a command is obeyed all the same. */
  readonly fuaOffered: boolean
  /** UNMAP is known, and WRITE SAME may give blocks back. */
  readonly unmapOffered: boolean
  /** Serial number: printable ASCII, the first 20 characters count. */
  readonly id: string
}

/** The data buffers of one command. A legacy request has one direction: either is empty. */
export interface ScsiBuffers {
  /** Everything the guest sends: blocks to write, or a parameter list. */
  readonly dataOut: Uint8Array
  /** Room for what the guest wants to get. */
  readonly inBytes: number
}

/** One command on its way to its plan. The CDB is at least as long as its group demands. */
export interface ScsiCall extends ScsiBuffers {
  readonly cdb: Uint8Array
  readonly device: ScsiDevice
}

/** One command as a row of the table. */
export interface ScsiCommand {
  readonly name: string
  readonly opcode: number
  /** Low five bits of byte 1, for opcodes shared by several commands. */
  readonly serviceAction?: number
  /** Looks at the medium: NOT READY without one. */
  readonly needsMedium: boolean
  /** Changes the medium: a read-only disk answers write protected before it looks at anything else. */
  readonly writes: boolean
  /** Bytes of data out that the CDB announces; left out where the command takes none. Never throws. */
  readonly dataOutBytes?: (cdb: Uint8Array, logicalBlockBytes: number) => number
  /** Judges the rest of the command. Never throws. */
  readonly plan: (call: ScsiCall) => ScsiPlan
}

/** Whole logical blocks of a disk. */
export function blocksOf(device: ScsiDevice): number {
  return Math.floor((device.sectors * SECTOR_BYTES) / device.logicalBlockBytes)
}
