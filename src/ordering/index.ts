/**
 * Method: what a barrier means is a policy, not a property of the request. Each policy is a row of facts: does it drain or leave
 * the order to the device, does it flush before, how is its own data made stable. The request room lowers a request with these
 * facts to steps. A policy that needs ordered tags is replaced where the backend has none: see `withoutTags`.
 *
 * To add one: a file with its facts, and a row in ORDERING_MODES below.
 *
 * @module
 */
import {ToolError} from '../base/index.js'
import {drain} from './drain.js'
import {drainFlush} from './drain-flush.js'
import {drainFua} from './drain-fua.js'
import type {OrderingMode} from './mode.js'
import {none} from './none.js'
import {tag} from './tag.js'
import {tagFlush} from './tag-flush.js'
import {tagFua} from './tag-fua.js'

export type {OrderingMode, OrderingName} from './mode.js'

/** Every barrier policy: none, then those that drain, then those that leave it to the device, the weakest of each first. */
export const ORDERING_MODES: readonly OrderingMode[] = [none, drain, drainFlush, drainFua, tag, tagFlush, tagFua]

/** The policy with the same steps on a device without ordered tags: it drains instead. */
export function withoutTags(mode: OrderingMode): OrderingMode {
  if (!mode.tags) return mode
  const same = ORDERING_MODES.find(
    (other) => other.drains && other.preFlush === mode.preFlush && other.postFlush === mode.postFlush,
  )
  return same ?? drain
}

/** Finds a policy by name. @throws ToolError of kind usage */
export function orderingModeOf(name: string): OrderingMode {
  const mode = ORDERING_MODES.find((candidate) => candidate.name === name)
  if (!mode) {
    throw new ToolError('usage', 'E_ORDERING', `"${name}" is not an ordering mode`, {
      hint: `Choose from ${ORDERING_MODES.map((candidate) => candidate.name).join(', ')}.`,
    })
  }
  return mode
}
