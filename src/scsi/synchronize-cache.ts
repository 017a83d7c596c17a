import {blocksIn, hasBits, rangeOf} from './addressing.js'
import type {ScsiCall, ScsiCommand} from './command.js'
import {check, steps, type ScsiPlan} from './plan.js'
import {SENSE} from './sense.js'

const IMMED_BIT = 0x02

function planSynchronize(call: ScsiCall): ScsiPlan {
  // A status before the data is stable would be no answer to the question.
  if (hasBits(call, IMMED_BIT)) return check(SENSE.invalidField)
  if (!rangeOf(call.device, blocksIn(call.cdb))) return check(SENSE.lbaOutOfRange)
  return steps(0, {op: 'flush'})
}

/**
 * SYNCHRONIZE CACHE: the whole cache, whatever range is named; 0 blocks mean to the end anyway. IMMED is refused.
 *
 * Source: SBC-3, SYNCHRONIZE CACHE (10, 16).
 */
export const SYNCHRONIZE_CACHE: readonly ScsiCommand[] = [
  {name: 'SYNCHRONIZE CACHE(10)', opcode: 0x35, needsMedium: true, writes: false, plan: planSynchronize},
  {name: 'SYNCHRONIZE CACHE(16)', opcode: 0x91, needsMedium: true, writes: false, plan: planSynchronize},
]
