import type {CellFigures} from './cell-figures.js'
import {overlap, pairedRatio, type Spread} from './statistics.js'

/** How two cells stand to each other. `noise`: their intervals overlap. `unknown`: one of them has no interval. */
export type DifferenceVerdict = 'more' | 'fewer' | 'noise' | 'unknown'

/** One cell against another. */
export interface Difference {
  readonly base: CellFigures
  readonly other: CellFigures
  /** IOPS of the other over those of the base, round by round. */
  readonly ratio: Spread
  readonly verdict: DifferenceVerdict
}

/** Compares two cells by IOPS. A difference is called only when the intervals of the two over their rounds do not overlap. */
export function difference(base: CellFigures, other: CellFigures, simulated: boolean): Difference {
  return {
    base,
    other,
    ratio: pairedRatio(base.iopsByRound, other.iopsByRound, simulated),
    verdict: verdictOf(base.iops, other.iops),
  }
}

/** What two figures allow to say of the second. */
export function verdictOf(base: Spread, other: Spread): DifferenceVerdict {
  if (base.interval === undefined || other.interval === undefined) return 'unknown'
  if (overlap(base.interval, other.interval)) return 'noise'
  return other.interval.low > base.interval.high ? 'more' : 'fewer'
}

/** The difference as a sentence. */
export function differenceText({base, other, ratio, verdict}: Difference): string {
  const names = `${other.name} against ${base.name}`
  switch (verdict) {
    case 'more':
    case 'fewer':
      return `${names}: ${verdict} IOPS, ${ratioText(ratio)}.`
    case 'noise':
      return base.iops.interval?.method === 'exact'
        ? `${names}: no difference.`
        : `${names}: within the noise: the intervals over rounds overlap. Round by round it is ${ratioText(ratio)}.`
    case 'unknown':
      return `${names}: no difference can be called after one round; --rounds 3 or more tells noise from news.`
  }
}

/** "2.31 times", with its interval where there is one that has a width. */
function ratioText({median, interval}: Spread): string {
  const times = `${factorText(median)} times`
  if (interval === undefined || interval.method === 'exact') return times
  return `${times} (${factorText(interval.low)} to ${factorText(interval.high)})`
}

/** Three digits, and never in exponents. */
export function factorText(factor: number): string {
  if (factor >= 1000) return String(Math.round(factor))
  return String(Number(factor.toPrecision(3)))
}
