import {kindOfType, STEP_SYNC_ALL, type Plan, type RequestKind, type StepOp} from '../request/index.js'
import {FieldError, FieldWriter, type FieldReader} from './fields.js'

const OPERANDS: readonly RequestKind['operands'][] = ['data', 'segment', 'id', 'cdb', 'range', 'switch', 'none']

/** Yes-or-no facts of a plan, in the order of their bits. */
export const PLAN_FACTS = [
  'drains',
  'tags',
  'awaitsWrites',
  'preSync',
  'syncsAll',
  'dsync',
  'postSync',
  'ignoresSync',
  'refused',
  'unsent',
  'fua',
] as const satisfies readonly (keyof Plan)[]

export type PlanFact = (typeof PLAN_FACTS)[number]

/** A plan as plain values: what a reader needs to make it again. */
export interface PlanValues {
  /** Type number of the kind. */
  readonly kind: number
  readonly writes: boolean
  readonly flushes: boolean
  readonly operands: RequestKind['operands']
  readonly step: StepOp
  readonly flushCommands: number
  readonly facts: readonly PlanFact[]
}

/** The values of a plan. */
export function planValues(plan: Plan): PlanValues {
  const {kind, step, flushCommands} = plan
  return {
    kind: kind.type,
    writes: kind.writes,
    flushes: kind.flushes,
    operands: kind.operands,
    step,
    flushCommands,
    facts: PLAN_FACTS.filter((fact) => plan[fact]),
  }
}

/**
 * The plan with these values. Its kind is the one of the table where that fits; a SCSI command is a kind by itself, which changes
 * or flushes as its values say.
 *
 * @throws FieldError when there is no such kind
 */
export function planOf(values: PlanValues): Plan {
  const known = kindOfType(values.kind)
  if (known === undefined) throw new FieldError(`there is no request of type ${values.kind} to have a plan`)
  const {writes, flushes, operands, step, flushCommands, facts} = values
  const fits = known.writes === writes && known.flushes === flushes && known.operands === operands
  const kind = fits ? known : {...known, writes, flushes, operands, step}
  const has = (fact: PlanFact): boolean => facts.includes(fact)
  return {
    kind,
    drains: has('drains'),
    tags: has('tags'),
    awaitsWrites: has('awaitsWrites'),
    preSync: has('preSync'),
    syncsAll: has('syncsAll'),
    step,
    dsync: has('dsync'),
    postSync: has('postSync'),
    ignoresSync: has('ignoresSync'),
    refused: has('refused'),
    unsent: has('unsent'),
    fua: has('fua'),
    flushCommands,
  }
}

/** Plans as fields: a run has few of them, and each of its requests names one. */
const WRITTEN = new WeakMap<Plan, Uint8Array>()

export function writePlan(plan: Plan, to: FieldWriter): void {
  let written = WRITTEN.get(plan)
  if (written === undefined) WRITTEN.set(plan, (written = fieldsOf(plan)))
  to.bytes(written)
}

function fieldsOf(plan: Plan): Uint8Array {
  const {kind, writes, flushes, operands, step, flushCommands} = planValues(plan)
  const to = new FieldWriter()
  to.number(kind)
  to.flag(writes)
  to.flag(flushes)
  to.u8(OPERANDS.indexOf(operands))
  to.u8(step)
  to.u8(flushCommands)
  for (const fact of PLAN_FACTS) to.flag(plan[fact])
  return to.take()
}

export function readPlan(from: FieldReader): Plan {
  const kind = from.count('the kind of the plan')
  const writes = from.flag('the plan')
  const flushes = from.flag('the plan')
  const operands = OPERANDS[from.u8('the operands of the plan')]
  if (operands === undefined) throw new FieldError('the plan has operands that do not exist')
  const step = stepOf(from.u8('the step of the plan'))
  const flushCommands = from.u8('the plan')
  const facts = PLAN_FACTS.filter(() => from.flag('the plan'))
  return planOf({kind, writes, flushes, operands, step, flushCommands, facts})
}

/** @throws FieldError for a number that is no step */
export function stepOf(value: number): StepOp {
  if (!Number.isInteger(value) || value < 0 || value > STEP_SYNC_ALL) throw new FieldError(`there is no step ${value}`)
  return value as StepOp
}
