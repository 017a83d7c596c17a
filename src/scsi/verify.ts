import {blocksIn, dataOfBlocks, hasBits, PROTECT_BITS, rangeOf} from './addressing.js'
import type {ScsiCall, ScsiCommand} from './command.js'
import {check, good, steps, type ScsiPlan} from './plan.js'
import {SENSE} from './sense.js'

/** Two bits wide: 01b compares with the data sent. */
const BYTCHK_BITS = 0x06
const BYTCHK_COMPARE = 0x02

function planVerify(call: ScsiCall): ScsiPlan {
  if (hasBits(call, PROTECT_BITS | BYTCHK_BITS)) return check(SENSE.invalidField)
  const range = rangeOf(call.device, blocksIn(call.cdb))
  if (!range) return check(SENSE.lbaOutOfRange)
  if (range.lengthBytes === 0) return good()
  // What is to be verified is the medium, not the cache in front of it.
  return steps(0, {op: 'flush'}, {op: 'verify', ...range})
}

function planWriteAndVerify(call: ScsiCall): ScsiPlan {
  if (hasBits(call, PROTECT_BITS | (BYTCHK_BITS & ~BYTCHK_COMPARE))) return check(SENSE.invalidField)
  const range = rangeOf(call.device, blocksIn(call.cdb))
  if (!range) return check(SENSE.lbaOutOfRange)
  if (range.lengthBytes > call.dataOut.length) return check(SENSE.invalidField)
  if (range.lengthBytes === 0) return good()
  return steps(
    range.lengthBytes,
    {op: 'write', ...range, fua: true},
    {op: hasBits(call, BYTCHK_COMPARE) ? 'compare' : 'verify', ...range},
  )
}

function verifyRow(opcode: number, name: string): ScsiCommand {
  return {name, opcode, needsMedium: true, writes: false, plan: planVerify}
}

function writeAndVerifyRow(opcode: number, name: string): ScsiCommand {
  return {name, opcode, needsMedium: true, writes: true, dataOutBytes: dataOfBlocks, plan: planWriteAndVerify}
}

/**
 * VERIFY and WRITE AND VERIFY. Both look at the medium as FUA does. VERIFY takes no data to compare with.
 *
 * Source: SBC-3, VERIFY and WRITE AND VERIFY (10, 12, 16); QEMU hw/scsi/scsi-disk.c refuses BYTCHK in VERIFY.
 */
export const VERIFY: readonly ScsiCommand[] = [
  verifyRow(0x2f, 'VERIFY(10)'),
  verifyRow(0xaf, 'VERIFY(12)'),
  verifyRow(0x8f, 'VERIFY(16)'),
  writeAndVerifyRow(0x2e, 'WRITE AND VERIFY(10)'),
  writeAndVerifyRow(0xae, 'WRITE AND VERIFY(12)'),
  writeAndVerifyRow(0x8e, 'WRITE AND VERIFY(16)'),
]
