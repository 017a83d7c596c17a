/**
 * Method: where the crash room meets files and threads. A trace is read into a model, with its base image held open; a check is
 * loaded from a module and run in a thread of its own, so that one that hangs can be ended; an image that a crash may leave is written
 * out. What a crash may leave is not known here.
 *
 * To add one: a check that comes with the tool is a row in check-choice.ts and a branch in explore-job.ts.
 *
 * @module
 */
export {BUILTIN_CHECKS, checkChoiceOf} from './check-choice.js'
export {loadCheck} from './check-module.js'
export {exploreInThread, type ThreadEnd} from './exploration.js'
export {runJob, type ExploreJob} from './explore-job.js'
export {buildImage} from './image-file.js'
export {openModel} from './model-source.js'
export {Pulse} from './pulse.js'
export {builtinCheck, COMMAND_BUILTINS, type BuiltinCheck} from './builtin.js'
export {
  exploreWithCommand,
  type CommandExploration,
  type CommandOptions,
  type CommandProgress,
  type CommandViolation,
  type PointCoverage,
} from './command-check.js'
export type {CommandCheck} from './command-check-asking.js'
export type {CommandLine} from './command-check-line.js'
export {mergeReports} from './merge.js'
export {commandReport, type CommandReport, type ReportOptions} from './merge-report.js'
export {parseShard, type Shard} from './shard.js'
export type {StrategyCoverage, StrategyName} from './strategy.js'
