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
} from '../crash/index.js'
import type {CheckChoice} from './check-choice.js'
import {loadCheck} from './check-module.js'
import {openModel, type ModelRequest, type OpenModel} from './model-source.js'
import type {Pulse} from './pulse.js'

/** An exploration as a command line asks for it. Plain values. */
export interface ExploreJob {
  readonly model: ModelRequest
  readonly check: CheckChoice
  /** States after which to give up. */
  readonly budget?: number | undefined
}

/**
 * Does a job: loads what it names, explores, and looks for what would have prevented each violation.
 *
 * @param tell is given what is known so far: with each new violation, and once everything is explored
 * @throws ToolError as the loading and the exploration do
 */
export async function runJob(job: ExploreJob, pulse: Pulse, tell: (soFar: CrashReport) => void): Promise<CrashReport> {
  const {check: choice} = job
  const opened = openModel(job.model)
  try {
    const isCancelled = (): boolean => pulse.isCancelled
    if (choice.kind === 'builtin') {
      const points = pointsOfPromises(opened.model)
      return toldExploration(opened.model, stableSurvives(opened.model, {points, isCancelled}), points.length)
    }
    pulse.begin()
    const loaded = await loadCheck(choice.path)
    pulse.end()
    // Called as the plain function it is; what it answers is looked at, for an asynchronous check answers a promise.
    const check: Check = (image) => pulse.enter(() => loaded(image))
    return exploreWith(check, opened, job, isCancelled, tell)
  } finally {
    opened.close()
  }
}

function exploreWith(
  check: Check,
  {model, options}: OpenModel,
  {budget}: ExploreJob,
  isCancelled: () => boolean,
  tell: (soFar: CrashReport) => void,
): CrashReport {
  const points = model.pointsThatMatter()
  let known = 0
  const watch = (soFar: Exploration): void => {
    if (soFar.violations.length === known) return
    known = soFar.violations.length
    tell(toldExploration(model, {...soFar, complete: false}, points.length))
  }
  const exploration = explore(model, check, {budget, points, isCancelled, watch})
  tell(toldExploration(model, exploration, points.length))
  const fixes = new Map<string, Fix>()
  for (const violation of exploration.violations) {
    const fix = findFix(model.trace, options, check, violation, {budget, isCancelled})
    if (fix !== undefined) fixes.set(violation.id, fix)
  }
  return toldExploration(model, exploration, points.length, fixes)
}
