import {CrashModel, fixSearch, withInsertions, type Fix, type Insertion, type Violation} from '../crash/index.js'
import type {Trace} from '../trace/index.js'
import type {Questions} from './command-check-judge.js'
import {planStates} from './strategy.js'

export interface CommandFixOptions {
  /** Images of a crash point that are all looked at; a candidate with more at some point does not count. */
  readonly budget: number
  readonly seed: number
  /** Images that are put together for all candidates, most of them known already. */
  readonly images: number
}

/**
 * The cheapest change that prevents a violation, as `findFix` finds it, with a command as check. Undefined when none does, or none is
 * proved to within the budgets: a candidate counts only when every image it leaves possible was asked about.
 */
export async function findCommandFix(
  questions: Questions,
  violation: Violation,
  options: CommandFixOptions,
): Promise<Fix | undefined> {
  const {model} = violation.state.point
  if (model.replay.mode.noFlush) return undefined // nobody hears a flush
  const until = model.pointsThatMatter().find((point) => point >= violation.event) ?? model.lastPoint
  const part: Trace = {...model.trace, events: model.trace.events.slice(0, until)}
  let left = options.images
  /** Whether no image up to the end of some first events is refused. The model has all events: a scratch file shows the units of one trace. */
  const passes = async (first: Trace, insertions: readonly Insertion[]): Promise<boolean> => {
    const changed = new CrashModel(withInsertions(model.trace, insertions), {...model.options, base: model.before.base})
    const end = withInsertions(first, insertions).events.length
    // Between two points that matter images are only added, so that the end has all of those behind the last.
    for (const event of new Set([...changed.pointsThatMatter().filter((point) => point < end), end])) {
      const point = changed.at(event)
      const keyOf = questions.asking.keys.keyOf.bind(questions.asking.keys)
      const {isExhaustive, proposals} = planStates(point, {budget: options.budget, seed: options.seed, keyOf})
      if (!isExhaustive) return false
      for (const {state} of proposals) {
        if (--left < 0) return false
        if ((await questions.ask(state, point.reached)) !== null) return false
      }
    }
    return true
  }
  const search = fixSearch(part)
  let next = search.next()
  while (!next.done) {
    const insertions = next.value
    if (--left < 0 || questions.signal.aborted) next = search.next('stop')
    else if (!(await passes(part, insertions))) next = search.next('fails')
    else next = search.next((await passes(model.trace, insertions)) ? 'is whole' : 'prevents')
  }
  return next.value
}
