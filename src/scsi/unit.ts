import {hasBits} from './addressing.js'
import {readBe, writeBe} from './big-endian.js'
import type {ScsiCall, ScsiCommand} from './command.js'
import {answer, check, good, steps, type ScsiPlan} from './plan.js'
import {descriptorSense, fixedSense, SENSE} from './sense.js'

const DESC_BIT = 0x01

/** A failing command delivers its own sense data: there is never any left to ask for. */
function planRequestSense(call: ScsiCall): ScsiPlan {
  const sense = hasBits(call, DESC_BIT) ? descriptorSense(SENSE.noSense) : fixedSense(SENSE.noSense)
  return answer(sense, readBe(call.cdb, 4, 1), call.inBytes)
}

const START_BIT = 0x01
const NO_FLUSH_BIT = 0x04
const POWER_CONDITION_BITS = 0xf0

/** Changes no state; but a disk that is told to stop has to save its cache first, unless the guest forbids it. */
function planStartStop(call: ScsiCall): ScsiPlan {
  const asked = readBe(call.cdb, 4, 1)
  const starts = (asked & POWER_CONDITION_BITS) === 0 && (asked & START_BIT) !== 0
  if (starts || (asked & NO_FLUSH_BIT) !== 0 || !call.device.hasMedium) return good()
  return steps(0, {op: 'flush'})
}

const LUN_BYTES = 8
const LUNS_HEADER_BYTES = 8
const ONLY_WELL_KNOWN = 1
const SELECT_REPORT_MAX = 2

/** One logical unit, number 0, which is no well-known one. */
function planReportLuns(call: ScsiCall): ScsiPlan {
  const allocationBytes = readBe(call.cdb, 6, 4)
  const selectReport = readBe(call.cdb, 2, 1)
  const tooShort = allocationBytes < LUNS_HEADER_BYTES + LUN_BYTES
  if (tooShort || selectReport > SELECT_REPORT_MAX) return check(SENSE.invalidField)
  const listBytes = selectReport === ONLY_WELL_KNOWN ? 0 : LUN_BYTES
  const data = new Uint8Array(LUNS_HEADER_BYTES + listBytes)
  writeBe(data, 0, 4, listBytes)
  return answer(data, allocationBytes, call.inBytes)
}

/** Commands to the unit rather than to its blocks. Source: SPC-3, 6.21, 6.27 and 6.33; SBC-3, START STOP UNIT. */
export const UNIT: readonly ScsiCommand[] = [
  {name: 'TEST UNIT READY', opcode: 0x00, needsMedium: true, writes: false, plan: () => good()},
  {name: 'REQUEST SENSE', opcode: 0x03, needsMedium: false, writes: false, plan: planRequestSense},
  {name: 'START STOP UNIT', opcode: 0x1b, needsMedium: false, writes: false, plan: planStartStop},
  {
    name: 'PREVENT ALLOW MEDIUM REMOVAL',
    opcode: 0x1e,
    needsMedium: false,
    writes: false,
    plan: () => good(),
  },
  {name: 'REPORT LUNS', opcode: 0xa0, needsMedium: false, writes: false, plan: planReportLuns},
]
