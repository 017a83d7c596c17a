import {formatBytes, formatBytesBoth} from '../base/index.js'
import type {Resized} from '../image/index.js'
import type {Document} from '../report/index.js'

/** Something to know about an image that gets another size. */
export interface SizeProblem {
  readonly text: string
  readonly hint?: string | undefined
}

/** An image that was made. */
export function createDocument(image: string, sizeBytes: number, preallocated: boolean): Document {
  const json = {schema: 'flushpoint/create@1', image, sizeBytes, preallocated, durable: true}
  return {
    title: '',
    blocks: [
      {
        kind: 'verdict',
        ok: true,
        text: `${image} was made: ${formatBytesBoth(sizeBytes)}, ${preallocated ? 'all blocks reserved' : 'sparse'}; file and name were synced`,
      },
    ],
    json,
    records: [{record: 'create', ...json}],
    csvTable: {
      kind: 'table',
      columns: Object.keys(json)
        .slice(1)
        .map((key) => ({name: key, key})),
      rows: [Object.values(json).slice(1).map(String)],
    },
  }
}

/** An image that was given another size, and what is wrong in it now. */
export function resizeDocument(
  image: string,
  {fromBytes, toBytes, unlocked}: Resized,
  problems: readonly SizeProblem[],
): Document {
  const json = {schema: 'flushpoint/resize@1', image, fromBytes, toBytes, unlocked: unlocked ?? null, problems}
  const by = Math.abs(toBytes - fromBytes)
  const change =
    toBytes === fromBytes ? 'as before' : `${formatBytes(by)} ${toBytes > fromBytes ? 'more' : 'less'} than before`
  const items = [
    ...(unlocked === undefined ? [] : [`No lock was taken: ${unlocked}.`]),
    ...problems.map(({text, hint}) => (hint === undefined ? text : `${text}. ${hint}`)),
  ]
  return {
    title: '',
    blocks: [
      {kind: 'verdict', ok: true, text: `${image} has ${formatBytesBoth(toBytes)} now, ${change}; the size was synced`},
      ...(items.length > 0 ? [{kind: 'list' as const, items}] : []),
    ],
    json,
    records: [{record: 'resize', ...json}],
    csvTable: {
      kind: 'table',
      columns: ['fromBytes', 'toBytes'].map((key) => ({name: key, key})),
      rows: [[String(fromBytes), String(toBytes)]],
    },
  }
}
