/** Where the true figure lies, by the rounds, with 95 % confidence. */
export interface Interval {
  readonly low: number
  readonly high: number
  /**
   * How it was found. `order statistics`: from six rounds on, between two of the sorted rounds, whatever their distribution.
   * `Student t`: two to five rounds, around their mean, taken to be normally distributed. `exact`: simulated, where every round is
   * the same.
   */
  readonly method: 'order statistics' | 'Student t' | 'exact'
}

/** A figure over the rounds of a cell. */
export interface Spread {
  readonly rounds: number
  /** 0 when there is no round. */
  readonly median: number
  /** Sample standard deviation over mean; undefined with less than two rounds, or around zero. */
  readonly variation: number | undefined
  /** Undefined where one round tells nothing of the next. */
  readonly interval: Interval | undefined
}

/** What intervals here are sure of. */
const CONFIDENCE = 0.95

/** 97.5 % quantiles of Student's t with 1 to 4 degrees of freedom (any table; Student, Biometrika 6, 1908). */
const STUDENT_T: readonly number[] = [12.706, 4.303, 3.182, 2.776]

/** From so many rounds on an interval between sorted rounds reaches the confidence: 1 - 2 / 2^6 is 96.9 %. */
const ORDER_STATISTICS_FROM = STUDENT_T.length + 2

/** Median, variation and interval of one figure, a value for each round. @param exact the rounds are simulated, not samples */
export function spreadOf(values: readonly number[], exact = false): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  return {
    rounds: values.length,
    median: medianOfSorted(sorted),
    variation: variationOf(values),
    interval: intervalOf(sorted, exact),
  }
}

/** The middle value, or the mean of the two in the middle; 0 of nothing. */
export function median(values: readonly number[]): number {
  return medianOfSorted(values.toSorted((a, b) => a - b))
}

/** Whether two intervals have a value in common. Without both it must be taken that they have. */
export function overlap(a: Interval | undefined, b: Interval | undefined): boolean {
  return a === undefined || b === undefined || (a.low <= b.high && b.low <= a.high)
}

/** The value of a figure in a round. */
export interface RoundValue {
  readonly round: number
  readonly value: number
}

/**
 * How many times the second is of the first, round by round, so that what slows the machine for a round cancels out. Rounds that
 * only one of them has are left out, and so are rounds in which one of them is zero. The interval is found among logarithms, where
 * half and twice are equally far from one.
 */
export function pairedRatio(base: readonly RoundValue[], other: readonly RoundValue[], exact = false): Spread {
  const of = new Map(base.map(({round, value}) => [round, value]))
  const logs = other.flatMap(({round, value}) => {
    const below = of.get(round)
    return below === undefined || below <= 0 || value <= 0 ? [] : [Math.log(value / below)]
  })
  const {interval, ...spread} = spreadOf(logs, exact)
  return {
    ...spread,
    median: logs.length === 0 ? 0 : Math.exp(spread.median),
    variation: variationOf(logs.map(Math.exp)),
    interval: interval && {...interval, low: Math.exp(interval.low), high: Math.exp(interval.high)},
  }
}

function medianOfSorted(sorted: readonly number[]): number {
  if (sorted.length === 0) return 0
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Divided by one less than their number: the rounds are a sample of all there could be. */
function deviationOf(values: readonly number[]): number {
  const mean = meanOf(values)
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1))
}

function variationOf(values: readonly number[]): number | undefined {
  if (values.length < 2) return undefined
  const mean = meanOf(values)
  return mean === 0 ? undefined : deviationOf(values) / Math.abs(mean)
}

function intervalOf(sorted: readonly number[], exact: boolean): Interval | undefined {
  const rounds = sorted.length
  if (rounds === 0) return undefined
  if (exact) return {low: sorted[0] as number, high: sorted[rounds - 1] as number, method: 'exact'}
  if (rounds === 1) return undefined
  if (rounds < ORDER_STATISTICS_FROM) {
    const mean = meanOf(sorted)
    const half = ((STUDENT_T[rounds - 2] as number) * deviationOf(sorted)) / Math.sqrt(rounds)
    return {low: mean - half, high: mean + half, method: 'Student t'}
  }
  const left = ranksLeftOut(rounds)
  return {low: sorted[left] as number, high: sorted[rounds - 1 - left] as number, method: 'order statistics'}
}

/**
 * How many of the sorted rounds may be cut off at each end. The true median is below the k-th smallest of n with the chance that
 * fewer than k of n coins fall heads; both ends together may have 5 %.
 */
function ranksLeftOut(rounds: number): number {
  let chance = 0.5 ** rounds
  let below = chance
  let left = 0
  while (2 * (below + (chance * (rounds - left)) / (left + 1)) <= 1 - CONFIDENCE) {
    chance *= (rounds - left) / (left + 1)
    below += chance
    left++
  }
  return left
}
