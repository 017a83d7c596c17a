/**
 * Method: a walk over a trace with a Ledger at its side. After each event it is known what is in flight, volatile and at risk,
 * and which writes became stable by whose doing; a document shows every event in a line, or one moment at length.
 *
 * To add one: a column is a field of Moment (walk.ts), filled there, and a cell in show-document.ts.
 *
 * @module
 */
export {showDocument} from './show-document.js'
export {stateDocument} from './state-document.js'
export {walk, type Moment} from './walk.js'
