/**
 * Method: a bench measures what cache modes, flushes, FUA and barriers cost, through the engine that runs use. matrix.ts turns words
 * (fio's, where it has one) into cells, one Workload each; request-stream.ts makes requests of a workload, job.ts drives them through
 * an engine and counts, job-setup.ts opens what a job needs, crew.ts runs several on threads; turn.ts opens the image for cells that
 * run side by side, round.ts runs them once, bench.ts all turns round by round, each round beginning with another. How requests reach the kernel is measured first, path-choice.ts. The result
 * is a BenchResult, a value: what people and scripts see of it is made from that.
 *
 * Latencies go into a Histogram, which loses none; a cell's rounds become CellFigures, each figure with what is known of its noise
 * (statistics.ts); cells are called different only when their intervals do not overlap (difference.ts). bench-document.ts puts tables,
 * charts and words around that; its JSON has the shape of fio's, and fio-report.ts reads both. A job file in fio's syntax is read by
 * job-file.ts, said in the words of the bench by job-words.ts, and made turns of by job-turns.ts.
 *
 * To add one: a word is a row of WORDS in matrix.ts; a sync method one of WAYS in sync-methods.ts; a key of job files is a row of
 * JOB_KEYS in job-keys.ts, and one of SAME in job-words.ts where a word takes its value; an extension for exports is a row of
 * FORMAT_OF in export.ts.
 *
 * @module
 */
export {overwrites, runBench, type FinishedBench} from './bench.js'
export {benchDocument} from './bench-document.js'
export type {Cell, Turn} from './cell.js'
export {comparisonDocument} from './comparison-document.js'
export {compareReports, jobsBelow, parseFailUnder} from './comparison.js'
export {requireConsent} from './consent.js'
export {exportDocument, exportsOf, refuseExports} from './export.js'
export {refuseBesideCompare, refuseConflicts} from './flag-conflicts.js'
export {loadFioReport} from './fio-report.js'
export {turnsOfJobFile} from './job-turns.js'
export {BENCH_WORDS, cellsOf, type BenchWords} from './matrix.js'
export {makeImage} from './prepare.js'
export {progressLine} from './progress-line.js'
export {measureSyncMethods} from './sync-methods.js'
export {syncMethodsDocument} from './sync-methods-document.js'
export {replayCell, traceRequests, TraceStream} from './trace-stream.js'
export {verifiedDocument} from './verified-document.js'
export {verifyImage} from './verify-image.js'
