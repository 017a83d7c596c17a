import {invariant} from './errors.js'

/** Buckets per doubling: the bits of the mantissa that an index takes. */
const MANTISSA_BITS = 7
const PER_DOUBLING = 1 << MANTISSA_BITS

/** Latencies from here on (78 hours) share one bucket; `max` stays exact. */
const DOUBLINGS = 48

/** Bucket 0 is [0, 1); bucket i is [lowerEdge(i), lowerEdge(i + 1)). */
const BUCKETS = DOUBLINGS * PER_DOUBLING + 1

/** A double's high word, shifted so, is its biased exponent and the first bits of its mantissa: the logarithm for free. */
const WORD_SHIFT = 20 - MANTISSA_BITS
const INDEX_OF_ONE = (1023 << MANTISSA_BITS) - 1

const BITS_VALUE = new Float64Array(1)
const BITS_WORDS = new Uint32Array(BITS_VALUE.buffer)
BITS_VALUE[0] = 1
const HIGH_WORD = BITS_WORDS[1] === 0 ? 0 : 1

/** What the figures beside the buckets are kept in: doubles in an array are not boxed, so that recording allocates nothing. */
const COUNT = 0
const MIN = 1
const MAX = 2
const SUM = 3
/** The first sample. Squares are summed as distances from it: around zero they would cancel out for a narrow distribution. */
const ORIGIN = 4
const SHIFTED = 5
const SQUARES = 6
const FIGURES = 7

/** A histogram as JSON. `buckets` holds pairs: how many buckets to move on (the first from -1), and the count found there. */
export interface HistogramJson {
  readonly figures: readonly number[]
  readonly buckets: readonly number[]
}

