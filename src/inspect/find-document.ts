import {SECTOR_BYTES} from '../base/index.js'
import type {Document} from '../report/index.js'
import type {Found} from './find.js'
import type {MatchAlignment} from './match-alignment.js'
import {placesOf, type Place} from './place.js'

/** More matches than this are no help to people; programs get all. */
const ROWS_MAX = 100

export interface FindReport {
  /** As they were typed. */
  readonly image: string
  readonly pattern: string
  readonly patternBytes: number
  readonly alignment: MatchAlignment
  readonly places: readonly Place[]
}

/** Where a pattern lies in an image. */
export function findDocument(found: Found, report: FindReport): Document {
  const {image, pattern, patternBytes, places} = report
  const {offsets, count, complete} = found
  const matches = offsets.map((offsetBytes) => ({
    offsetBytes,
    sector: Math.floor(offsetBytes / SECTOR_BYTES),
    inSectorBytes: offsetBytes % SECTOR_BYTES,
    place: placesOf({offsetBytes, lengthBytes: patternBytes}, places),
  }))
  const summary = summaryOf(found, report)
  const left = count - Math.min(count, ROWS_MAX)
  const rows = matches.slice(0, ROWS_MAX)
  const times = count === 1 ? 'once' : `${count} times`
  return {
    title: `${image}: where ${pattern} is`,
    blocks: [
      ...(count === 0
        ? []
        : [
            {
              kind: 'table' as const,
              columns: [
                {name: 'offset', key: 'offsetBytes', align: 'right' as const},
                {name: 'in hex', key: 'hex', align: 'right' as const},
                {name: 'sector', key: 'sector', align: 'right' as const},
                {name: 'byte of it', key: 'inSectorBytes', align: 'right' as const},
                ...(places.length > 0 ? [{name: 'in', key: 'place'}] : []),
              ],
              rows: rows.map(({offsetBytes, sector, inSectorBytes, place}) => [
                String(offsetBytes),
                `0x${offsetBytes.toString(16)}`,
                String(sector),
                String(inSectorBytes),
                ...(places.length > 0 ? [place] : []),
              ]),
              ...(left > 0 ? {note: `${left} more: --json and --format csv list them.`} : {}),
            },
          ]),
      {
        kind: 'verdict',
        ok: count > 0,
        text: count === 0 ? 'not found' : complete ? `found ${times}` : `found ${times}, then stopped as asked`,
      },
    ],
    json: {...summary, matches},
    records: [...matches.map((match) => ({record: 'match', ...match})), {record: 'search', ...summary}],
    csvTable: {
      kind: 'table',
      columns: ['offsetBytes', 'sector', 'inSectorBytes', 'place'].map((key) => ({name: key, key})),
      rows: matches.map(({offsetBytes, sector, inSectorBytes, place}) => [
        ...[offsetBytes, sector, inSectorBytes].map(String),
        place,
      ]),
    },
  }
}

function summaryOf({count, complete}: Found, {image, pattern, patternBytes, alignment}: FindReport) {
  const {unitBytes: alignBytes, phaseBytes: alignPhaseBytes} = alignment
  return {schema: 'flushpoint/find@1', image, pattern, patternBytes, alignBytes, alignPhaseBytes, count, complete}
}
