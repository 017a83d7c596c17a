import type {Range} from '../base/index.js'
import {readBe} from './big-endian.js'
import {blocksOf, type ScsiCall, type ScsiDevice} from './command.js'

/** What a command addresses, in logical blocks. Rounded beyond 2^53, which is past the end of every disk. */
export interface Blocks {
  readonly lba: number
  readonly count: number
}

/** Lengths of a CDB by its group code, the upper three bits of the opcode; groups 3, 6 and 7 have no fixed length. */
type CdbBytes = 6 | 10 | 12 | 16
const BYTES_OF_GROUP: readonly (CdbBytes | undefined)[] = [6, 10, 10, undefined, 16, 12]
const GROUP_SIZE = 32

/** How many bytes a CDB has by its opcode, or undefined where the group does not say. Source: SPC-3, operation code. */
export function cdbBytes(opcode: number): CdbBytes | undefined {
  return BYTES_OF_GROUP[Math.floor(opcode / GROUP_SIZE)]
}

/** LBA and number of blocks, where READ and WRITE and all their relatives have them. The 6-byte forms count 0 as 256. */
export function blocksIn(cdb: Uint8Array): Blocks {
  switch (cdbBytes(cdb[0] ?? 0)) {
    case 6:
      // The upper bits of byte 1 once were a LUN.
      return {lba: readBe(cdb, 1, 3) % 2 ** 21, count: readBe(cdb, 4, 1) || 256}
    case 12:
      return {lba: readBe(cdb, 2, 4), count: readBe(cdb, 6, 4)}
    case 16:
      return {lba: readBe(cdb, 2, 8), count: readBe(cdb, 10, 4)}
    case 10:
    case undefined: // no command of those groups addresses blocks
      return {lba: readBe(cdb, 2, 4), count: readBe(cdb, 7, 2)}
  }
}

/** The data of a command that sends every block it addresses. */
export function dataOfBlocks(cdb: Uint8Array, logicalBlockBytes: number): number {
  return blocksIn(cdb).count * logicalBlockBytes
}

/** The bytes of these blocks, or undefined when they do not all exist. No blocks may begin at the very end. */
export function rangeOf(device: ScsiDevice, {lba, count}: Blocks): Range | undefined {
  // Subtracted, not added: the sum could round down to something that fits.
  if (count > blocksOf(device) - lba) return undefined
  return {offsetBytes: lba * device.logicalBlockBytes, lengthBytes: count * device.logicalBlockBytes}
}

/** Bits of byte 1 of a command. */
export function hasBits(call: ScsiCall, mask: number): boolean {
  return ((call.cdb[1] ?? 0) & mask) !== 0
}

/** RDPROTECT, WRPROTECT or VRPROTECT: nonzero needs protection information on the medium, which this disk has not. */
export const PROTECT_BITS = 0xe0
