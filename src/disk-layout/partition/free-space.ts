import {joinRanges, type Range} from '../../base/index.js'
import {sectorRange, type Partition, type PartitionTable} from './table.js'

/**
 * What no partition covers and a new one could take: of a GPT the rest of its usable sectors, of an MBR everything behind it.
 * Free space inside an extended partition is listed too; the boot records of its logical partitions are not known here and
 * count as free, as they are where the next one would go.
 */
export function freeSpace(table: PartitionTable, sizeBytes: number): Range[] {
  const {gpt, sectorBytes, partitions} = table
  const usable = gpt
    ? sectorRange(gpt.firstUsableLba, Math.max(0, gpt.lastUsableLba - gpt.firstUsableLba + 1), sectorBytes)
    : {offsetBytes: sectorBytes, lengthBytes: Math.max(0, sizeBytes - sectorBytes)}
  const top = partitions.filter(({kind}) => kind !== 'logical')
  const extended = partitions.filter(({kind}) => kind === 'extended')
  const logical = partitions.filter(({kind}) => kind === 'logical')
  const inside = extended.flatMap((container) => gaps(container, logical))
  return [...gaps(usable, top), ...inside]
    .map((range) => cut(range, sizeBytes))
    .filter(({lengthBytes}) => lengthBytes > 0)
    .toSorted((a, b) => a.offsetBytes - b.offsetBytes)
}

function gaps(within: Range, taken: readonly Partition[]): Range[] {
  const endBytes = within.offsetBytes + within.lengthBytes
  const found: Range[] = []
  let cursor = within.offsetBytes
  for (const {offsetBytes, lengthBytes} of joinRanges(taken)) {
    if (offsetBytes > cursor) found.push({offsetBytes: cursor, lengthBytes: Math.min(offsetBytes, endBytes) - cursor})
    cursor = Math.max(cursor, offsetBytes + lengthBytes)
  }
  if (cursor < endBytes) found.push({offsetBytes: cursor, lengthBytes: endBytes - cursor})
  return found
}

function cut({offsetBytes, lengthBytes}: Range, sizeBytes: number): Range {
  return {offsetBytes, lengthBytes: Math.min(lengthBytes, sizeBytes - offsetBytes)}
}
