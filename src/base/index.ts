/**
 * Method: what every other room may lean on and that leans on nothing: sizes, errors and their exit codes, errno names,
 * seeded random numbers and every choice in turn, byte ranges, histograms, slips of the finger, where the script of a thread lies
 * and how a module is imported. No I/O, no device knowledge.
 *
 * @module
 */
export {EXIT_CODES, exitCodeOf, invariant, ToolError, type ErrorContext, type ErrorKind} from './errors.js'
export {Chooser, forEveryChoice} from './chooser.js'
export {editDistance} from './edit-distance.js'
export {crc32c} from './crc32c.js'
export {codeOf, ERRNO, errnoName, errnoOf} from './errno.js'
export {Histogram, type HistogramJson} from './histogram.js'
export {importFile, importThrough, type ImportFile} from './import-file.js'
export {Prng} from './prng.js'
export type {Random} from './random.js'
export {alignOut, isMultipleOf, joinRanges, overlaps, type Range} from './range.js'
export {scriptUrl} from './script.js'
export {SectorSet} from './sector-set.js'
export {
  formatBytes,
  formatBytesBoth,
  formatNs,
  formatSize,
  parseDurationNs,
  parseSize,
  SECTOR_BYTES,
  SIZE_RULE,
} from './units.js'
