import type {Range} from '../base/index.js'
import {STATUS_OK} from '../request/index.js'
import type {CompleteEvent, StartEvent, SubmitEvent} from '../trace/index.js'
import type {Slots} from './slots.js'

/** What an observer is told of a request that has just been accepted. */
export function submitEvent(slots: Slots, slot: number, atNs: number): SubmitEvent {
  return {
    kind: 'submit',
    id: slots.ids[slot] as number,
    type: slots.types[slot] as number,
    flags: slots.flags[slot] as number,
    offsetBytes: slots.startOf(slot),
    lengthBytes: slots.lengthOf(slot),
    plan: slots.planOf(slot),
    atNs,
  }
}

/** What an observer is told of a request whose first step is about to be issued. @param fresh see StartEvent */
export function startEvent(slots: Slots, slot: number, fresh: readonly Range[] | undefined, atNs: number): StartEvent {
  return {
    kind: 'start',
    id: slots.ids[slot] as number,
    held: slots.held[slot] === 1,
    fresh,
    preSync: slots.fenced[slot] === 1 ? true : undefined,
    atNs,
  }
}

/** What an observer is told of a request that has ended. @param ok it did all that was asked, a SCSI command included */
export function completeEvent(slots: Slots, slot: number, ok: boolean, atNs: number): CompleteEvent {
  const plan = slots.planOf(slot)
  const status = slots.statuses[slot] as number
  const done = ok && status === STATUS_OK && plan !== undefined
  return {
    kind: 'complete',
    id: slots.ids[slot] as number,
    status,
    errno: slots.errnos[slot] as number,
    stable: done && plan.kind.writes && (plan.dsync || plan.postSync),
    ignored: done && plan.ignoresSync,
    atNs,
  }
}
