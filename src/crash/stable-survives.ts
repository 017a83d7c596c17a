import {listIds} from '../durability/index.js'
import {sharedPoints, type Exploration, type ExploreOptions} from './explore.js'
import {CrashModel} from './model.js'
import type {CrashPoint} from './point.js'
import {completed, stateId} from './states.js'
import {storyOf} from './story.js'
import {lossOf, lostIn, type Violation} from './violation.js'

interface Best {
  readonly loss: number
  readonly point: CrashPoint
  readonly unit: number
  readonly number: number
}

/**
 * Looks for a write that was stable when the trace was recorded, by what its mode and its flushes promise against a power cut, and
 * that an image of the model does not have: it may be lost under another mode, or be destroyed by the write over it that tears.
 * Each content of each unit is looked at by itself, which covers every image, for each is part of one. `states` counts contents.
 */
export function stableSurvives(
  model: CrashModel,
  options: Pick<ExploreOptions, 'points' | 'isCancelled' | 'shard'> = {},
): Exploration {
  const recorded = new CrashModel(model.trace)
  const points = sharedPoints(options.points ?? pointsOfPromises(model), options.shard)
  let [states, failing, covered] = [0, 0, 0]
  let violation: Violation | undefined
  for (const {at, since} of points) {
    if (options.isCancelled?.()) break
    const point = model.at(at)
    const promised = stableAt(recorded, at)
    let best: Best | undefined
    for (let unit = 0; unit < model.units.count; unit++) {
      for (const number of point.contents(unit)) {
        states++
        if (missing(point, unit, number, promised).length === 0) continue
        failing++
        const loss = lossOf(point, [[unit, number]])
        if (best === undefined || loss < best.loss) best = {loss, point, unit, number}
      }
    }
    if (best !== undefined && violation === undefined) violation = earliest(recorded, best, since)
    covered++
  }
  const complete = covered === points.length
  return {complete, states, failing, runs: 0, crashPoints: covered, violations: violation ? [violation] : []}
}

/**
 * The points that `stableSurvives` looks at: those that matter, and those just before more may have become stable in the recorded run,
 * so that what was owed first is found first.
 */
export function pointsOfPromises(model: CrashModel): number[] {
  const points = [...model.pointsThatMatter(), ...new CrashModel(model.trace).pointsThatMatter()]
  return [...new Set(points)].toSorted((a, b) => a - b)
}

/** Ids of the writes that the recorded run had made stable. */
function stableAt(recorded: CrashModel, at: number): ReadonlySet<number> {
  const {ledger} = recorded.moment(at)
  return new Set([...recorded.writes.keys()].filter((id) => ledger.stability(id).by !== 'none'))
}

/** Stable writes of a unit that are neither there nor overwritten when it shows a content. */
function missing(point: CrashPoint, unit: number, number: number, promised: ReadonlySet<number>): number[] {
  const {model, event} = point
  const {writer, part, under} = model.contents.content(unit, number)
  const {ledger} = model.moment(event)
  const isBelow = (shown: number, id: number): boolean => id !== shown && ledger.isBefore(shown, id)
  return model.units.writersOf(unit).filter((id) => {
    if (!promised.has(id)) return false
    // Garbage is nobody's data: only a write that another stable one replaced is not missed.
    if (part === 'garbage') return ![...promised].some((other) => overwrites(point, unit, other, id))
    return isBelow(writer, id) || ((part === 'left' || part === 'right') && isBelow(under ?? 0, id))
  })
}

function overwrites({model, event}: CrashPoint, unit: number, other: number, id: number): boolean {
  return model.units.writersOf(unit).includes(other) && model.moment(event).ledger.isBefore(id, other)
}

/** The failing image, moved to the first point after `since` that can show it against the same promise. */
function earliest(recorded: CrashModel, {point, unit, number}: Best, since: number): Violation {
  const {model} = point
  for (let event = since; event <= point.event; event++) {
    const earlier = model.at(event)
    if (!earlier.contents(unit).includes(number)) continue
    const lost = missing(earlier, unit, number, stableAt(recorded, event))
    if (lost.length === 0) continue
    const state = completed(earlier, new Map([[unit, number]]))
    const ranges = lostIn(state)
    const message = `${listIds(lost)} had been stable when this was recorded, and is not there`
    const verdict = {kind: 'acknowledged-lost', mark: null, message} as const
    return {...verdict, state, id: stateId(state), event, lost: ranges, story: storyOf(state, verdict, ranges)}
  }
  throw new RangeError(`point ${point.event} does not show what it showed`)
}
