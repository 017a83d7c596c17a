import {SECTOR_BYTES, ToolError} from '../base/index.js'
import {CheckRunner, type Decider, type Failure} from './check.js'
import type {CrashPoint} from './point.js'
import {completed, shownBy, stateId, type CrashState} from './states.js'
import {storyOf} from './story.js'

/** Sectors in a row that a write lost, or of which a part was left. */
export interface LostRange {
  readonly request: number
  readonly offsetBytes: number
  readonly lengthBytes: number
}

/**
 * An image that a crash may leave and that the check refuses. `acknowledged-lost`: the same image would do if the last marks
 * had not been reached, so that what is wrong is a broken promise. `inconsistent`: it would not do even then.
 */
export interface Violation {
  readonly state: CrashState
  readonly id: string
  /** Events before the crash. */
  readonly event: number
  readonly kind: 'inconsistent' | 'acknowledged-lost'
  /** The mark whose promise is broken, null for an inconsistent image. */
  readonly mark: string | null
  /** What the check said. */
  readonly message: string
  /** Ascending by request, then by place. */
  readonly lost: readonly LostRange[]
  readonly story: string
}

/** What a refusal amounts to. */
export type Verdict = Pick<Violation, 'kind' | 'mark' | 'message'>

/** What each write has lost in a state. */
export function lostIn(state: CrashState): LostRange[] {
  const {point} = state
  const {units} = point.model
  const ranges: {request: number; offsetBytes: number; lengthBytes: number}[] = []
  const lastOf = new Map<number, {request: number; offsetBytes: number; lengthBytes: number}>()
  const places = [...state.choices.keys()]
    .flatMap((unit) => units.sectorsOf(unit).map((sector) => ({unit, sector})))
    .toSorted((a, b) => a.sector - b.sector)
  for (const {unit, sector} of places) {
    for (const request of point.lost(unit, shownBy(state, unit))) {
      const last = lastOf.get(request)
      if (last && last.offsetBytes + last.lengthBytes === sector * SECTOR_BYTES) last.lengthBytes += SECTOR_BYTES
      else {
        const range = {request, offsetBytes: sector * SECTOR_BYTES, lengthBytes: SECTOR_BYTES}
        lastOf.set(request, range)
        ranges.push(range)
      }
    }
  }
  return ranges.toSorted((a, b) => a.request - b.request || a.offsetBytes - b.offsetBytes)
}

/** How much a state lost: fewer writes come first, then fewer units of them. */
export function lossOf(point: CrashPoint, shown: Iterable<readonly [unit: number, number: number]>): number {
  const writes = new Set<number>()
  let units = 0
  for (const [unit, number] of shown) {
    if (point.contents(unit)[0] === number) continue
    for (const id of point.lost(unit, number)) {
      writes.add(id)
      units++
    }
  }
  return writes.size * 2 ** 26 + Math.min(units, 2 ** 26 - 1)
}

/** Runs a check on one state, told of the first so many marks. */
function checkState(runner: CheckRunner, state: CrashState, reached: number): Failure | undefined {
  const decider: Decider = {decide: (unit) => shownBy(state, unit), decideReached: () => reached}
  return runner.run(decider)
}

/**
 * What kind of violation a state is. Marks are taken away, the last first, until the check lets the image pass: the mark taken last
 * is the broken promise. A check that fails with no marks at all has found an image that is wrong in itself. A check that names
 * the mark is believed.
 */
export function judge(runner: CheckRunner, state: CrashState): Verdict | undefined {
  const {model, reached} = state.point
  const failure = checkState(runner, state, reached)
  if (failure === undefined) return undefined
  const {message, acknowledged} = failure
  if (acknowledged !== undefined) return {kind: 'acknowledged-lost', mark: acknowledged, message}
  for (let fewer = reached - 1; fewer >= 0; fewer--) {
    if (checkState(runner, state, fewer) === undefined) {
      return {kind: 'acknowledged-lost', mark: model.marks[fewer] ?? null, message}
    }
  }
  return {kind: 'inconsistent', mark: null, message}
}

/**
 * A violation from a state that fails: moved to the earliest point after `since` where a crash can leave the same, and told.
 *
 * @param shown what the units that the check read show
 * @param since the point from which on images are only added
 */
export function violationOf(
  runner: CheckRunner,
  point: CrashPoint,
  shown: ReadonlyMap<number, number>,
  verdict: Verdict,
  since: number,
): Violation {
  let [state, told] = [completed(point, shown), verdict]
  for (let event = since; event < point.event; event++) {
    const earlier = point.model.at(event)
    if (earlier.reached !== point.reached || !canShow(earlier, shown)) continue
    const candidate = completed(earlier, shown)
    const again = judge(runner, candidate)
    if (again?.kind !== verdict.kind || again.mark !== verdict.mark) continue
    ;[state, told] = [candidate, again]
    break
  }
  const lost = lostIn(state)
  return {...told, state, id: stateId(state), event: state.point.event, lost, story: storyOf(state, told, lost)}
}

/** Whether an image of a point shows all of these: unit -> number of the content store. */
export function canShow(point: CrashPoint, shown: ReadonlyMap<number, number>): boolean {
  const list = [...shown]
  if (!list.every(([unit, number]) => point.contents(unit).includes(number))) return false
  if (!point.isTied) return true
  return list.every(([unit, number], i) =>
    list.slice(0, i).every(([other, beside]) => !point.conflicts(unit, number, other, beside)),
  )
}

/** Thrown when a check passes what it failed a moment ago. */
export function changedItsMind(message: string): ToolError {
  return new ToolError(
    'usage',
    'E_CHECK_NOT_DETERMINISTIC',
    `the check is not deterministic: it failed ("${message}"), and passed the same image when asked again`,
    {hint: 'Given the same bytes and marks it has to come to the same verdict.'},
  )
}
