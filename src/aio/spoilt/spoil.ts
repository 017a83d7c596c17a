import {ERRNO, ToolError} from '../../base/index.js'
import {
  STEP_NONE,
  STEP_PUNCH,
  STEP_READ,
  STEP_SYNC,
  STEP_SYNC_ALL,
  STEP_WRITE,
  STEP_ZERO,
  type StepOp,
} from '../../request/index.js'

/** What can be spoiled: zero is also what gives blocks back. */
const STEPS = ['read', 'write', 'flush', 'zero'] as const
export type SpoiledStep = (typeof STEPS)[number]

/** Errors a disk may report. Not those that the engine takes as an answer to how it asked (EINTR, EAGAIN, EINVAL, EOPNOTSUPP). */
const ERRORS = ['EIO', 'ENOSPC', 'EDQUOT', 'ENODEV', 'ETIMEDOUT', 'EROFS', 'ENOMEM'] as const

/** A bad disk on purpose: how long steps take at least, and how they fail. */
export interface Spoil {
  readonly delaysNs: ReadonlyMap<SpoiledStep, number>
  readonly errors: readonly {readonly step: SpoiledStep; readonly errno: number; readonly probability: number}[]
}

/** The name a step has here. */
export function spoiledStep(op: StepOp): SpoiledStep | undefined {
  switch (op) {
    case STEP_READ:
      return 'read'
    case STEP_WRITE:
      return 'write'
    case STEP_SYNC:
    case STEP_SYNC_ALL:
      return 'flush'
    case STEP_ZERO:
    case STEP_PUNCH:
      return 'zero'
    case STEP_NONE:
      return undefined
  }
}

const UNITS: Readonly<Record<string, number>> = {us: 1e3, ms: 1e6, s: 1e9}

/**
 * Reads "read=1ms,flush=20ms" and "write=EIO@0.1%,flush=EIO" (always, without a rate).
 *
 * @returns undefined where nothing is spoiled
 * @throws ToolError of kind usage
 */
export function parseSpoil(delays: string | undefined, errors: string | undefined): Spoil | undefined {
  if (delays === undefined && errors === undefined) return undefined
  const delaysNs = new Map<SpoiledStep, number>()
  for (const [step, value, whole] of pairs(delays, '--delay')) {
    const match = /^(\d+(?:\.\d+)?)(us|ms|s)$/.exec(value)
    if (!match) throw refusal(`--delay ${whole}: not a time`, 'Write a number with us, ms or s: flush=20ms.')
    if (delaysNs.has(step)) throw refusal(`--delay ${whole}: ${step} has a delay already`, 'Give each step one.')
    delaysNs.set(step, Number(match[1]) * (UNITS[match[2] ?? ''] ?? 0))
  }
  const rows: Spoil['errors'][number][] = []
  const isThere = new Set<string>()
  /** Steps that never get as far as another error. */
  const always = new Map<SpoiledStep, string>()
  for (const [step, value, whole] of pairs(errors, '--error')) {
    const match = /^([A-Z0-9]+)(?:@(\d+(?:\.\d+)?)%)?$/.exec(value)
    const name = ERRORS.find((candidate) => candidate === match?.[1])
    const percent = match?.[2] === undefined ? 100 : Number(match[2])
    if (!match || name === undefined || percent > 100) {
      throw refusal(
        `--error ${whole}: not an error with a rate`,
        `Write write=EIO@0.1%, with one of ${ERRORS.join(', ')}.`,
      )
    }
    const first = always.get(step)
    if (first !== undefined) {
      throw refusal(
        `--error ${whole}: ${step} always fails with ${first} already`,
        `Give ${first} a rate: ${first}@1%.`,
      )
    }
    if (isThere.has(`${step}=${name}`)) {
      throw refusal(`--error ${whole}: ${step} has a rate of ${name} already`, 'Give each error of a step one rate.')
    }
    isThere.add(`${step}=${name}`)
    if (percent === 100) always.set(step, name)
    rows.push({step, errno: ERRNO[name], probability: percent / 100})
  }
  return {delaysNs, errors: rows}
}

function pairs(text: string | undefined, flag: string): [step: SpoiledStep, value: string, whole: string][] {
  if (text === undefined) return []
  return text.split(',').map((whole) => {
    const [name = '', ...values] = whole.split('=')
    const step = STEPS.find((candidate) => candidate === name.trim())
    if (step === undefined)
      throw refusal(`${flag} ${whole}: not a step`, `Write STEP=VALUE, with one of ${STEPS.join(', ')}.`)
    return [step, values.join('=').trim(), whole]
  })
}

function refusal(message: string, hint: string): ToolError {
  return new ToolError('usage', 'E_SPOIL', message, {hint})
}
