/**
 * Method: the room where both halves meet. A run opens a stage (the image, a throw-away copy, or a simulated disk), drives the
 * batch through the engine, on the terms that a front end and its driver agree on (session.ts), while the ledger and the hazard
 * watch read the events, and returns a RunResult: a value. verdict.ts judges it, document.ts and compare-document.ts turn it into a
 * report, json.ts into the contract for scripts. beside.ts runs two batches on one simulated drive.
 *
 * @module
 */
export {diskModelFrom, guestOf, orderingsOf} from './asked.js'
export {loadBatch, readBatch} from './batch-source.js'
export {runBeside, type GuestBatch} from './beside.js'
export {besideDocument} from './beside-document.js'
export {compareDocument} from './compare-document.js'
export {runDocument} from './document.js'
export {runModes} from './modes.js'
export {loadPatternFiles} from './pattern-file.js'
export type {RunResult} from './result.js'
export {runBatch, type RunOptions} from './run.js'
export {verdictOf} from './verdict.js'
