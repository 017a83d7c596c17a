import type {Document} from '../report/index.js'
import {csvTable} from './csv-table.js'
import type {Verified} from './verify.js'

/** What a verification found. */
export function verifiedDocument(image: string, found: readonly (Verified & {readonly cell: string})[]): Document {
  const wrong = found.reduce((sum, one) => sum + one.wrong, 0)
  const units = found.reduce((sum, one) => sum + one.units, 0)
  const first = found.find((one) => one.first !== undefined)?.first
  return {
    title: '',
    blocks: [
      {
        kind: 'verdict',
        ok: wrong === 0,
        text:
          first === undefined
            ? `${image}: all ${units} blocks hold what was written to them`
            : `${image}: ${wrong} of ${units} blocks do not hold what was written to them; the first at byte ${first.offsetBytes}: ${first.what}`,
      },
    ],
    json: {schema: 'flushpoint/bench-verify@1', image, ok: wrong === 0, verified: found},
    records: found.map((one) => ({record: 'verified', ...one})),
    csvTable: csvTable(
      found.map(({cell, units: read, unitBytes, wrong: bad, first: at}) => [
        ...([
          ['cell', cell],
          ['blocks', read],
          ['blockBytes', unitBytes],
          ['wrong', bad],
        ] as const),
        ['firstWrongByte', at?.offsetBytes],
      ]),
      ['cell'],
    ),
  }
}
