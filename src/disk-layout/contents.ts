import {formatBytes, type Range} from '../base/index.js'
import {budgeted, partReader, type ByteReader} from './byte-reader.js'
import {freeSpace} from './partition/free-space.js'
import {readPartitionTable} from './partition/read.js'
import type {Partition, PartitionTable, Problem} from './partition/table.js'
import type {Signature} from './signature/signature.js'
import {BOOT_SECTOR_OWNERS, signaturesOf} from './signature/table.js'
import {virtualDiskOf, type VirtualDisk} from './signature/virtual-disk.js'

/** So many partitions are looked into; hostile tables name tens of thousands. */
const PARTITIONS_MAX = 256

/** What is in one partition. */
export interface PartContents {
  readonly partition: Partition
  readonly signatures: readonly Signature[]
}

/** What is on an image. */
export interface Contents {
  readonly table: PartitionTable | undefined
  /** What signs for the image as a whole, beside its table: a file system without one, boot code, a hybrid ISO. */
  readonly whole: readonly Signature[]
  /** When the image is a virtual disk in another format than raw. */
  readonly virtualDisk: VirtualDisk | undefined
  /** Extended partitions are not here: what is in them is their logical ones. */
  readonly partitions: readonly PartContents[]
  /** What no partition covers; nothing when there is no table. */
  readonly unused: readonly Range[]
  /** Those of the table, and what its contents add. */
  readonly problems: readonly Problem[]
}

/** The partition table of an image. @returns undefined when it has none */
export function partitionTableOf(image: ByteReader): PartitionTable | undefined {
  const reader = budgeted(image)
  const whole = signaturesOf(reader)
  return isOneFileSystem(whole) ? undefined : readTable(reader)
}

/** The partition table of an image and what is in each partition. Bounded in reads and memory, whatever the bytes say. */
export function contentsOf(image: ByteReader): Contents {
  const reader = budgeted(image)
  const whole = signaturesOf(reader)
  const table = isOneFileSystem(whole) ? undefined : readTable(reader)
  const candidates = (table?.partitions ?? []).filter(({kind, lengthBytes}) => kind !== 'extended' && lengthBytes > 0)
  const partitions = candidates
    .slice(0, PARTITIONS_MAX)
    .map((partition) => ({partition, signatures: signaturesOf(partReader(reader, partition))}))
  const problems = [
    ...(table?.problems ?? []).filter(({code}) => code !== 'PARTITION_AT_ZERO' || !whole.some(isOfDisc)),
    ...unread(candidates.length, reader.exhausted),
    ...judgeContents('the image', reader.sizeBytes, whole),
    ...partitions.flatMap(({partition, signatures}) =>
      judgeContents(`partition ${partition.number}`, partition.lengthBytes, signatures),
    ),
  ]
  const virtualDisk = virtualDiskOf(reader)
  return {table, whole, virtualDisk, partitions, unused: table ? freeSpace(table, reader.sizeBytes) : [], problems}
}

function unread(count: number, exhausted: boolean): Problem[] {
  if (count <= PARTITIONS_MAX && !exhausted) return []
  const text =
    count > PARTITIONS_MAX
      ? `of ${count} partitions only the first ${PARTITIONS_MAX} were looked into`
      : 'not everything was looked into: the image leads to more places than any image of use'
  return [{severity: 'warning', code: 'CONTENT_UNREAD', text}]
}

function readTable(reader: ByteReader): PartitionTable | undefined {
  const beginsAt = (offsetBytes: number): boolean => {
    const part = partReader(reader, {offsetBytes, lengthBytes: reader.sizeBytes})
    // Code at the start of a sector says little; everything else has a magic number of its own.
    return signaturesOf(part).some(({usage}) => usage !== 'boot')
  }
  return readPartitionTable(reader, {beginsAt})
}

/** The 0x55 0xAA of a boot sector says no more than that the BIOS may run it: it is no sign of a table. */
function isOneFileSystem(whole: readonly Signature[]): boolean {
  return whole.some(({type, usage}) => BOOT_SECTOR_OWNERS.has(type) || usage === 'image' || usage === 'compressed')
}

function judgeContents(where: string, sizeBytes: number, signatures: readonly Signature[]): Problem[] {
  const told = signatures.flatMap(({name, warnings = []}) =>
    warnings.map((text): Problem => ({severity: 'warning', code: 'CONTENT', text: `${where}, ${name}: ${text}`})),
  )
  const tooLarge = signatures
    .filter((signature) => (signature.sizeBytes ?? 0) > sizeBytes)
    .map((signature): Problem => ({
      severity: 'error',
      code: 'CONTENT_LARGER',
      text: `the ${signature.name} in ${where} says that it has ${formatBytes(signature.sizeBytes ?? 0)}, ${formatBytes((signature.sizeBytes ?? 0) - sizeBytes)} more than there are`,
      hint: 'It was shrunk or cut without its file system: do not mount it for writing.',
    }))
  const owners = signatures.filter(({usage, type}) => usage !== 'boot' && type !== 'vhd-footer')
  const several: Problem[] =
    owners.length > 1 && !owners.every(isOfDisc)
      ? [
          {
            severity: 'warning',
            code: 'CONTENT_AMBIGUOUS',
            text: `${where} bears the signatures of ${owners.map(({name}) => name).join(' and ')}: one of them is probably left over`,
          },
        ]
      : []
  return [...tooLarge, ...told, ...several]
}

/**
 * A disc may be written for readers of ISO 9660 and of UDF at once. Its first 32 KiB belong to no file: a partition of a hybrid one
 * may begin with the table that names it.
 */
function isOfDisc({type}: Signature): boolean {
  return type === 'iso9660' || type === 'udf'
}
