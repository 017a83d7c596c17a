import {ToolError} from '../base/index.js'
import {type Frontend, type FrontendFacts, yearOf} from './facts.js'
import {applySteps, STEP_NAMES, type StepName} from './plan.js'

export type EraName = '2009' | 'plan' | 'today'

/** A time for which the front ends are described. */
export interface Era {
  readonly name: EraName
  /** A few words for tables. */
  readonly title: string
  /** The last year it covers: modes and front ends that came later are not part of its matrix. */
  readonly lastYear: number
  /** Which facts of a front end it starts from. */
  readonly facts: 'past' | 'today'
  /** The steps of the plan that have been taken. */
  readonly steps: readonly StepName[]
  /** What "safe" rests on in addition, a sentence each. */
  readonly conditions: readonly string[]
}

/** Sources: the notes of 2009 on Linux hosts; Linux commits 00eacd66 (ext3) and ab0a9735 (device nodes). */
const HOSTS_2009: readonly string[] = [
  'The matrix is about the emulation. On hosts of 2009 no file system and no device node emptied the cache of the drive after O_DIRECT, so even SCSI under none kept data only on drives without a volatile cache.',
  'ext3 had its barriers off by default until 2011, and fsync of a block device node did not empty the cache of the drive until 2.6.33.',
  'The file system of the guest has its barriers on.',
]

/** Every era, oldest first. */
export const ERAS: readonly Era[] = [
  {name: '2009', title: 'August 2009', lastYear: 2009, facts: 'past', steps: [], conditions: HOSTS_2009},
  {
    name: 'plan',
    title: 'after the action plan of August 2009',
    lastYear: 2009,
    facts: 'past',
    steps: STEP_NAMES,
    conditions: HOSTS_2009,
  },
  {
    name: 'today',
    title: 'today',
    lastYear: Number.POSITIVE_INFINITY,
    facts: 'today',
    steps: [],
    conditions: [
      'The file system of the guest sends flushes (its barriers are on), and its applications call fsync.',
      'The host passes cache flushes down, and the drive obeys them.',
      'No error of a write or a flush is swallowed on the way.',
    ],
  },
]

/** Finds an era by name. @throws ToolError of kind usage */
export function eraOf(name: string): Era {
  const era = ERAS.find((candidate) => candidate.name === name)
  if (!era) {
    throw new ToolError('usage', 'E_ERA', `"${name}" is not an era`, {
      hint: `Choose from ${ERAS.map((candidate) => candidate.name).join(', ')}.`,
    })
  }
  return era
}

/** What a front end is in an era, after further steps of the plan. */
export function factsIn(frontend: Frontend, era: Era, steps: readonly StepName[] = []): FrontendFacts {
  return applySteps(frontend[era.facts], [...era.steps, ...steps])
}

/** Whether what is known of a front end in an era is from that time, and not from later. */
export function isOf(frontend: Frontend, era: Era): boolean {
  return yearOf(frontend[era.facts]) <= era.lastYear
}
