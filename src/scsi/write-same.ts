import {blocksIn, hasBits, PROTECT_BITS, rangeOf} from './addressing.js'
import type {ScsiCall, ScsiCommand} from './command.js'
import {check, steps, type ScsiPlan} from './plan.js'
import {SENSE} from './sense.js'

const NDOB_BIT = 0x01
const UNMAP_BIT = 0x08
/** LBDATA, PBDATA and ANCHOR. */
const UNSUPPORTED_BITS = 0x16

function planWriteSame(call: ScsiCall): ScsiPlan {
  const {device, dataOut} = call
  const blocks = blocksIn(call.cdb)
  const mayUnmap = hasBits(call, UNMAP_BIT)
  if (blocks.count === 0 || hasBits(call, PROTECT_BITS | UNSUPPORTED_BITS)) return check(SENSE.invalidField)
  if (mayUnmap && !device.unmapOffered) return check(SENSE.invalidField)
  const range = rangeOf(device, blocks)
  if (!range) return check(SENSE.lbaOutOfRange)
  const fua = !device.writeCacheEnabled
  if (hasBits(call, NDOB_BIT)) return steps(0, {op: 'zero', ...range, mayUnmap, fua})
  const blockBytes = device.logicalBlockBytes
  if (dataOut.length < blockBytes) return check(SENSE.invalidField)
  const pattern = dataOut.slice(0, blockBytes)
  // Only zeroes may be left out of the file: unmapped blocks must read as what was asked for.
  if (pattern.every((byte) => byte === 0)) return steps(blockBytes, {op: 'zero', ...range, mayUnmap, fua})
  return steps(blockBytes, {op: 'same', ...range, pattern, fua})
}

function writeSameRow(opcode: number, name: string): ScsiCommand {
  const dataOutBytes = (cdb: Uint8Array, blockBytes: number): number =>
    ((cdb[1] ?? 0) & NDOB_BIT) === 0 ? blockBytes : 0
  return {name, opcode, needsMedium: true, writes: true, dataOutBytes, plan: planWriteSame}
}

/**
 * WRITE SAME: one block of data, written to the whole range. 0 blocks are refused (WSNZ in VPD page B0h says so). Without data
 * (NDOB) the block is zeroes.
 *
 * Source: SBC-3, WRITE SAME (10, 16); both forms take NDOB, as in QEMU hw/scsi/scsi-disk.c.
 */
export const WRITE_SAME: readonly ScsiCommand[] = [
  writeSameRow(0x41, 'WRITE SAME(10)'),
  writeSameRow(0x93, 'WRITE SAME(16)'),
]
