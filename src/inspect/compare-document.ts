import {formatBytes, formatBytesBoth, SECTOR_BYTES, type Range} from '../base/index.js'
import type {ImageSource} from '../image/index.js'
import type {Block, Document} from '../report/index.js'
import type {Comparison} from './compare.js'
import {hexDump} from './dump.js'
import {ROW_BYTES} from './hex-table.js'
import {placesOf, type Place} from './place.js'

/** One of the two, for the report. */
export interface Compared {
  /** As it was typed. */
  readonly name: string
  readonly source: ImageSource
  readonly places: readonly Place[]
}

export interface CompareReport {
  readonly strict: boolean
  /** How many differences are shown in hex. */
  readonly show: number
}

/** More ranges than this are no help to people; programs get all. */
const ROWS_MAX = 100
/** Rows of hex shown of one difference. */
const HEX_ROWS = 4

/** How two images differ, and where. */
export function compareDocument(
  found: Comparison,
  images: readonly [Compared, Compared],
  {strict, show}: CompareReport,
): Document {
  const [a, b] = images
  const shown = found.ranges.slice(0, ROWS_MAX)
  const listed = found.ranges.map((range) => described(range, images))
  const summary = {
    schema: 'flushpoint/compare@1',
    a: {image: a.name, sizeBytes: found.sizeBytes[0]},
    b: {image: b.name, sizeBytes: found.sizeBytes[1]},
    strict,
    identical: found.identical,
    rangeCount: found.rangeCount,
    rangeBytes: found.rangeBytes,
  }
  return {
    title: `${a.name} and ${b.name}`,
    blocks: [
      ...(found.rangeCount === 0 ? [] : rangeBlocks(found, shown, images)),
      ...found.ranges.slice(0, show).flatMap((range) => hexBlocks(range, images)),
      ...(found.allocation !== undefined && found.allocation.length > 0 ? [allocationBlock(found.allocation)] : []),
      ...noteBlocks(found, strict),
      {kind: 'verdict', ok: found.identical, text: verdictText(found, strict)},
    ],
    json: {...summary, ranges: listed, ...(strict ? {allocation: found.allocation ?? null} : {})},
    records: records(listed, summary),
    csvTable: {
      kind: 'table',
      columns: ['offsetBytes', 'lengthBytes', 'sector', 'inA', 'inB'].map((key) => ({name: key, key})),
      rows: listed.map(({offsetBytes, lengthBytes, sector, inA, inB}) => [
        ...[offsetBytes, lengthBytes, sector].map(String),
        inA,
        inB,
      ]),
    },
  }
}

function* records(listed: readonly object[], summary: object): Generator<object> {
  for (const range of listed) yield {record: 'range', ...range}
  yield {record: 'comparison', ...summary}
}

function described(range: Range, [a, b]: readonly [Compared, Compared]) {
  const {offsetBytes, lengthBytes} = range
  const sector = Math.floor(offsetBytes / SECTOR_BYTES)
  return {offsetBytes, lengthBytes, sector, inA: placesOf(range, a.places), inB: placesOf(range, b.places)}
}

function rangeBlocks(found: Comparison, shown: readonly Range[], images: readonly [Compared, Compared]): Block[] {
  const named = images.some(({places}) => places.length > 0)
  const left = found.rangeCount - shown.length
  return [
    {
      kind: 'table',
      title: 'Differences',
      columns: [
        {name: 'offset', key: 'offsetBytes', align: 'right'},
        {name: 'length', key: 'lengthBytes', align: 'right'},
        {name: 'sector', key: 'sector', align: 'right'},
        ...(named ? [{name: 'in', key: 'in'}] : []),
      ],
      rows: shown.map((range) => {
        const {offsetBytes, lengthBytes, sector, inA, inB} = described(range, images)
        return [...[offsetBytes, lengthBytes, sector].map(String), ...(named ? [bothPlaces(inA, inB)] : [])]
      }),
      ...(left > 0 ? {note: `${left} more differences: --json and --format csv list them.`} : {}),
    },
  ]
}

function bothPlaces(inA: string, inB: string): string {
  if (inA === inB) return inA
  return `${inA === '' ? 'nothing known' : inA} / ${inB === '' ? 'nothing known' : inB}`
}

function hexBlocks({offsetBytes, lengthBytes}: Range, images: readonly [Compared, Compared]): Block[] {
  const fromBytes = Math.floor(offsetBytes / ROW_BYTES) * ROW_BYTES
  const wholeBytes = Math.ceil((offsetBytes + lengthBytes - fromBytes) / ROW_BYTES) * ROW_BYTES
  const range = {offsetBytes: fromBytes, lengthBytes: Math.min(wholeBytes, HEX_ROWS * ROW_BYTES)}
  const more = wholeBytes > range.lengthBytes ? `, its first ${range.lengthBytes} bytes` : ''
  return [
    {kind: 'heading', level: 2, text: `Difference at ${offsetBytes}${more}`},
    ...images.map(({name, source}): Block => ({kind: 'text', text: `${name}:\n${hexText(source, range)}`})),
  ]
}

function hexText(source: ImageSource, range: Range): string {
  let text = ''
  for (const piece of hexDump(source, range, {style: 'hexdump', fold: false, sectors: false, color: false})) {
    text += Buffer.from(piece).toString('latin1')
  }
  const rows = text.split('\n').slice(0, -2) // without the offset of the end
  return rows.length === 0 ? '(behind its end)' : rows.join('\n')
}

function allocationBlock(allocation: readonly Range[]): Block {
  const bytes = allocation.reduce((sum, {lengthBytes}) => sum + lengthBytes, 0)
  const left = allocation.length - ROWS_MAX
  return {
    kind: 'table',
    title: `Data in one, a hole in the other: ${formatBytesBoth(bytes)}`,
    columns: [
      {name: 'offset', key: 'offsetBytes', align: 'right'},
      {name: 'length', key: 'lengthBytes', align: 'right'},
    ],
    rows: allocation.slice(0, ROWS_MAX).map(({offsetBytes, lengthBytes}) => [String(offsetBytes), String(lengthBytes)]),
    ...(left > 0 ? {note: `${left} more: --json lists them.`} : {}),
  }
}

function noteBlocks({sizeBytes: [a, b], allocation, rangeCount}: Comparison, strict: boolean): Block[] {
  const items: string[] = []
  if (a !== b && !strict) {
    const tail =
      rangeCount === 0
        ? 'What the longer one has more is zeroes.'
        : 'What the longer one has more is compared with zeroes.'
    items.push(
      `The sizes differ: ${formatBytesBoth(a)} and ${formatBytesBoth(b)}. ${tail} --strict calls that a difference.`,
    )
  }
  if (strict && allocation === undefined) items.push('Holes were not compared: they cannot be told from data here.')
  return items.length === 0 ? [] : [{kind: 'list', items}]
}

function verdictText(found: Comparison, strict: boolean): string {
  const {sizeBytes, rangeCount, rangeBytes, allocation} = found
  if (found.identical)
    return strict ? 'identical, sizes and holes included' : 'identical: every byte that can be read is the same'
  const differ = rangeCount === 1 ? '1 range differs' : `${rangeCount} ranges differ`
  const reasons = [
    ...(rangeCount > 0 ? [`${differ}, ${formatBytes(rangeBytes)} from first to last byte`] : []),
    ...(strict && sizeBytes[0] !== sizeBytes[1] ? [`the sizes differ (${sizeBytes.join(' and ')} bytes)`] : []),
    ...((allocation ?? []).length > 0 ? ['one has data where the other has a hole'] : []),
  ]
  return reasons.join('; ')
}