/**
 * The latencies of one sort of request, in nanoseconds. Promises: no sample is dropped; count, min, max and sum are exact (the sum
 * while it is below 2^53 ns, 104 days); a quantile is within 1/256 of the sample at its rank, or within 1 ns where that is more.
 * Recording allocates nothing. Counts are doubles, so none overflows before 2^53.
 */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS)
  readonly #figures = new Float64Array(FIGURES)

  constructor() {
    this.#figures[MIN] = Infinity
  }

  /** Adds a sample: finite, not negative. Less than zero counts as zero. */
  record(ns: number): void {
    const figures = this.#figures
    const value = ns > 0 ? ns : 0
    BITS_VALUE[0] = value
    let index = 0
    if (value >= 1) {
      index = ((BITS_WORDS[HIGH_WORD] as number) >>> WORD_SHIFT) - INDEX_OF_ONE
      if (index >= BUCKETS) index = BUCKETS - 1
    }
    ;(this.#counts[index] as number)++
    if (figures[COUNT] === 0) figures[ORIGIN] = value
    const shifted = value - (figures[ORIGIN] as number)
    ;(figures[COUNT] as number)++
    if (value < (figures[MIN] as number)) figures[MIN] = value
    if (value > (figures[MAX] as number)) figures[MAX] = value
    ;(figures[SUM] as number) += value
    ;(figures[SHIFTED] as number) += shifted
    ;(figures[SQUARES] as number) += shifted * shifted
  }

  get count(): number {
    return this.#figures[COUNT] as number
  }

  /** The smallest sample; 0 when there is none. */
  get min(): number {
    return this.count === 0 ? 0 : (this.#figures[MIN] as number)
  }

  /** The largest sample; 0 when there is none. */
  get max(): number {
    return this.#figures[MAX] as number
  }

  get sum(): number {
    return this.#figures[SUM] as number
  }

  /** 0 when there is no sample. */
  get mean(): number {
    return this.count === 0 ? 0 : this.sum / this.count
  }

  /** Standard deviation of all samples (divided by their number, as fio does); 0 when there is none. */
  get stddev(): number {
    if (this.count === 0) return 0
    const mean = (this.#figures[SHIFTED] as number) / this.count
    return Math.sqrt(Math.max(0, (this.#figures[SQUARES] as number) / this.count - mean * mean))
  }

  /**
   * The value that the share `q` of the samples does not exceed: the sample of rank ceil(q * count), as near as buckets tell.
   *
   * @param q 0 (the minimum, exactly) to 1 (the maximum, exactly)
   * @returns nanoseconds; 0 when there is no sample
   */
  quantile(q: number): number {
    invariant(q >= 0 && q <= 1, `the quantile ${q} is not between 0 and 1`)
    if (this.count === 0) return 0
    const rank = Math.max(1, Math.ceil(q * this.count))
    if (rank === 1) return this.min
    if (rank === this.count) return this.max
    let index = 0
    for (let below = this.#counts[0] as number; below < rank; below += this.#counts[index] as number) index++
    return Math.min(this.max, Math.max(this.min, middle(index)))
  }

  /** Adds all samples of another: the same as having recorded them here. */
  merge(other: Histogram): void {
    if (other.count === 0) return
    const ours = this.#figures
    const theirs = other.#figures
    if (ours[COUNT] === 0) ours[ORIGIN] = theirs[ORIGIN] as number
    const move = (theirs[ORIGIN] as number) - (ours[ORIGIN] as number)
    const count = theirs[COUNT] as number
    const shifted = theirs[SHIFTED] as number
    const squares = (theirs[SQUARES] as number) + 2 * move * shifted + count * move * move
    for (let i = 0; i < BUCKETS; i++) (this.#counts[i] as number) += other.#counts[i] as number
    ours[MIN] = Math.min(ours[MIN] as number, theirs[MIN] as number)
    ours[MAX] = Math.max(ours[MAX] as number, theirs[MAX] as number)
    ;(ours[COUNT] as number) += count
    ;(ours[SUM] as number) += theirs[SUM] as number
    ;(ours[SHIFTED] as number) += shifted + count * move
    ;(ours[SQUARES] as number) += squares
  }

  /** Counts by latency, lowest first, empty buckets left out; a bucket is [fromNs, toNs). */
  *buckets(): Generator<{readonly fromNs: number; readonly toNs: number; readonly count: number}> {
    for (const [i, count] of this.#counts.entries()) {
      if (count > 0) yield {fromNs: lowerEdge(i), toNs: i === BUCKETS - 1 ? Infinity : lowerEdge(i + 1), count}
    }
  }

  /** Everything there is to know, as plain numbers; only buckets that hold something. */
  toJSON(): HistogramJson {
    if (this.count === 0) return {figures: [], buckets: []}
    const buckets: number[] = []
    let last = -1
    for (const [i, count] of this.#counts.entries()) {
      if (count === 0) continue
      buckets.push(i - last, count)
      last = i
    }
    return {figures: [...this.#figures], buckets}
  }

  /**
   * The histogram that toJSON told of. Its origin is this program: text from outside is to be checked before.
   *
   * @throws ToolError of kind bug when it was not made by toJSON
   */
  static fromJSON(json: HistogramJson): Histogram {
    const histogram = new Histogram()
    if (json.figures.length === 0) return histogram
    let index = -1
    let total = 0
    for (let i = 0; i < json.buckets.length; i += 2) {
      index += json.buckets[i] ?? 0
      invariant(index >= 0 && index < BUCKETS, `a histogram has no bucket ${index}`)
      total += histogram.#counts[index] = json.buckets[i + 1] ?? 0
    }
    invariant(
      json.figures.length === FIGURES && total === json.figures[COUNT],
      'the counts of a histogram do not add up',
    )
    histogram.#figures.set(json.figures)
    return histogram
  }
}

/** Nanoseconds at which a bucket begins. */
function lowerEdge(index: number): number {
  if (index === 0) return 0
  const step = index - 1
  return 2 ** Math.floor(step / PER_DOUBLING) * (1 + (step % PER_DOUBLING) / PER_DOUBLING)
}

/** What stands for a bucket: its middle as whole nanoseconds, since those are what clocks count in. */
function middle(index: number): number {
  return Math.floor((lowerEdge(index) + lowerEdge(index + 1)) / 2)
}
