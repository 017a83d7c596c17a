import {formatBytesBoth} from '../base/index.js'
import type {Document} from '../report/index.js'
import type {DigestName} from './digest.js'
import type {HashPart} from './hash-parts.js'

export interface HashRow extends HashPart {
  readonly digest: string
}

/** More rows than this are no help to people; programs get all. */
const ROWS_MAX = 1000

/** The digests of an image or its parts. */
export function hashDocument(
  image: string,
  sizeBytes: number,
  algorithm: DigestName,
  rows: readonly HashRow[],
): Document {
  const parts = rows.map(({name, offsetBytes, lengthBytes, digest}) => {
    return {part: name === '' ? null : name, offsetBytes, lengthBytes, digest}
  })
  const summary = {schema: 'flushpoint/hash@1', image, sizeBytes, algorithm}
  const named = rows.some(({name}) => name !== '')
  const left = rows.length - ROWS_MAX
  return {
    title: `${image}: ${algorithm}`,
    blocks: [
      {kind: 'fields', rows: [['size', formatBytesBoth(sizeBytes)]]},
      {
        kind: 'table',
        columns: [
          ...(named ? [{name: 'part', key: 'part'}] : []),
          {name: 'offset', key: 'offsetBytes', align: 'right'},
          {name: 'length', key: 'lengthBytes', align: 'right'},
          {name: algorithm, key: 'digest'},
        ],
        rows: rows
          .slice(0, ROWS_MAX)
          .map(({name, offsetBytes, lengthBytes, digest}) => [
            ...(named ? [name] : []),
            String(offsetBytes),
            String(lengthBytes),
            digest,
          ]),
        ...(left > 0 ? {note: `${left} more: --json and --format csv list them.`} : {}),
      },
    ],
    json: {...summary, parts},
    records: [...parts.map((part) => ({record: 'digest', ...part})), {record: 'hash', ...summary}],
    csvTable: {
      kind: 'table',
      columns: ['part', 'offsetBytes', 'lengthBytes', 'digest'].map((key) => ({name: key, key})),
      rows: rows.map(({name, offsetBytes, lengthBytes, digest}) => [
        name,
        String(offsetBytes),
        String(lengthBytes),
        digest,
      ]),
    },
  }
}
