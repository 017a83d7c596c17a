import {ToolError} from '../base/index.js'
import {fault, type Place} from './place.js'

/** The start of a partition of the image, as `p2` in an offset. */
export interface PartitionStart {
  readonly kind: 'partition'
  readonly number: number
  readonly column: number
}

/**
 * Where a partition begins, in bytes from where offsets are counted: below 0 for one in front of the part of the image that runs.
 *
 * @throws ToolError of kind usage when there is no such partition
 */
export type StartOf = (number: number) => number

const PARTITION = /^p(\d{1,6})$/

/** Reads `p2`; undefined for every other text. */
export function partitionStart(text: string, column: number): PartitionStart | undefined {
  const number = PARTITION.exec(text)?.[1]
  return number === undefined ? undefined : {kind: 'partition', number: Number(number), column}
}

/** The byte at which the partition begins. @throws ToolError of kind usage where the image has none of that number, or is not known */
export function startBytes({number, column}: PartitionStart, place: Place, startOf: StartOf | undefined): number {
  if (startOf === undefined) {
    throw fault(place, column, `p${number} is a partition, and there is no image to look for it in`, 'Write bytes: 1M.')
  }
  try {
    return startOf(number)
  } catch (error) {
    if (error instanceof ToolError && error.kind === 'usage') throw fault(place, column, error.message, error.hint)
    throw error
  }
}

/** False for a text whose offsets name no partition: whoever resolves it needs no partition table. */
export function mayNamePartition(text: string): boolean {
  return /[\s(+*-]p\d/.test(text)
}
