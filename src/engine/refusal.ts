import {OPERAND_FLAGS_SHIFT, STATUS_OK, STATUS_UNSUPP, validate, type DeviceFacts} from '../request/index.js'
import type {Slots} from './slots.js'

/** STATUS_OK, or how the request of a slot ends without running. */
export function refusalOf(device: DeviceFacts, slots: Slots, slot: number): number {
  const segmentFlags = (slots.flags[slot] as number) >>> OPERAND_FLAGS_SHIFT
  const type = slots.types[slot] as number
  const status = validate(device, type, slots.offsets[slot] as number, slots.lengths[slot] as number, segmentFlags)
  if (status !== STATUS_OK) return status
  const plan = slots.plans[slot]
  if (plan === undefined || plan.refused) return STATUS_UNSUPP
  // A command that came without its CDB, or with data in both directions.
  return plan.kind.operands === 'cdb' && slots.tasks[slot] === undefined ? STATUS_UNSUPP : STATUS_OK
}
