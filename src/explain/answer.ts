import {CACHE_MODES, type CacheMode} from '../cache-mode/index.js'
import {
  guarantees,
  survival,
  survivors,
  type FailureKind,
  type GuaranteeId,
  type Survivors,
} from '../durability/index.js'
import {ORDERING_MODES} from '../ordering/index.js'

/** One cell of a table of promises. */
export interface Answer {
  readonly mode: CacheMode
  readonly holds: 'yes' | 'no' | 'conditional'
  /** What makes it so; for a conditional answer also the condition. */
  readonly why: string
}

/** One question put to every cache mode. */
export interface AnswerRow<Id extends string> {
  readonly id: Id
  readonly question: string
  /** One per mode, in the order of CACHE_MODES. */
  readonly answers: readonly Answer[]
}

/** Every way to end that the survival table asks about, mildest first. */
const FAILURES: readonly (readonly [FailureKind, question: string])[] = [
  ['guestCrash', 'guest crash'],
  ['processKill', 'process kill'],
  ['osCrash', 'host OS crash'],
  ['powerLoss', 'power loss'],
]

/** The eleven guarantees under every mode. What depends on the barrier policy is conditional, and says on which. */
export function guaranteeRows(): AnswerRow<GuaranteeId>[] {
  const [first] = ORDERING_MODES
  const [mode] = CACHE_MODES
  if (!first || !mode) return []
  return guarantees(mode, first).map(({id, promise}) => ({
    id,
    question: promise,
    answers: CACHE_MODES.map((candidate) => guaranteeAnswer(candidate, id)),
  }))
}

/** What becomes of completed writes under every mode, one row a failure. */
export function survivalRows(): AnswerRow<FailureKind>[] {
  return FAILURES.map(([id, question]) => ({
    id,
    question,
    answers: CACHE_MODES.map((mode) => survivalAnswer(mode, id)),
  }))
}

/** One guarantee under one mode, over all barrier policies. */
export function guaranteeAnswer(mode: CacheMode, id: GuaranteeId): Answer {
  const found = ORDERING_MODES.flatMap((ordering) =>
    guarantees(mode, ordering)
      .filter((guarantee) => guarantee.id === id)
      .map(({holds, why}) => ({ordering: ordering.name, holds, why})),
  )
  const holding = found.filter(({holds}) => holds === true)
  const assumed = found.find(({holds}) => holds === 'assumed')
  if (assumed) return {mode, holds: 'conditional', why: assumed.why}
  const strongest = found.at(-1)?.why ?? ''
  if (holding.length === 0) return {mode, holds: 'no', why: strongest}
  if (holding.length === found.length) return {mode, holds: 'yes', why: strongest}
  const names = holding.map(({ordering}) => ordering)
  return {mode, holds: 'conditional', why: `Only with --ordering ${alternatives(names)}. ${holding[0]?.why ?? ''}`}
}

/** What becomes of completed writes in one failure under one mode. */
export function survivalAnswer(mode: CacheMode, failure: FailureKind): Answer {
  const why = survival(mode)[failure]
  const more = failure === 'processKill' ? ` ${guaranteeAnswer(mode, 'G-PROC').why}` : ''
  return {mode, holds: answerOf(survivors(mode, failure)), why: why + more}
}

function answerOf(kept: Survivors): Answer['holds'] {
  switch (kept) {
    case 'completed':
      return 'yes'
    case 'flushed':
    case 'flushed or in place':
      return 'conditional'
    case 'nothing':
      return 'no'
  }
}

/** "a", "a or b", "a, b or c". */
function alternatives(names: readonly string[]): string {
  const last = names.at(-1) ?? ''
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} or ${last}`
}
