/**
 * Method: a write is in flight, then volatile, then stable, or in doubt for ever. The Ledger follows the events of a run
 * and answers from that alone: since when each write is stable, which bytes a crash would lose, what each sector may hold
 * afterwards. The HazardWatch reads the same events for misuse. What a mode promises before anything runs (guarantees,
 * survival, assumptions) is computed from its facts, and with those of a front end it says whether data is safe behind it
 * (the matrix). Nothing here knows a file, and no mode or front end is named in a rule.
 *
 * To add one: a guarantee is a row of RULES in guarantees.ts; a hazard is a code and a sentence in hazard-codes.ts, and the
 * place in hazards.ts that tallies it.
 *
 * @module
 */
export {CRASH_KINDS, type CrashKind} from './crash-kind.js'
export {guarantees, type Guarantee, type GuaranteeId} from './guarantees.js'
export {HAZARD_CODES, type HazardCode} from './hazard-codes.js'
export {HazardWatch, type Hazard} from './hazards.js'
export {listIds} from './id-list.js'
export {Ledger} from './ledger.js'
export {guestFlushes, matrixCell, type MatrixCell} from './matrix.js'
export {DISK, EPOCH_DISK, type Medium} from './medium.js'
export type {Stability} from './stability.js'
export type {Tie} from './ties.js'
export {assumptions, survival, survivors, type FailureKind, type Survivors} from './survival.js'
