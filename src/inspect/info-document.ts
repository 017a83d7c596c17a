import {formatBytes, formatBytesBoth, formatSize, type Range} from '../base/index.js'
import type {Contents, Signature} from '../disk-layout/index.js'
import type {Block, Document, TableBlock} from '../report/index.js'
import {hostRows, usersText} from './info-host.js'
import {problemBlocks} from './problem-blocks.js'
import {qemuInfo} from './qemu-info.js'
import type {Summary} from './summary.js'

/** An image on one screen. JSON: the keys of `qemu-img info --output=json`, and everything else below `flushpoint`. */
export function infoDocument(summary: Summary): Document {
  const {contents, sizeBytes, allocatedBytes, name} = summary
  const facts = {schema: 'flushpoint/info@1', ...summary}
  return {
    title: `${name}: ${formatBytes(sizeBytes)}, ${whatText(contents)}`,
    blocks: [
      {kind: 'fields', rows: imageRows(summary)},
      ...contentBlocks(contents),
      {kind: 'heading', level: 2, text: 'What bears on its cache modes here'},
      {kind: 'fields', rows: hostRows(summary.host)},
      ...problemBlocks(contents.problems, 'Nothing is wrong that can be seen from outside.'),
    ],
    json: {
      ...qemuInfo({filename: name, sizeBytes, allocatedBytes: allocatedBytes ?? 0, disk: contents.virtualDisk}),
      flushpoint: facts,
    },
    records: [
      {record: 'image', ...facts, contents: undefined},
      ...placesOf(contents).map(({where, range, signatures}) => ({record: 'place', where, ...range, signatures})),
      ...contents.unused.map((range) => ({record: 'unused', ...range})),
      ...contents.problems.map((problem) => ({record: 'problem', ...problem})),
    ],
    csvTable: csvTable(summary),
  }
}

/** What the image is, in a few words. */
function whatText({table, whole, virtualDisk}: Contents): string {
  if (virtualDisk) return `a ${virtualDisk.name} file, not a raw image`
  const count = table?.partitions.length ?? 0
  if (table)
    return `${table.label === 'gpt' ? 'GPT' : 'MBR'} with ${count === 1 ? '1 partition' : `${count} partitions`}`
  return whole.length > 0 ? whole.map(({name}) => name).join(', ') : 'nothing known in it'
}

function imageRows(summary: Summary): (readonly [string, string])[] {
  const {sizeBytes, kind, partition, path, startBytes, contents, users, host} = summary
  const {table} = contents
  const whole = partition === undefined ? kind : `partition ${partition} of ${path}, at byte ${startBytes}`
  return [
    ['image', whole],
    ['size', `${formatBytesBoth(sizeBytes)}, ${alignmentText(sizeBytes)}`],
    ['allocated', allocatedText(summary)],
    ...(table
      ? [
          [
            'table',
            `${table.label === 'gpt' ? 'GPT' : 'MBR'} ${table.id}, sectors of ${table.sectorBytes} bytes`,
          ] as const,
        ]
      : []),
    ...(contents.unused.length > 0 ? [['not partitioned', unusedText(contents.unused)] as const] : []),
    ['in use', usersText(users, host.kind)],
  ]
}

function alignmentText(sizeBytes: number): string {
  if (sizeBytes === 0) return 'empty'
  if (sizeBytes % 4096 === 0) return 'a multiple of 4096'
  if (sizeBytes % 512 === 0) return 'a multiple of 512 and not of 4096'
  return `with ${sizeBytes % 512} bytes behind its last whole sector`
}

function allocatedText({sizeBytes, allocatedBytes, sparseness, partition, kind}: Summary): string {
  const told = partition === undefined && allocatedBytes !== undefined ? `${formatBytes(allocatedBytes)}, ` : ''
  if (kind === 'block device') return 'a block device does not tell'
  if (typeof sparseness === 'string') return `${told}holes unknown: ${sparseness}`
  const {dataBytes, dataRanges, holes, largestHoleBytes, complete} = sparseness
  if (holes === 0) return `${told}no holes`
  const percent = Number(((100 * (sizeBytes - dataBytes)) / sizeBytes).toFixed(1))
  const counts = `${complete ? '' : 'at least '}${count(holes, 'hole')} (the largest ${formatBytes(largestHoleBytes)}) and ${count(dataRanges, 'range')} of data`
  return `${told}${percent} % sparse: ${counts}`
}

