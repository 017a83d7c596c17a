import {joinRanges, type Range} from '../base/index.js'

/** One of two images that are compared, as plain values: threads get it too. */
export interface Side {
  readonly path: string
  readonly fd: number
  readonly startBytes: number
  readonly sizeBytes: number
  /** The parts that may hold anything but zeroes; undefined where nobody knows. Behind the end there is nothing but zeroes. */
  readonly data: readonly Range[] | undefined
}

/** What one thread takes at a time. */
export const TASK_BYTES = 4 * 2 ** 20

/** A stretch to compare, and in which of the images it has to be read. */
export interface Stretch extends Range {
  readonly inA: boolean
  readonly inB: boolean
}

/**
 * What has to be read to compare two images: where both are known to be zeroes, nothing. Stretches are in order and end at
 * multiples of TASK_BYTES, so that each lies in one task: number `offsetBytes / TASK_BYTES`, rounded down.
 */
export function* stretchesOf(a: Side, b: Side, fromBytes: number, toBytes: number): Generator<Stretch> {
  const [rowA, rowB] = [new DataCursor(a, fromBytes), new DataCursor(b, fromBytes)]
  let cursorBytes = fromBytes
  while (cursorBytes < toBytes) {
    const [inA, untilA] = rowA.look(cursorBytes)
    const [inB, untilB] = rowB.look(cursorBytes)
    let untilBytes = Math.min(untilA, untilB, toBytes)
    if (inA || inB) {
      untilBytes = Math.min(untilBytes, (Math.floor(cursorBytes / TASK_BYTES) + 1) * TASK_BYTES)
      yield {offsetBytes: cursorBytes, lengthBytes: untilBytes - cursorBytes, inA, inB}
    }
    cursorBytes = untilBytes
  }
}

/** Goes through the data of one side, forwards only. */
class DataCursor {
  readonly #data: readonly Range[]
  #at: number

  constructor({data, sizeBytes}: Side, fromBytes: number) {
    this.#data = data ?? (sizeBytes === 0 ? [] : [{offsetBytes: 0, lengthBytes: sizeBytes}])
    this.#at = firstEndingBehind(this.#data, fromBytes)
  }

  /** Whether there is data at an offset, and until where that stays so. */
  look(offsetBytes: number): readonly [boolean, number] {
    let range = this.#data[this.#at]
    while (range !== undefined && range.offsetBytes + range.lengthBytes <= offsetBytes) range = this.#data[++this.#at]
    if (range === undefined) return [false, Infinity]
    if (range.offsetBytes > offsetBytes) return [false, range.offsetBytes]
    return [true, range.offsetBytes + range.lengthBytes]
  }
}

function firstEndingBehind(ranges: readonly Range[], offsetBytes: number): number {
  let [low, high] = [0, ranges.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const range = ranges[middle] as Range
    if (range.offsetBytes + range.lengthBytes <= offsetBytes) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * The tasks with anything to read, as runs of task numbers, in order. A sparse image of terabytes has few.
 *
 * @returns ranges of task numbers, as offset and length
 */
export function tasksOf(a: Side, b: Side): Range[] {
  const all = [a, b].flatMap(({data, sizeBytes}) => data ?? [{offsetBytes: 0, lengthBytes: sizeBytes}])
  return joinRanges(
    all
      .filter(({lengthBytes}) => lengthBytes > 0)
      .map(({offsetBytes, lengthBytes}) => {
        const first = Math.floor(offsetBytes / TASK_BYTES)
        return {offsetBytes: first, lengthBytes: Math.ceil((offsetBytes + lengthBytes) / TASK_BYTES) - first}
      }),
  )
}

/** The parts that only one of two lists of data covers. */
export function oneSided(a: readonly Range[], b: readonly Range[]): Range[] {
  const edges = [...a, ...b].flatMap(({offsetBytes, lengthBytes}) => [offsetBytes, offsetBytes + lengthBytes])
  const sorted = edges.toSorted((one, other) => one - other)
  // Within one list nothing overlaps: behind an odd number of edges exactly one of the two has data.
  const ranges: Range[] = []
  for (let i = 0; i + 1 < sorted.length; i += 2) {
    const [from, to] = [sorted[i] as number, sorted[i + 1] as number]
    ranges.push({offsetBytes: from, lengthBytes: to - from})
  }
  return joinRanges(ranges)
}

/** Counts the tasks of the runs, forwards only. */
export class TaskCounter {
  readonly #runs: readonly Range[]
  #run = 0
  #before = 0

  constructor(runs: readonly Range[]) {
    this.#runs = runs
  }

  /** The n-th task, from 0; undefined behind the last. Asked with numbers that only grow. */
  nth(n: number): number | undefined {
    let run = this.#runs[this.#run]
    while (run !== undefined && n - this.#before >= run.lengthBytes) {
      this.#before += run.lengthBytes
      run = this.#runs[++this.#run]
    }
    return run === undefined ? undefined : run.offsetBytes + n - this.#before
  }
}
