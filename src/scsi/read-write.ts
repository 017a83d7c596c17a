import {blocksIn, cdbBytes, dataOfBlocks, hasBits, PROTECT_BITS, rangeOf} from './addressing.js'
import type {ScsiCall, ScsiCommand} from './command.js'
import {check, good, steps, type ScsiPlan} from './plan.js'
import {SENSE} from './sense.js'

const FUA_BIT = 0x08

/** The 6-byte forms have neither FUA nor protection: those bits belong to the address. */
function hasFlags(call: ScsiCall): boolean {
  return cdbBytes(call.cdb[0] ?? 0) !== 6
}

function planRead(call: ScsiCall): ScsiPlan {
  if (hasFlags(call) && hasBits(call, PROTECT_BITS)) return check(SENSE.invalidField)
  const range = rangeOf(call.device, blocksIn(call.cdb))
  if (!range) return check(SENSE.lbaOutOfRange)
  // Rather refused than GOOD with less than was asked for.
  if (range.lengthBytes > call.inBytes) return check(SENSE.invalidField)
  if (range.lengthBytes === 0) return good()
  const read = {op: 'read', ...range} as const
  // FUA asks for what is on the medium: a newer copy in the cache has to get there first.
  if (hasFlags(call) && hasBits(call, FUA_BIT)) return steps(range.lengthBytes, {op: 'flush'}, read)
  return steps(range.lengthBytes, read)
}

function planWrite(call: ScsiCall): ScsiPlan {
  if (hasFlags(call) && hasBits(call, PROTECT_BITS)) return check(SENSE.invalidField)
  const range = rangeOf(call.device, blocksIn(call.cdb))
  if (!range) return check(SENSE.lbaOutOfRange)
  if (range.lengthBytes > call.dataOut.length) return check(SENSE.invalidField)
  if (range.lengthBytes === 0) return good()
  const fua = !call.device.writeCacheEnabled || (hasFlags(call) && hasBits(call, FUA_BIT))
  return steps(range.lengthBytes, {op: 'write', ...range, fua})
}

function readRow(opcode: number, name: string): ScsiCommand {
  return {name, opcode, needsMedium: true, writes: false, plan: planRead}
}

function writeRow(opcode: number, name: string): ScsiCommand {
  return {name, opcode, needsMedium: true, writes: true, dataOutBytes: dataOfBlocks, plan: planWrite}
}

/**
 * READ and WRITE. DPO only says what is worth caching and is ignored. A buffer shorter than the blocks is refused; what is longer
 * becomes the residual.
 *
 * Source: SBC-3, READ and WRITE (6, 10, 12, 16); FUA of a read as QEMU hw/scsi/scsi-disk.c.
 */
export const READ_WRITE: readonly ScsiCommand[] = [
  readRow(0x08, 'READ(6)'),
  readRow(0x28, 'READ(10)'),
  readRow(0xa8, 'READ(12)'),
  readRow(0x88, 'READ(16)'),
  writeRow(0x0a, 'WRITE(6)'),
  writeRow(0x2a, 'WRITE(10)'),
  writeRow(0xaa, 'WRITE(12)'),
  writeRow(0x8a, 'WRITE(16)'),
]
