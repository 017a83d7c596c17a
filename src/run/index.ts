/**
 * Method: the room where both halves meet. A run opens a stage (the image, a throw-away copy, or a simulated disk), drives the
 * batch through the engine while the ledger and the hazard watch read the events, and returns a RunResult: a value. verdict.ts
 * judges it, document.ts and compare-document.ts turn it into a report, json.ts into the contract for scripts.
 *
 * @module
 */
export {loadBatch} from './batch-source.js'
export {compareDocument} from './compare-document.js'
export {runDocument} from './document.js'
export {runModes} from './modes.js'
export {loadPatternFiles} from './pattern-file.js'
export type {RunResult} from './result.js'
export {runBatch, type RunOptions} from './run.js'
export {verdictOf} from './verdict.js'
