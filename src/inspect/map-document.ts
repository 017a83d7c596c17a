import {alignOut, formatBytes, formatBytesBoth, SECTOR_BYTES} from '../base/index.js'
import type {Block, Document, TableBlock} from '../report/index.js'
import type {ExtentMap, MapExtent} from './extent-map.js'
import {placesOf, type Place} from './place.js'

/** What a map is shown with. */
export interface MapOptions {
  /** As it was typed. */
  readonly name: string
  /** Where the source begins in its file: offsets of peers are those of the file. */
  readonly startBytes: number
  readonly places: readonly Place[]
  /** How many extents people get to see; programs get all. */
  readonly rowsMax: number
  /** Whether zero-filled data was looked for. */
  readonly scanned: boolean
}

const BAR_CELLS = 72

/** One sort of extent in words, with its sign in the bar. Of several in one cell of the bar, the first in this order shows. */
const SORTS = {
  data: {sign: '█', words: 'data'},
  'delayed data': {sign: '▓', words: 'data in host memory, perhaps not on the disk yet'},
  'shared data': {sign: '▒', words: 'data whose blocks another file uses too'},
  zeroes: {sign: 'z', words: 'data that is all zeroes'},
  unwritten: {sign: '░', words: 'reserved and never written, reads as zeroes'},
  hole: {sign: '·', words: 'hole, reads as zeroes'},
} as const

type Sort = keyof typeof SORTS

function sortOf({kind, delayed, shared, zeroes}: MapExtent): Sort {
  switch (kind) {
    case 'data':
      return zeroes ? 'zeroes' : delayed ? 'delayed data' : shared ? 'shared data' : 'data'
    case 'hole':
    case 'unwritten':
      return kind
  }
}

/** Where data and holes of an image are. Its JSON is what `qemu-img map --output=json` prints of a raw image. */
export function mapDocument(map: ExtentMap, options: MapOptions): Document {
  return {
    title: `${options.name}: where its data is`,
    get blocks() {
      return blocksOf(map, options)
    },
    get json() {
      return peerJson(map, options)
    },
    records: recordsOf(map, options),
    get csvTable() {
      return fullTable(map, options)
    },
  }
}

function blocksOf(map: ExtentMap, options: MapOptions): Block[] {
  const {extents, sizeBytes} = map
  const totals = totalsOf(extents)
  const fields: Block = {
    kind: 'fields',
    rows: [
      ['size', formatBytesBoth(sizeBytes)],
      ...totals.map(({sort, bytes, count}) => [sort, totalText(bytes, count, sizeBytes)] as const),
    ],
  }
  const drawn = sizeBytes === 0 ? [] : [...barBlocks(map, totals), tableOf(map, options)]
  return [fields, ...drawn, ...notesOf(map, totals)]
}

/** All that is known of each extent, in plain numbers. */
function fullTable({extents}: ExtentMap, {scanned, places}: MapOptions): TableBlock {
  const keys = ['offsetBytes', 'lengthBytes', 'kind', 'delayed', 'shared', 'zeroes', 'place']
  return {
    kind: 'table',
    columns: keys.map((key) => ({name: key, key})),
    rows: extents.map((extent) => [
      ...[extent.offsetBytes, extent.lengthBytes, extent.kind, extent.delayed, extent.shared].map(String),
      scanned ? String(extent.zeroes) : '',
      placesOf(extent, places),
    ]),
  }
}

interface Total {
  readonly sort: Sort
  readonly bytes: number
  readonly count: number
}

function totalsOf(extents: readonly MapExtent[]): Total[] {
  const totals = new Map<Sort, {bytes: number; count: number}>()
  for (const extent of extents) {
    const sort = sortOf(extent)
    let total = totals.get(sort)
    if (total === undefined) totals.set(sort, (total = {bytes: 0, count: 0}))
    total.bytes += extent.lengthBytes
    total.count++
  }
  return (Object.keys(SORTS) as Sort[]).flatMap((sort) => {
    const total = totals.get(sort)
    return total === undefined ? [] : [{sort, ...total}]
  })
}

function totalText(bytes: number, count: number, sizeBytes: number): string {
  const percent = Number(((bytes / sizeBytes) * 100).toFixed(1))
  return `${formatBytesBoth(bytes)} in ${count} ${count === 1 ? 'extent' : 'extents'}, ${percent} %`
}

