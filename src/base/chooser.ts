import {invariant} from './errors.js'
import type {Random} from './random.js'

/**
 * Decides for one run of forEveryChoice(). The first answers are given to it, every later question gets the first answer there
 * is; forEveryChoice() moves the last one on that has another.
 */
export class Chooser implements Random {
  readonly exhaustive = true
  readonly #given: readonly number[]
  readonly #answers: number[] = []
  readonly #widths: number[] = []

  /** @param given the answers to the first questions that have more than one */
  constructor(given: readonly number[] = []) {
    this.#given = given
  }

  /** What was answered so far, to questions that had more than one answer. Given to another run, it comes to the same point. */
  get answers(): readonly number[] {
    return this.#answers
  }

  /** How many answers each of those questions had. */
  get widths(): readonly number[] {
    return this.#widths
  }

  below(limit: number): number {
    if (limit <= 1) return 0
    const answer = this.#given[this.#answers.length] ?? 0
    invariant(answer < limit, `answer ${answer} was given to a question with ${limit}: the run is not deterministic`)
    this.#answers.push(answer)
    this.#widths.push(limit)
    return answer
  }

  /** All 2^32 of them: whoever asks reaches the limit of forEveryChoice(). */
  next(): number {
    return this.below(2 ** 32)
  }

  chance(probability: number): boolean {
    if (probability <= 0) return false
    return probability >= 1 || this.below(2) === 1
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T
  }
}

export interface ChoiceOptions {
  /** Runs after which to give up. */
  readonly limit: number
  /** Answers to the first questions, as a Chooser tells them; only what is asked after those is enumerated. */
  readonly after?: readonly number[]
}

/**
 * Runs a function once for every combination of answers it can get, depth first, the last question varied fastest. Promises: no
 * combination twice, and none left out, provided that the function asks the same whenever it was answered the same.
 *
 * @returns the number of runs
 * @throws ToolError of kind bug when there are more than `limit`, or when the function is seen not to be deterministic
 */
export function forEveryChoice(run: (chooser: Chooser) => void, options: ChoiceOptions): number {
  const fixed = options.after?.length ?? 0
  let given: readonly number[] | undefined = options.after ?? []
  for (let runs = 0; ; runs++) {
    if (given === undefined) return runs
    invariant(runs < options.limit, `there are more than ${options.limit} combinations of choices`)
    const chooser = new Chooser(given)
    run(chooser)
    invariant(chooser.answers.length >= given.length, 'a run asked less than before: it is not deterministic')
    given = nextAnswers(chooser, fixed)
  }
}

/** The answers of the next combination in order; undefined after the last. */
function nextAnswers({answers, widths}: Chooser, fixed: number): readonly number[] | undefined {
  for (let last = answers.length - 1; last >= fixed; last--) {
    const answer = (answers[last] ?? 0) + 1
    if (answer < (widths[last] ?? 0)) return [...answers.slice(0, last), answer]
  }
  return undefined
}
