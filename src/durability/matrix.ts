import {writeCacheEnabled, type CacheMode} from '../cache-mode/index.js'
import type {Fact, FrontendFacts} from '../frontend/index.js'

/**
 * What goes wrong where a combination is not safe. `stability`: data the guest was told is on stable storage may not be.
 * `ordering`: each write is stable in time, but requests pass each other.
 */
export type MatrixFailure = 'none' | 'stability' | 'ordering'

/** One front end under one cache mode. `safe` exactly when `failure` is none. */
export interface MatrixCell {
  readonly safe: boolean
  readonly failure: MatrixFailure
  /** One sentence, or two: the mechanism that makes it safe or not. */
  readonly reason: string
  /** Where the facts come from that decide. */
  readonly source: string
}

/** One of the two questions a combination has to answer: is it answered, by which mechanism, and who says so. */
interface Answer {
  readonly ok: boolean
  readonly why: string
  readonly sources: readonly string[]
}

/**
 * Whether data is safe behind a front end under a cache mode: can it be made stable, and is order kept? Derived from the
 * facts alone. Where both fail, `failure` is stability and the reason names both. What the host and the guest's own file
 * system have to do is taken for granted here (Era.conditions, assumptions).
 *
 * Source: semantics 4.1 to 4.5.
 */
export function matrixCell(facts: FrontendFacts, mode: CacheMode): MatrixCell {
  const stable = stability(facts, mode)
  const order = ordering(facts)
  const cell = (failure: MatrixFailure, reason: string, ...answers: readonly Answer[]): MatrixCell => ({
    safe: failure === 'none',
    failure,
    reason,
    source: [...new Set(answers.flatMap((answer) => answer.sources).flatMap((source) => source.split('; ')))].join(
      '; ',
    ),
  })
  if (stable.ok) {
    return order.ok
      ? cell('none', `${stable.why}, and ${order.why}.`, stable, order)
      : cell('ordering', `${stable.why}, but the order is lost: ${order.why}.`, stable, order)
  }
  return order.ok
    ? cell('stability', `${stable.why}.`, stable)
    : cell('stability', `${stable.why}. The order is lost as well: ${order.why}.`, stable, order)
}

/** Whether a guest that sees this device under this mode sends it flushes. */
export function guestFlushes(facts: FrontendFacts, mode: CacheMode): boolean {
  return flushObstacle(facts, mode) === undefined
}

/** Why no flush is sent; undefined where they are. */
function flushObstacle(facts: FrontendFacts, mode: CacheMode): Answer | undefined {
  const {flushCommand, writeCache, driverFlushes} = facts
  if (!flushCommand.value) return no(`there is no flush to send: ${flushCommand.says}`, flushCommand)
  if (!advertises(facts, mode)) return no(`no flush is sent: WCE is not advertised, ${writeCache.says}`, writeCache)
  if (!driverFlushes.value) return no(`no flush is sent: ${driverFlushes.says}`, driverFlushes)
  return undefined
}

function advertises({writeCache}: FrontendFacts, mode: CacheMode): boolean {
  switch (writeCache.value) {
    case 'never':
      return false
    case 'mode':
      return writeCacheEnabled(mode)
    case 'always':
      return true
  }
}

function stability(facts: FrontendFacts, mode: CacheMode): Answer {
  const {flushCommand, writeCache, writesThroughUnasked} = facts
  if (mode.noFlush) {
    return {
      ok: false,
      why: `A flush is answered OK and ignored under ${mode.name}, so nothing is certain to survive a host crash or a power loss`,
      sources: [mode.source],
    }
  }
  const obstacle = flushObstacle(facts, mode)
  if (mode.dsync) {
    const idle = obstacle ? '' : ' (the flushes the guest sends have nothing left to do)'
    return {ok: true, why: `A write is stable when it completes${idle}`, sources: [mode.source]}
  }
  if (!obstacle)
    return yes(`A flush makes completed writes stable, and is sent: ${writeCache.says}`, flushCommand, writeCache)
  // The rule of virtio holds where flushing was offered; a device that does not offer it promises nothing.
  if (writesThroughUnasked.value && flushCommand.value && advertises(facts, mode))
    return yes(`A write is stable when it completes: ${writesThroughUnasked.says}`, writesThroughUnasked)
  return {
    ...obstacle,
    why: `Under ${mode.name} a completed write ${whereItIs(mode)}, and ${obstacle.why}`,
    sources: [mode.source, ...obstacle.sources],
  }
}

function whereItIs(mode: CacheMode): string {
  return mode.direct
    ? 'may be in the volatile cache of the drive only, its block allocation in host memory'
    : 'may be in the host page cache only'
}

function ordering({driverOrder, ordersTags}: FrontendFacts): Answer {
  switch (driverOrder.value) {
    case 'none':
      return no(`no drain, ${driverOrder.says}`, driverOrder)
    case 'drain':
    case 'drain-flush':
    case 'wait':
      return yes(driverOrder.says, driverOrder)
    case 'tag':
      return ordersTags.value
        ? yes(`${driverOrder.says}; ${ordersTags.says}`, driverOrder, ordersTags)
        : no(`no drain, ${driverOrder.says}, and ${ordersTags.says}`, driverOrder, ordersTags)
  }
}

function yes(why: string, ...facts: readonly Fact<unknown>[]): Answer {
  return {ok: true, why, sources: facts.map((fact) => fact.source)}
}

function no(why: string, ...facts: readonly Fact<unknown>[]): Answer {
  return {ok: false, why, sources: facts.map((fact) => fact.source)}
}