/** The whole image as one line. A cell with any data shows the data: small islands in a large hole must not vanish. */
function barBlocks({extents, sizeBytes}: ExtentMap, totals: readonly Total[]): Block[] {
  const order = Object.keys(SORTS) as Sort[]
  const cells: number[] = Array.from({length: BAR_CELLS}, () => order.length)
  for (const extent of extents) {
    const rank = order.indexOf(sortOf(extent))
    const first = Math.floor((extent.offsetBytes / sizeBytes) * BAR_CELLS)
    const end = Math.ceil(((extent.offsetBytes + extent.lengthBytes) / sizeBytes) * BAR_CELLS)
    for (let cell = first; cell < Math.min(end, BAR_CELLS); cell++) cells[cell] = Math.min(cells[cell] ?? rank, rank)
  }
  const signs = cells.map((rank) => SORTS[order[rank] ?? 'hole'].sign).join('')
  const legend = totals.map(({sort}) => `${SORTS[sort].sign} ${SORTS[sort].words}`).join('; ')
  const cellBytes = Math.ceil(sizeBytes / BAR_CELLS)
  return [{kind: 'text', text: `[${signs}]\n${legend}. One sign is ${formatBytes(cellBytes)}; data shows first.`}]
}

function tableOf({extents}: ExtentMap, {places, rowsMax}: MapOptions): Block {
  const shown = extents.slice(0, rowsMax)
  const left = extents.length - shown.length
  return {
    kind: 'table',
    title: 'Extents',
    columns: [
      {name: 'offset', key: 'offsetBytes', align: 'right'},
      {name: 'length', key: 'lengthBytes', align: 'right'},
      {name: 'size', key: 'size', align: 'right'},
      {name: 'what', key: 'what'},
      ...(places.length > 0 ? [{name: 'in', key: 'place'}] : []),
    ],
    rows: shown.map((extent) => [
      String(extent.offsetBytes),
      String(extent.lengthBytes),
      formatBytes(extent.lengthBytes),
      sortOf(extent),
      ...(places.length > 0 ? [placesOf(extent, places)] : []),
    ]),
    ...(left > 0 ? {note: `${left} more extents: --all lists them, --json and --format csv always do.`} : {}),
  }
}

function notesOf({holesUnknown, physicalUnknown}: ExtentMap, totals: readonly Total[]): Block[] {
  const has = (sort: Sort): boolean => totals.some((total) => total.sort === sort)
  const items: string[] = []
  if (holesUnknown !== undefined) items.push(`Holes cannot be told from data: ${holesUnknown}.`)
  else if (physicalUnknown !== undefined) {
    items.push(`Unwritten, delayed and shared extents cannot be told: ${physicalUnknown}.`)
  }
  if (has('hole') || has('unwritten')) {
    items.push(
      'A write into a hole or an unwritten extent changes the metadata of the file too. Under --cache none it may be lost when the host crashes, until a flush; an overwrite of data only in a power cut.',
    )
  }
  if (has('delayed data')) {
    items.push('Delayed data was not synced for this map: a crash of the host may take it away.')
  }
  if (has('shared data')) {
    items.push(
      'A write into shared data goes to new blocks: like one into a hole, it needs a flush under --cache none.',
    )
  }
  return items.length === 0 ? [] : [{kind: 'list', items}]
}

interface PeerExtent {
  readonly start: number
  length: number
  readonly depth: number
  readonly present: boolean
  readonly zero: boolean
  readonly data: boolean
  readonly offset?: number
}

/**
 * The array that qemu-img prints (QAPI MapEntry; since 8.2 it adds `compressed`, false in raw images). It counts whole sectors: what the last one lacks is a hole. Unwritten extents
 * are holes to it. Data that was found to be zeroes is both `data` and `zero`.
 */
function peerJson({extents, sizeBytes}: ExtentMap, {startBytes}: MapOptions): PeerExtent[] {
  if (sizeBytes === 0) return [{start: 0, length: 0, depth: 0, present: false, zero: false, data: false}]
  const rows: PeerExtent[] = []
  let last: PeerExtent | undefined
  const add = (start: number, length: number, zero: boolean, data: boolean): void => {
    if (last && last.zero === zero && last.data === data) last.length += length
    else rows.push((last = {start, length, depth: 0, present: true, zero, data, offset: startBytes + start}))
  }
  for (const {offsetBytes, lengthBytes, kind, zeroes} of extents) {
    add(offsetBytes, lengthBytes, kind !== 'data' || zeroes, kind === 'data')
  }
  const {lengthBytes: roundedBytes} = alignOut({offsetBytes: 0, lengthBytes: sizeBytes}, SECTOR_BYTES)
  if (roundedBytes > sizeBytes) add(sizeBytes, roundedBytes - sizeBytes, true, false)
  return rows
}

function* recordsOf(map: ExtentMap, options: MapOptions): Generator<object> {
  for (const {offsetBytes, lengthBytes, kind, delayed, shared, zeroes} of map.extents) {
    const place = placesOf({offsetBytes, lengthBytes}, options.places)
    const extent = {record: 'extent', offsetBytes, lengthBytes, kind, delayed, shared}
    yield {...extent, ...(options.scanned ? {zeroes} : {}), ...(place === '' ? {} : {place})}
  }
  yield {
    record: 'map',
    schema: 'flushpoint/map@1',
    image: options.name,
    sizeBytes: map.sizeBytes,
    holesUnknown: map.holesUnknown ?? null,
    physicalUnknown: map.physicalUnknown ?? null,
    totals: totalsOf(map.extents),
  }
}
