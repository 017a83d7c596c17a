import {formatBytes, formatSize, type Range} from '../base/index.js'
import type {Contents, PartContents, Partition, PartitionTable, Signature} from '../disk-layout/index.js'
import type {Block, Document, TableBlock} from '../report/index.js'
import {problemBlocks} from './problem-blocks.js'
import {contentText} from './signature-text.js'
import {sfdiskTable} from './table-json.js'

/**
 * A partition table as a report. JSON: `partitiontable` is what `sfdisk -J` prints; what it has no place for (ranges in bytes,
 * contents, the state of both copies, problems) is below `flushpoint`.
 *
 * @param name of the image, as it was typed
 */
export function partitionsDocument(name: string, table: PartitionTable, contents: Contents): Document {
  const rows = table.partitions.map((partition) => ({
    partition,
    signatures: signaturesIn(partition, contents.partitions),
  }))
  const facts = {
    schema: 'flushpoint/partitions@1',
    sectorEvidence: table.sectorEvidence,
    gpt: table.gpt,
    partitions: rows.map(({partition, signatures}) => ({...partition, signatures})),
    unused: contents.unused,
    problems: contents.problems,
  }
  return {
    title: `${name}: ${table.label === 'gpt' ? 'GPT' : 'MBR'} with ${countText(table.partitions.length, 'partition')}`,
    blocks: [
      {kind: 'fields', rows: tableRows(table)},
      partitionRows(rows),
      ...unusedBlocks(contents.unused),
      ...problemBlocks(contents.problems, 'Nothing is wrong with the table.'),
    ],
    json: {partitiontable: sfdiskTable(table, name), flushpoint: facts},
    records: [
      {record: 'table', label: table.label, id: table.id, sectorBytes: table.sectorBytes, gpt: table.gpt},
      ...facts.partitions.map((partition) => ({record: 'partition', ...partition})),
      ...contents.unused.map((range) => ({record: 'unused', ...range})),
      ...contents.problems.map((problem) => ({record: 'problem', ...problem})),
    ],
    csvTable: csvTable(table.partitions),
  }
}

function signaturesIn({number}: Partition, parts: readonly PartContents[]): readonly Signature[] | undefined {
  return parts.find(({partition}) => partition.number === number)?.signatures
}

function tableRows({id, sectorBytes, sectorEvidence, gpt}: PartitionTable): (readonly [string, string])[] {
  const rows: (readonly [string, string])[] = [
    ['disk id', id === '' ? 'unknown' : id],
    ['sectors', `of ${sectorBytes} bytes: ${sectorEvidence}`],
  ]
  if (gpt === undefined) return rows
  const used = gpt.used === undefined ? 'neither copy can be believed' : `read from the ${gpt.used}`
  return [
    ...rows,
    ['copies', `primary ${gpt.primary.status}, backup ${gpt.backup.status}; ${used}`],
    ['MBR', gpt.mbr],
    ['usable', `sectors ${gpt.firstUsableLba} to ${gpt.lastUsableLba}, ${gpt.entryCount} entries`],
  ]
}

function partitionRows(
  rows: readonly {readonly partition: Partition; readonly signatures: readonly Signature[] | undefined}[],
): TableBlock {
  return {
    kind: 'table',
    columns: [
      {name: '#', key: 'number', align: 'right'},
      {name: 'sector', key: 'firstLba', align: 'right'},
      {name: 'offset', key: 'offset', align: 'right'},
      {name: 'size', key: 'size', align: 'right'},
      {name: 'type', key: 'type'},
      {name: 'name', key: 'name'},
      {name: 'content', key: 'content'},
    ],
    rows: rows.map(({partition, signatures}) => [
      `p${partition.number}`,
      String(partition.firstLba),
      formatSize(BigInt(partition.offsetBytes)),
      formatBytes(partition.lengthBytes),
      typeText(partition),
      partition.name ?? '',
      signatures === undefined ? '' : contentText(signatures),
    ]),
  }
}

function typeText({type, typeName, bootable, attributes}: Partition): string {
  const flags = [...(bootable ? ['bootable'] : []), ...attributes]
  return (typeName ?? `type ${type}`) + (flags.length > 0 ? ` (${flags.join(', ')})` : '')
}

function unusedBlocks(unused: readonly Range[]): Block[] {
  if (unused.length === 0) return []
  const total = unused.reduce((sum, {lengthBytes}) => sum + lengthBytes, 0)
  const largest = unused.reduce((best, range) => (range.lengthBytes > best.lengthBytes ? range : best))
  const where = `${formatBytes(largest.lengthBytes)} at ${formatSize(BigInt(largest.offsetBytes))}`
  const text = `Not partitioned: ${formatBytes(total)} in ${countText(unused.length, 'range')}, the largest ${where}.`
  return [{kind: 'text', text}]
}

function csvTable(partitions: readonly Partition[]): TableBlock {
  const keys = [
    'number',
    'kind',
    'firstLba',
    'sectors',
    'offsetBytes',
    'lengthBytes',
    'type',
    'typeName',
    'uuid',
    'name',
  ] as const
  return {
    kind: 'table',
    columns: keys.map((key) => ({name: key, key})),
    rows: partitions.map((partition) => keys.map((key) => String(partition[key] ?? ''))),
  }
}

function countText(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`
}
