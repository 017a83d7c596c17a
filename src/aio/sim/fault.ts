import {invariant, overlaps, SECTOR_BYTES, type Prng, type Range} from '../../base/index.js'

/** The step fails with a positive errno. */
interface ErrnoEffect {
  readonly kind: 'errno'
  readonly errno: number
}

/** The transfer ends after its first bytes, a multiple of 512. */
interface ShortEffect {
  readonly kind: 'short'
  readonly bytes: number
}

/** The step takes longer. */
interface DelayEffect {
  readonly kind: 'delay'
  readonly ns: number
}

interface When {
  /** Only the nth step of this kind (inside the range, if one is given), counted from 1. */
  readonly nth?: number
  /** Only with this probability. */
  readonly probability?: number
}

/** One thing that goes wrong. Without `nth` and `probability`, every time. `zero` means ZERO and PUNCH. */
export type SimFault =
  | (When & {
      readonly step: 'read' | 'write'
      readonly range?: Range
      readonly effect: ErrnoEffect | ShortEffect | DelayEffect
    })
  | (When & {readonly step: 'zero'; readonly range?: Range; readonly effect: ErrnoEffect | DelayEffect})
  | (When & {readonly step: 'sync'; readonly effect: ErrnoEffect | DelayEffect})

/** What happens to one step: 0 and undefined mean nothing. */
export interface Fate {
  readonly errno: number
  readonly shortBytes: number | undefined
  readonly delayNs: number
}

/** Hands out the faults. Counts steps, so it is asked once for each. */
export class FaultPlan {
  readonly #faults: readonly {readonly fault: SimFault; seen: number}[]
  readonly #prng: Prng

  constructor(faults: readonly SimFault[], prng: Prng) {
    for (const {effect} of faults) {
      if (effect.kind !== 'short') continue
      invariant(
        effect.bytes % SECTOR_BYTES === 0,
        `a simulated short transfer of ${effect.bytes} bytes, not of sectors`,
      )
    }
    this.#faults = faults.map((fault) => ({fault, seen: 0}))
    this.#prng = prng
  }

  /** The fate of the next step; undefined is a step that nothing can happen to. Delays add up; of several errors and short transfers the first in the list counts. */
  next(step: SimFault['step'] | undefined, range: Range): Fate {
    let delayNs = 0
    let ending: ErrnoEffect | ShortEffect | undefined
    for (const row of this.#faults) {
      const {fault} = row
      if (fault.step !== step) continue
      if (fault.step !== 'sync' && fault.range && !overlaps(fault.range, range)) continue
      row.seen++
      if (fault.nth !== undefined && fault.nth !== row.seen) continue
      if (fault.probability !== undefined && !this.#prng.chance(fault.probability)) continue
      if (fault.effect.kind === 'delay') delayNs += fault.effect.ns
      else ending ??= fault.effect
    }
    return {
      delayNs,
      errno: ending?.kind === 'errno' ? ending.errno : 0,
      shortBytes: ending?.kind === 'short' ? ending.bytes : undefined,
    }
  }
}
