/**
 * Method: a front end is a device model and the driver in its guest, described by a handful of facts, each with a year and a
 * source: is there a flush command, is a write cache advertised, does the driver flush, how does it keep order. There is one
 * set of facts for the past and one for today; the action plan of 2009 is a table of steps that change facts. What a device may
 * offer is a table of features, each with what it means. Whether a combination is safe, and what a driver and its device agree
 * on, is stored nowhere: the rooms durability and negotiation derive it.
 *
 * To add one: a file with its facts and features, and a row in FRONTENDS below. A step of the plan is a row of PLAN_STEPS in plan.ts.
 *
 * @module
 */
import {ToolError} from '../base/index.js'
import type {Frontend} from './facts.js'
import {ide} from './ide.js'
import {scsi} from './scsi.js'
import {virtioBlk} from './virtio-blk.js'
import {xenBlkback} from './xen-blkback.js'

export {eraOf, ERAS, factsIn, isOf, type Era, type EraName} from './era.js'
export {
  factRows,
  type Fact,
  type Frontend,
  type FrontendFacts,
  type FrontendName,
  type WriteCacheSwitch,
  yearOf,
} from './facts.js'
export type {Feature, FeatureEffect} from './feature.js'
export {applySteps, PLAN_STEPS, STEP_NAMES, stepsOf, type StepName} from './plan.js'

/** Every front end, in the order tables print them. */
export const FRONTENDS: readonly Frontend[] = [ide, scsi, virtioBlk, xenBlkback]

/** Finds a front end by name. @throws ToolError of kind usage */
export function frontendOf(name: string): Frontend {
  const frontend = FRONTENDS.find((candidate) => candidate.name === name)
  if (!frontend) {
    throw new ToolError('usage', 'E_FRONTEND', `"${name}" is not a front end`, {
      hint: `Choose from ${FRONTENDS.map((candidate) => candidate.name).join(', ')}.`,
    })
  }
  return frontend
}
