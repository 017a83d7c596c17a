import {hasBits, rangeOf} from './addressing.js'
import {readBe} from './big-endian.js'
import type {ScsiCall, ScsiCommand} from './command.js'
import {check, good, steps, type ScsiPlan, type ScsiStep} from './plan.js'
import {SENSE} from './sense.js'

const ANCHOR_BIT = 0x01
const LIST_HEADER_BYTES = 8
/** u64 LBA, u32 blocks, u32 reserved. */
const DESCRIPTOR_BYTES = 16

function planUnmap(call: ScsiCall): ScsiPlan {
  if (!call.device.unmapOffered) return check(SENSE.invalidOpcode)
  if (hasBits(call, ANCHOR_BIT)) return check(SENSE.invalidField)
  const listBytes = readBe(call.cdb, 7, 2)
  if (listBytes === 0) return good()
  const list = call.dataOut.subarray(0, listBytes)
  if (list.length < listBytes || listBytes < LIST_HEADER_BYTES) return check(SENSE.parameterListLength)
  const descriptorBytes = readBe(list, 2, 2)
  const fits = readBe(list, 0, 2) + 2 <= listBytes && LIST_HEADER_BYTES + descriptorBytes <= listBytes
  if (!fits || descriptorBytes % DESCRIPTOR_BYTES !== 0) return check(SENSE.parameterListLength)

  const discards: ScsiStep[] = []
  for (let at = LIST_HEADER_BYTES; at < LIST_HEADER_BYTES + descriptorBytes; at += DESCRIPTOR_BYTES) {
    const range = rangeOf(call.device, {lba: readBe(list, at, 8), count: readBe(list, at + 8, 4)})
    // All are judged before one is obeyed.
    if (!range) return check(SENSE.lbaOutOfRange)
    if (range.lengthBytes > 0) discards.push({op: 'discard', ...range, fua: !call.device.writeCacheEnabled})
  }
  return discards.length === 0 ? good(listBytes) : steps(listBytes, ...discards)
}

/** UNMAP: gives blocks back, as many ranges as fit into one list. Source: SBC-3, UNMAP. */
export const UNMAP: readonly ScsiCommand[] = [
  {name: 'UNMAP', opcode: 0x42, needsMedium: true, writes: true, plan: planUnmap},
]
