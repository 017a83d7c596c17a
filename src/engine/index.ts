/**
 * Method: one engine per open image, used by every command and server. A request enters by submit() and becomes a slot.
 * schedule.ts says when it may start (barriers, dependencies, overlaps), the request room says which steps it is made of,
 * flush-machine.ts turns wishes for stability into device syncs, range-order.ts keeps order between ranges, bounce.ts carries what is
 * finer than the alignment, scsi-task.ts takes a SCSI command apart, and engine.ts runs the steps on a backend. Events go to an observer if there is one. No guarantee is known here.
 *
 * @module
 */
export {Engine} from './engine.js'
export type {CancelAnswer, EngineOptions, ScsiCommandBlock} from './options.js'
export type {ScsiOutcome} from './scsi-task.js'
export {SYNC_TOKENS} from './syncs.js'
