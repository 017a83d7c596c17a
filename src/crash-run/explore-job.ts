import {
  explore,
  findFix,
  pointsOfPromises,
  stableSurvives,
  toldExploration,
  type Check,
  type CrashReport,
  type Exploration,
  type Fix,
  type Shard,
  type Telling,
} from '../crash/index.js'
import {builtinFunction, type InProcessCheck} from './check-choice.js'
import {loadCheck} from './check-module.js'
import {openModel, type ModelRequest, type OpenModel} from './model-source.js'
import type {Pulse} from './pulse.js'

/** An exploration with a check in this process, as a command line asks for it. Plain values. */
export interface ExploreJob {
  readonly model: ModelRequest
  readonly check: InProcessCheck
  /** States after which to give up. */
  readonly budget?: number | undefined
  /** Looks only at this share of the crash points. */
  readonly shard?: Shard | undefined
}

/**
 * Does a job: loads what it names, explores, and looks for what would have prevented each violation.
 *
 * @param tell is given what is known so far: with each new violation, and once everything is explored
 * @throws ToolError as the loading and the exploration do
 */
export async function runJob(job: ExploreJob, pulse: Pulse, tell: (soFar: CrashReport) => void): Promise<CrashReport> {
  const {check: choice, budget, shard} = job
  const opened = openModel(job.model)
  const {model} = opened
  try {
    const isCancelled = (): boolean => pulse.isCancelled
    const check = choice.kind === 'module' ? await loadedCheck(choice.path, pulse) : builtinFunction(choice.name)
    const named = choice.kind === 'module' ? choice.path : choice.name
    const points = check === undefined ? pointsOfPromises(model) : model.pointsThatMatter()
    const telling: Telling = {
      of: {trace: opened.digest(), check: named, budget: budget ?? null, seed: 0, shares: 'points'},
      shard,
      crashPointsAll: points.length,
    }
    if (check !== undefined) return exploreWith(check, points, opened, {job, telling, isCancelled, tell})
    return toldExploration(model, stableSurvives(model, {points, shard, isCancelled}), telling)
  } finally {
    opened.close()
  }
}

async function loadedCheck(path: string, pulse: Pulse): Promise<Check> {
  pulse.begin()
  const loaded = await loadCheck(path)
  pulse.end()
  // Called as the plain function it is; what it answers is looked at, for an asynchronous check answers a promise.
  return (image) => pulse.enter(() => loaded(image))
}

interface Conversation {
  readonly job: ExploreJob
  readonly telling: Telling
  readonly isCancelled: () => boolean
  readonly tell: (soFar: CrashReport) => void
}

function exploreWith(
  check: Check,
  points: readonly number[],
  {model, options}: OpenModel,
  {job: {budget, shard}, telling, isCancelled, tell}: Conversation,
): CrashReport {
  let known = 0
  const watch = (soFar: Exploration): void => {
    if (soFar.violations.length === known) return
    known = soFar.violations.length
    tell(toldExploration(model, {...soFar, complete: false}, telling))
  }
  const exploration = explore(model, check, {budget, points, shard, isCancelled, watch})
  tell(toldExploration(model, exploration, telling))
  const fixes = new Map<string, Fix>()
  for (const violation of exploration.violations) {
    const fix = findFix(model.trace, options, check, violation, {budget, isCancelled})
    if (fix !== undefined) fixes.set(violation.id, fix)
  }
  return toldExploration(model, exploration, {...telling, fixes})
}
