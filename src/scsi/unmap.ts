import {hasBits, rangeOf} from './addressing.js'
import {readBe} from './big-endian.js'
import type {ScsiCall, ScsiCommand} from './command.js'
import {check, good, steps, type ScsiPlan} from './plan.js'
import {SENSE} from './sense.js'

const ANCHOR_BIT = 0x01
const LIST_HEADER_BYTES = 8
/** u64 LBA, u32 blocks, u32 reserved. */
const DESCRIPTOR_BYTES = 16
/**
 * A write has one range for everything above this room: traces, the ledger and the crash model. The hull of several would call what
 * lies between them discarded, and requests of their own would need a status and a place in the queue each. VPD page B0h announces it.
 */
export const UNMAP_DESCRIPTORS_MAX = 1

function listBytesOf(cdb: Uint8Array): number {
  return readBe(cdb, 7, 2)
}

function planUnmap(call: ScsiCall): ScsiPlan {
  if (!call.device.unmapOffered) return check(SENSE.invalidOpcode)
  if (hasBits(call, ANCHOR_BIT)) return check(SENSE.invalidField)
  const listBytes = listBytesOf(call.cdb)
  if (listBytes === 0) return good()
  const list = call.dataOut.subarray(0, listBytes)
  if (list.length < listBytes || listBytes < LIST_HEADER_BYTES) return check(SENSE.parameterListLength)
  const descriptorBytes = readBe(list, 2, 2)
  const fits = readBe(list, 0, 2) + 2 <= listBytes && LIST_HEADER_BYTES + descriptorBytes <= listBytes
  if (!fits || descriptorBytes % DESCRIPTOR_BYTES !== 0) return check(SENSE.parameterListLength)
  if (descriptorBytes > UNMAP_DESCRIPTORS_MAX * DESCRIPTOR_BYTES) return check(SENSE.invalidParameter)
  if (descriptorBytes === 0) return good(listBytes)
  const descriptor = list.subarray(LIST_HEADER_BYTES)
  const range = rangeOf(call.device, {lba: readBe(descriptor, 0, 8), count: readBe(descriptor, 8, 4)})
  if (!range) return check(SENSE.lbaOutOfRange)
  if (range.lengthBytes === 0) return good(listBytes)
  return steps(listBytes, {op: 'discard', ...range, fua: !call.device.writeCacheEnabled})
}

/**
 * UNMAP: gives the blocks of one range back. A list of more ranges is refused, and nothing of it done.
 *
 * Source: SBC-3, UNMAP, and its block limits page for the number of descriptors.
 */
export const UNMAP: readonly ScsiCommand[] = [
  {name: 'UNMAP', opcode: 0x42, needsMedium: true, writes: true, dataOutBytes: listBytesOf, plan: planUnmap},
]
