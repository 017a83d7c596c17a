/**
 * Method: a batch is text, then a program, then a list of requests. `parseBatch` turns text into a program (what was
 * written, with line and column), `printBatch` turns it back, `resolveBatch` unrolls REPEAT, does the arithmetic, checks
 * every name, and makes a barrier on one side of a request a request of its own. Everything wrong is found here, before an
 * image is opened. Keywords come from the tables of the request room: what travels, and what a guest wishes for.
 *
 * To add one: an option is a row in OPTION_ROWS (option.ts); a pattern is a case of Pattern (pattern.ts, fill.ts).
 *
 * @module
 */
export {batchTooLarge, decodeBatchText} from './decode.js'
export {fillPattern, firstDifference} from './fill.js'
export {parseBatch} from './parse.js'
export {mayNamePartition, type StartOf} from './partition.js'
export type {Pattern} from './pattern.js'
export {printBatch} from './print.js'
export {BATCH_MAX_BYTES, DATA_MAX_BYTES, REQUESTS_MAX} from './program.js'
export {resolveBatch, type BatchRequest, type Statement} from './resolve.js'