function unusedText(unused: readonly Range[]): string {
  const total = unused.reduce((sum, {lengthBytes}) => sum + lengthBytes, 0)
  return `${formatBytes(total)} in ${count(unused.length, 'range')}`
}

interface Place {
  readonly where: string
  readonly range: Range | undefined
  readonly signatures: readonly Signature[]
}

/** The image as a whole, where something signs for it, and each partition. */
function placesOf({whole, partitions}: Contents): Place[] {
  return [
    ...(whole.length > 0 ? [{where: 'whole', range: undefined, signatures: whole}] : []),
    ...partitions.map(({partition, signatures}) => ({
      where: `p${partition.number}`,
      range: {offsetBytes: partition.offsetBytes, lengthBytes: partition.lengthBytes},
      signatures,
    })),
  ]
}

/** A screen has some forty lines. */
const DETAILS_MAX = 12

function contentBlocks(contents: Contents): Block[] {
  const places = placesOf(contents)
  if (places.length === 0) return []
  const details = places.flatMap(({where, signatures}) =>
    signatures.flatMap((signature) => {
      const text = detailText(signature)
      return text === '' ? [] : [`${where}, ${signature.name}: ${text}`]
    }),
  )
  const shown = details.slice(0, DETAILS_MAX)
  const more = details.length - shown.length
  const list: Block = {kind: 'list', items: more > 0 ? [...shown, `${more} more in --json`] : shown}
  return [{kind: 'heading', level: 2, text: 'What is in it'}, contentTable(places), ...(shown.length > 0 ? [list] : [])]
}

function contentTable(places: readonly Place[]): TableBlock {
  return {
    kind: 'table',
    columns: [
      {name: 'where', key: 'where'},
      {name: 'offset', key: 'offset', align: 'right'},
      {name: 'size', key: 'size', align: 'right'},
      {name: 'content', key: 'content'},
      {name: 'label', key: 'label'},
      {name: 'UUID', key: 'uuid'},
    ],
    rows: places.flatMap(({where, range, signatures}) => {
      const at = range ? formatSize(BigInt(range.offsetBytes)) : ''
      const size = range ? formatBytes(range.lengthBytes) : ''
      if (signatures.length === 0) return [[where, at, size, 'nothing known', '', '']]
      return signatures.map(({name, label, uuid}) => [where, at, size, name, label ?? '', uuid ?? ''])
    }),
  }
}

/** A row for everything that signs for itself, and for each place where nothing does: there is always one. */
function csvTable({contents, sizeBytes}: Summary): TableBlock {
  const found = placesOf(contents)
  const places = found.length > 0 ? found : [{where: 'whole', range: undefined, signatures: []}]
  return {
    kind: 'table',
    columns: ['where', 'offsetBytes', 'lengthBytes', 'content', 'label', 'uuid'].map((key) => ({name: key, key})),
    rows: places.flatMap(({where, range, signatures}) => {
      const place = [where, String(range?.offsetBytes ?? 0), String(range?.lengthBytes ?? sizeBytes)]
      if (signatures.length === 0) return [[...place, '', '', '']]
      return signatures.map(({type, label, uuid}) => [...place, type, label ?? '', uuid ?? ''])
    }),
  }
}

function detailText({sizeBytes, features = [], details = []}: Signature): string {
  return [
    ...(sizeBytes === undefined ? [] : [formatBytes(sizeBytes)]),
    ...details.map(([label, value]) => `${label} ${value}`),
    ...(features.length === 0 ? [] : [features.join(' ')]),
  ].join(', ')
}

function count(number: number, what: string): string {
  return number === 1 ? `1 ${what}` : `${number} ${what}s`
}
