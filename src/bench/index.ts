/**
 * Method: a bench measures what cache modes, flushes, FUA and barriers cost, through the engine that runs use. matrix.ts turns words
 * (fio's, where it has one) into cells, one Workload each; request-stream.ts makes requests of a workload, job.ts drives them through
 * an engine and counts, job-setup.ts opens what a job needs, crew.ts runs several on threads; round.ts runs a cell once, bench.ts all
 * cells round by round, each round beginning with another. How requests reach the kernel is measured first, path-choice.ts. The result
 * is a BenchResult, a value: what people and scripts see of it is made from that.
 *
 * To add one: a word is a row of WORDS in matrix.ts; a sync method one of WAYS in sync-methods.ts.
 *
 * @module
 */
export {overwrites, runBench, type BenchProgress, type FinishedBench} from './bench.js'
export type {Cell} from './cell.js'
export {requireConsent} from './consent.js'
export {BENCH_WORDS, cellsOf, type BenchWords} from './matrix.js'
export {makeImage} from './prepare.js'
export {summaryDocument} from './summary-document.js'
export {measureSyncMethods} from './sync-methods.js'
export {syncMethodsDocument} from './sync-methods-document.js'
export {replayCell, traceRequests, TraceStream} from './trace-stream.js'
export {verifiedDocument} from './verified-document.js'
export {verifyImage} from './verify-image.js'
