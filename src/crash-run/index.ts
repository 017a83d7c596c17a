/**
 * Method: where the crash room meets files and threads. A trace is read into a model, with its base image held open; a check is
 * loaded from a module and run in a thread of its own, so that one that hangs can be ended; an image that a crash may leave is written
 * out. A check may also be a command (command-check.ts): each image is made on a scratch file by changing what differs from the last
 * one, and parts of an exploration that ran apart are joined (merge.ts). What a crash may leave is not known here.
 *
 * To add one: a check that comes with the tool is a row in builtin.ts. A way to pick images for a command is a member of StrategyName
 * (strategy.ts).
 *
 * @module
 */
export {BUILTIN_CHECKS, builtinCheck} from './builtin.js'
export {checkChoiceOf, type CheckChoice} from './check-choice.js'
export {loadCheck} from './check-module.js'
export {exploreWithCommand} from './command-check.js'
export {runCommandJob} from './command-job.js'
export {commandReport} from './command-report.js'
export {exploreInThreads, type ThreadEnd} from './exploration.js'
export {runJob, type ExploreJob} from './explore-job.js'
export {buildImage} from './image-file.js'
export {mergeReports} from './merge.js'
export {openModel, unreadBase} from './model-source.js'
export {imageDigest} from './trace-digest.js'
export {Pulse} from './pulse.js'
