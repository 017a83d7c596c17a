import {
  canShow,
  completed,
  lossOf,
  lostIn,
  shownBy,
  stateId,
  storyOf,
  type CrashState,
  type Verdict,
  type Violation,
} from '../crash/index.js'
import type {Asking, Saying} from './command-check-asking.js'

/** Asks one question after the other, as long as there is budget for new ones; what was said before costs nothing. */
export class Questions {
  readonly asking: Asking
  readonly signal: AbortSignal
  #budget: number

  /** @param budget runs of the command */
  constructor(asking: Asking, signal: AbortSignal, budget: number) {
    this.asking = asking
    this.signal = signal
    this.#budget = budget
  }

  /** Undefined when it was cancelled, or there is no budget for it. */
  async ask(state: CrashState, reached: number): Promise<Saying | undefined> {
    const {asking} = this
    const known = asking.recall(asking.keyOf(asking.keys.keyOf(state), reached))
    return known === undefined ? this.askAnew(state, reached) : known
  }

  /** Asks though the answer may be known. */
  async askAnew(state: CrashState, reached: number): Promise<Saying | undefined> {
    const [image] = this.asking.images
    if (this.#budget <= 0 || image === undefined) return undefined
    this.#budget--
    return this.asking.ask(image, state, reached, this.signal)
  }
}

/** How much a state lost, as `lossOf` counts it. */
export function lossOfState(state: CrashState): number {
  return lossOf(state.point, deviating(state))
}

/**
 * What kind of violation a state is, undefined for none. With no marks told it fails too: inconsistent. Else the mark whose promise
 * is broken is one that makes the difference: with those before it told the image passes, with it the image fails.
 */
export async function judgeState(questions: Questions, state: CrashState): Promise<Verdict | undefined> {
  const {model, reached} = state.point
  const message = await questions.ask(state, reached)
  if (message === null || message === undefined) return undefined
  if (reached === 0 || !questions.asking.readsMarks) return {kind: 'inconsistent', mark: null, message}
  let [passing, failing] = [0, reached]
  for (let fewer = 0; fewer < failing; fewer = (passing + failing) >> 1) {
    const saying = await questions.ask(state, fewer)
    if (saying === undefined)
      return {kind: 'inconsistent', mark: null, message: `${message} (not asked with fewer marks)`}
    if (saying === null) passing = fewer
    else if (fewer === 0) return {kind: 'inconsistent', mark: null, message}
    else failing = fewer
    if (failing - passing === 1) break
  }
  return {kind: 'acknowledged-lost', mark: model.marks[passing] ?? null, message}
}

/**
 * A violation from a state that fails: made smaller as long as less can be lost and it still fails in the same way, and moved to the
 * earliest point from `since` on where that can happen.
 */
export async function shrunkViolation(
  questions: Questions,
  state: CrashState,
  verdict: Verdict,
  since: number,
): Promise<Violation> {
  const smallest = await shrink(questions, {state, verdict})
  const {state: told, verdict: said} = (await earliest(questions, smallest, since)) ?? smallest
  const lost = lostIn(told)
  return {...said, state: told, id: stateId(told), event: told.point.event, lost, story: storyOf(told, said, lost)}
}

interface Judged {
  readonly state: CrashState
  readonly verdict: Verdict
}

async function shrink(questions: Questions, failing: Judged): Promise<Judged> {
  let best = failing
  for (;;) {
    const smaller = await smallerThan(questions, best)
    if (smaller === undefined) return best
    best = smaller
  }
}

async function smallerThan(questions: Questions, {state, verdict}: Judged): Promise<Judged | undefined> {
  const shown = deviating(state)
  const loss = lossOfState(state)
  for (const restored of restorations(state, shown)) {
    const candidate = completed(state.point, new Map([...shown].filter(([unit]) => !restored.has(unit))))
    if (lossOfState(candidate) >= loss) continue
    const again = await judgeLike(questions, candidate, verdict)
    if (again !== undefined) return {state: candidate, verdict: again}
  }
  return undefined
}

async function earliest(questions: Questions, {state, verdict}: Judged, since: number): Promise<Judged | undefined> {
  const {point} = state
  const shown = deviating(state)
  for (let event = since; event < point.event; event++) {
    const earlier = point.model.at(event)
    if (earlier.reached !== point.reached || !canShow(earlier, shown)) continue
    const candidate = completed(earlier, shown)
    const again = await judgeLike(questions, candidate, verdict)
    if (again !== undefined) return {state: candidate, verdict: again}
  }
  return undefined
}

/** The verdict of a state if it is of the same kind. */
async function judgeLike(questions: Questions, state: CrashState, like: Verdict): Promise<Verdict | undefined> {
  const verdict = await judgeState(questions, state)
  return verdict?.kind === like.kind && verdict.mark === like.mark ? verdict : undefined
}

/** What the units show that do not show what loses nothing. */
function deviating(state: CrashState): Map<number, number> {
  return new Map([...state.choices.keys()].map((unit) => [unit, shownBy(state, unit)]))
}

/** Units to give back to what loses nothing: those of one lost write, then ever shorter runs of them. */
function* restorations(state: CrashState, shown: ReadonlyMap<number, number>): Generator<ReadonlySet<number>> {
  const {point} = state
  const byWrite = new Map<number, Set<number>>()
  for (const [unit, number] of shown) {
    for (const id of point.lost(unit, number)) byWrite.set(id, (byWrite.get(id) ?? new Set()).add(unit))
  }
  for (const [, units] of [...byWrite].toSorted(([a], [b]) => b - a)) yield units
  const units = [...shown.keys()]
  for (let length = Math.ceil(units.length / 2); length >= 1; length = length === 1 ? 0 : Math.ceil(length / 2)) {
    for (let from = 0; from < units.length; from += length) yield new Set(units.slice(from, from + length))
  }
}
