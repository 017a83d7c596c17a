/**
 * Method: one engine per open image, used by every command and server. A request enters by submit() and becomes a slot.
 * schedule.ts says when it may start (barriers, dependencies, overlaps), waits.ts and range-order.ts what else it waits for, the
 * request room which steps it is made of. execution.ts runs those on a backend: flush-machine.ts turns wishes for stability into
 * device syncs, tagged-barrier.ts gives a barrier to a device that keeps the order itself, transfers.ts moves data, bounce.ts what is
 * finer than the alignment, scsi-task.ts takes a SCSI command apart. engine.ts is what callers see. Events go to an observer if there
 * is one. No guarantee is known here.
 *
 * @module
 */
export {Engine} from './engine.js'
export type {CancelAnswer, EngineOptions, ScsiCommandBlock} from './options.js'
export type {ScsiOutcome} from './scsi-task.js'
export {SYNC_TOKENS} from './syncs.js'
