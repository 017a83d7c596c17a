/**
 * Method: what the BARRIER flag means is a policy, not a property of the request. Each policy is a row of facts: does it
 * drain, does it sync before, how is its own data made stable. The request room lowers a request with these facts to steps.
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

export type {OrderingMode, OrderingName} from './mode.js'

/** Every barrier policy, weakest first. */
export const ORDERING_MODES: readonly OrderingMode[] = [none, drain, drainFlush, drainFua]

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
