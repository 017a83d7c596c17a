import {existsSync} from 'node:fs'
import {parseSize, ToolError, type Range} from '../base/index.js'
import type {Partition, PartitionTable} from '../disk-layout/index.js'
import {openSource, partOf, type ImageSource} from '../image/index.js'
import {partitionTable} from './image-reader.js'

/** A partition by its number, behind the name of the image. */
const PARTITION = /^(.+)#p(\d{1,6})$/s

/** What an inspecting command was told to look at. */
export interface Target {
  /** As it was typed. */
  readonly name: string
  /** What to look at: the whole image, or the part of it that was named. */
  readonly source: ImageSource
  /** The image that `source` is, or is a part of. */
  readonly whole: ImageSource
  /** The partition that was named. Of one that reaches behind the end of the image, `source` is what is there. */
  readonly partition: Partition | undefined
  close(): void
}

/**
 * Opens what an inspecting command was told to look at: an image, or with `#p2` behind its name one partition of it, by its
 * number. A file whose own name ends so is opened as the file that it is.
 *
 * @throws ToolError as `openSource` does; E_NO_PARTITION of kind usage when there is no such partition, naming those there are
 */
export function openTarget(name: string): Target {
  const named = existsSync(name) ? null : PARTITION.exec(name)
  const [path, number] = named === null ? [name, undefined] : [named[1] ?? '', Number(named[2])]
  const whole = openSource(path)
  try {
    const partition = number === undefined ? undefined : partitionOf(whole, number)
    const source = partition ? partOf(whole, partition.offsetBytes, partition.lengthBytes) : whole
    return {name, source, whole, partition, close: () => whole.close()}
  } catch (error) {
    whole.close()
    throw error
  }
}

/**
 * The file that a name like `disk.img#p2` means, and which part of it; for commands that open it in their own way. A file that is not
 * there is left for them to refuse, or to make.
 *
 * @throws ToolError as openTarget does for a partition that is not there
 */
export function placeOfName(name: string): {readonly path: string; readonly part: Range | undefined} {
  if (existsSync(name) || !PARTITION.test(name)) return {path: name, part: undefined}
  const target = openTarget(name)
  target.close()
  const {whole, partition} = target
  const part = partition && {offsetBytes: partition.offsetBytes, lengthBytes: partition.lengthBytes}
  return {path: whole.path, part}
}

/**
 * Refuses a name like `disk.img#p2` where only a whole image will do.
 *
 * @param done what cannot be done with it, as in "cannot be resized"
 * @throws ToolError of kind usage; as openTarget does for a partition that is not there
 */
export function refusePartition(name: string, done: string): void {
  const {path, part} = placeOfName(name)
  if (part === undefined) return
  throw new ToolError('usage', 'E_PARTITION', `${name} is a partition of ${path}, which cannot be ${done}`, {
    hint: 'A partition is an entry in the table of its image: sfdisk, sgdisk and parted change that.',
    context: {path},
  })
}

/** The partition of that number. @throws ToolError E_NO_PARTITION of kind usage */
function partitionOf(whole: ImageSource, number: number): Partition {
  const table = partitionTable(whole)
  const partition = table?.partitions.find((candidate) => candidate.number === number)
  if (partition === undefined) throw noPartition(whole.path, number, table)
  return partition
}

/**
 * Where the partitions of an image begin, by their numbers, in bytes from the start of what was named: below 0 for one in front of
 * the partition that was named. The image is opened when a number is asked for the first time.
 *
 * @returns a function that throws ToolError as openTarget does
 */
export function partitionStarts(name: string): (number: number) => number {
  const starts = new Map<number, number>()
  return (number) => {
    const known = starts.get(number)
    if (known !== undefined) return known
    const target = openTarget(name)
    try {
      const start = partitionOf(target.whole, number).offsetBytes - target.source.startBytes
      starts.set(number, start)
      return start
    } finally {
      target.close()
    }
  }
}

/** No message lists more. */
const NAMED_MAX = 20

function noPartition(path: string, number: number, table: PartitionTable | undefined): ToolError {
  const numbers = (table?.partitions ?? []).map((partition) => `p${partition.number}`)
  const more = numbers.length > NAMED_MAX ? ` and ${numbers.length - NAMED_MAX} more` : ''
  const hint =
    table === undefined
      ? `It has no partition table: name the image without #p${number}, or write bytes ("flushpoint info" says what is in it).`
      : numbers.length === 0
        ? 'Its partition table names no partition.'
        : `It has ${numbers.slice(0, NAMED_MAX).join(', ')}${more}.`
  return new ToolError('usage', 'E_NO_PARTITION', `${path} has no partition ${number}`, {hint, context: {path}})
}

/**
 * Reads an offset in what a command looks at: sizes by the size rule and starts of partitions, added up and taken off:
 * `1M`, `p2`, `p2+1M`, `p3-512`. Starts of partitions are those of the whole image; the answer counts from the start of the
 * target's source.
 *
 * @returns bytes, from 0 to the size of the source
 * @throws ToolError of kind usage: E_SIZE, E_NO_PARTITION, E_OFFSET when it lies outside of the source
 */
export function parseOffset(text: string, {source, whole}: Pick<Target, 'source' | 'whole'>): number {
  const terms = [...text.matchAll(/([+-]?)([^+-]*)/g)].filter(([all]) => all !== '')
  let sum = 0n
  let fromWhole = false
  for (const [i, [, sign, term = '']] of terms.entries()) {
    const number = /^p(\d{1,6})$/.exec(term)?.[1]
    fromWhole ||= number !== undefined
    const value = number === undefined ? parseSize(term) : BigInt(partitionOf(whole, Number(number)).offsetBytes)
    if (i === 0 && sign === '-') throw outside(text, `-${term}`, source)
    sum += sign === '-' ? -value : value
  }
  if (terms.length === 0) parseSize(text) // says what a size is
  if (fromWhole) sum -= BigInt(source.startBytes)
  if (sum < 0n || sum > BigInt(source.sizeBytes)) throw outside(text, String(sum), source)
  return Number(sum)
}

function outside(text: string, bytes: string, {path, sizeBytes}: ImageSource): ToolError {
  return new ToolError('usage', 'E_OFFSET', `"${text}" is byte ${bytes}, outside of ${path} (${sizeBytes} bytes)`, {
    hint: 'Offsets begin at 0 and end at the size.',
    context: {path},
  })
}
