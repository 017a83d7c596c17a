import {ToolError} from '../base/index.js'
import type {FrontendFacts, FrontendName} from './facts.js'
import {NOTES_2009, notes2009} from './source.js'

export type StepName = 'virtio-drain' | 'ide-wce' | 'virtio-flush' | 'async-fsync' | 'wce-if-volatile'

/** One step of the action plan of 2009: the facts it changes, and of which front ends. */
export interface PlanStep {
  readonly name: StepName
  /** Who has to act. */
  readonly who: 'guest driver' | 'QEMU'
  /** What is done, in a few words. */
  readonly summary: string
  /** What it is for: a step that only saves time changes no guarantee. */
  readonly effect: 'safety' | 'cost'
  readonly frontends: readonly FrontendName[]
  /** The facts that are different afterwards. */
  readonly changes: (facts: FrontendFacts) => Partial<FrontendFacts>
  readonly source: string
}

const EMULATED: readonly FrontendName[] = ['ide', 'scsi', 'virtio-blk']

/** The plan, in its order. */
export const PLAN_STEPS: readonly PlanStep[] = [
  {
    name: 'virtio-drain',
    who: 'guest driver',
    summary: 'the virtio-blk driver drains its queue by default',
    effect: 'safety',
    frontends: ['virtio-blk'],
    changes: () => ({driverOrder: notes2009('drain', 'the guest drains its queue at a barrier')}),
    source: NOTES_2009,
  },
  {
    name: 'ide-wce',
    who: 'QEMU',
    summary: 'IDE advertises its write cache',
    effect: 'safety',
    frontends: ['ide'],
    changes: (facts) => ({
      writeCache: notes2009('always', 'the device sets the write cache bit in ATA IDENTIFY'),
      features: notes2009([...facts.features.value, 'write cache'], 'the write cache bit in ATA IDENTIFY'),
    }),
    source: NOTES_2009,
  },
  {
    // Draining stays what it was. The driver that shipped drained by itself once FLUSH was negotiated; the plan does not
    // say so, and a flush among requests that pass each other is no order.
    name: 'virtio-flush',
    who: 'QEMU',
    summary: 'virtio gets a flush command with a feature bit, and its driver sends it',
    effect: 'safety',
    frontends: ['virtio-blk'],
    changes: (facts) => ({
      flushCommand: notes2009(true, 'the device has a flush command'),
      writeCache: notes2009('always', 'a feature bit says that there is a cache to flush'),
      driverFlushes: notes2009(true, 'the driver flushes a disk that advertises a write cache'),
      features: notes2009([...facts.features.value, 'FLUSH'], 'the feature bit of the flush command'),
      driverKnows: notes2009([...facts.driverKnows.value, 'FLUSH'], 'the driver makes use of the flush command'),
    }),
    source: NOTES_2009,
  },
  {
    name: 'async-fsync',
    who: 'QEMU',
    summary: 'the host syncs beside the guest, whose CPU no longer stands still during a flush',
    effect: 'cost',
    frontends: EMULATED,
    changes: () => ({flushStallsGuest: notes2009(false, 'the sync runs beside the guest')}),
    source: NOTES_2009,
  },
  {
    name: 'wce-if-volatile',
    who: 'QEMU',
    summary: 'a write cache is advertised only where there is one, which saves the flushes under writethrough',
    effect: 'cost',
    frontends: EMULATED,
    changes: ({writeCache}) =>
      writeCache.value === 'always'
        ? {writeCache: notes2009('mode', 'the device advertises a write cache where the mode has one')}
        : {},
    source: NOTES_2009,
  },
]

/** The names of all steps, in the order of the plan. */
export const STEP_NAMES: readonly StepName[] = PLAN_STEPS.map((step) => step.name)

/**
 * The facts after some steps of the plan. Steps are taken in the order of the plan, whatever the order of `names`; a step that
 * does not concern this front end changes nothing.
 */
export function applySteps(facts: FrontendFacts, names: readonly StepName[]): FrontendFacts {
  return PLAN_STEPS.filter((step) => names.includes(step.name) && step.frontends.includes(facts.name)).reduce(
    (before, step) => ({...before, ...step.changes(before)}),
    facts,
  )
}

/** Reads step names separated by commas, and gives them in the order of the plan. @throws ToolError of kind usage */
export function stepsOf(text: string): StepName[] {
  const names = text.split(',').map((name) => name.trim())
  for (const [i, name] of names.entries()) {
    const known: readonly string[] = STEP_NAMES
    if (!known.includes(name)) {
      throw new ToolError('usage', 'E_STEP', `"${name}" is not a step of the plan of 2009`, {
        hint: `Choose from ${STEP_NAMES.join(', ')}; several with commas.`,
      })
    }
    if (names.indexOf(name) !== i) {
      throw new ToolError('usage', 'E_STEP', `the step ${name} is named twice`, {hint: 'Name each step once.'})
    }
  }
  return STEP_NAMES.filter((name) => names.includes(name))
}
