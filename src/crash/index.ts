/**
 * Method: a CrashModel reads a trace and knows for each point of it which images a crash may leave: what each unit may hold
 * (the ledger of the durability room says so), and which contents cannot be there together. `countStates` and `listStates` count
 * and list them, state ids name them. `explore` runs a check, which is recovery as a function over an image, on all of them without
 * making one: a unit stays undecided until it is read. What it finds is the smallest loss at the earliest point, told as a story,
 * and `findFix` says which flush or FUA would have prevented it. Pure: no files, no clock; the same trace and check give the
 * same answer.
 *
 * To add one: a way for a device to order writes is a member of DeviceOrder and the bonds it makes in point.ts; a way to tear
 * is a member of Part, its bytes in contents.ts, and where it may happen in point.ts.
 *
 * @module
 */
export type {Check, CheckImage} from './check.js'
export type {Content, Part} from './contents.js'
export {countStates, listStates} from './count.js'
export {explore, type Exploration} from './explore.js'
export {findFix, fixSearch, withInsertions, type Fix, type Insertion} from './fix.js'
export {CrashModel, type Settled} from './model.js'
export type {Atom, BaseReader, CrashOptions, DeviceOrder} from './options.js'
export type {CrashPoint} from './point.js'
export {joinReports} from './merge.js'
export {
  CRASH_SCHEMA,
  toldExploration,
  toldViolation,
  type CrashReport,
  type ReportedPoint,
  type Telling,
  type ToldViolation,
} from './report.js'
export {isInShard, parseShard, shareOf, type Shard} from './shard.js'
export {pointsOfPromises, stableSurvives} from './stable-survives.js'
export {circumstances, storyOf} from './story.js'
export {completed, sectorOf, shownBy, shownIn, stateId, stateOfId, type CrashState} from './states.js'
export {canShow, changedItsMind, lossOf, lostIn, type LostRange, type Verdict, type Violation} from './violation.js'
