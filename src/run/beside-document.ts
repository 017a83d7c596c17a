import path from 'node:path'

import {formatNs} from '../base/index.js'
import type {Document, TableBlock} from '../report/index.js'
import type {GuestPair} from './beside.js'
import {verdictBlocks} from './document.js'
import {runJson} from './json.js'
import type {RunResult} from './result.js'
import type {Verdict} from './verdict.js'
import {countText} from './words.js'

/** What the requests of a run that changed the image had to wait. */
interface Waits {
  readonly meanNs: number
  readonly longestNs: number
}

/** Two guests on one drive, each alone and beside the other. Verdicts are those of the runs beside, in the order of the pairs. */
export function besideDocument(pairs: readonly GuestPair[], verdicts: readonly Verdict[]): Document {
  const [first] = pairs
  const drive = first?.beside.aio.reason ?? ''
  return {
    title: `Two guests on one drive: ${drive}`,
    blocks: [
      {
        kind: 'text',
        text: 'Each guest has a queue and an image of its own; clock, waiting commands and cache of the drive are shared.',
      },
      waitsTable(pairs),
      {kind: 'list', items: pairs.map(sentence)},
      ...verdicts.flatMap((verdict, i) => verdictBlocks(verdict, `${pairs[i]?.sourceName}: `)),
    ],
    get json() {
      return {
        schema: 'flushpoint/beside@1',
        guests: pairs.map(({sourceName, alone, beside}) => ({
          batch: sourceName,
          alone: {...waitsOf(alone), elapsedNs: alone.aio.elapsedNs},
          beside: {...waitsOf(beside), elapsedNs: beside.aio.elapsedNs},
          run: runJson(beside),
        })),
      }
    },
    records: pairs.flatMap(({sourceName, alone, beside}) =>
      [alone, beside].map((result, i) => ({
        record: 'guest',
        batch: sourceName,
        when: WHEN[i],
        ...waitsOf(result),
        elapsedNs: result.aio.elapsedNs,
      })),
    ),
    csvTable: plainTable(pairs),
  }
}

const WHEN = ['alone', 'beside'] as const

/** The same with plain numbers, for csv. */
function plainTable(pairs: readonly GuestPair[]): TableBlock {
  const keys = ['batch', 'ordering', 'when', 'writeMeanNs', 'writeLongestNs', 'elapsedNs']
  return {
    kind: 'table',
    columns: keys.map((key) => ({name: key, key})),
    rows: pairs.flatMap(({sourceName, alone, beside}) =>
      [alone, beside].map((result, i) => {
        const {meanNs, longestNs} = waitsOf(result)
        return [sourceName, result.ordering, WHEN[i] ?? '', ...[meanNs, longestNs, result.aio.elapsedNs].map(String)]
      }),
    ),
  }
}

function waitsTable(pairs: readonly GuestPair[]): TableBlock {
  return {
    kind: 'table',
    columns: [
      {name: 'guest', key: 'guest'},
      {name: 'barriers', key: 'barriers'},
      {name: 'when', key: 'when'},
      {name: 'write, mean', key: 'mean', align: 'right'},
      {name: 'write, longest', key: 'longest', align: 'right'},
      {name: 'first to last', key: 'elapsed', align: 'right'},
    ],
    rows: pairs.flatMap(({sourceName, alone, beside}) =>
      [alone, beside].map((result, i) => {
        const {meanNs, longestNs} = waitsOf(result)
        const when = i === 0 ? 'alone' : 'beside the other'
        return [
          path.basename(sourceName),
          result.ordering,
          when,
          ...[meanNs, longestNs, result.aio.elapsedNs].map(formatNs),
        ]
      }),
    ),
  }
}

function sentence({sourceName, alone, beside}: GuestPair): string {
  const [before, after] = [waitsOf(alone).longestNs, waitsOf(beside).longestNs]
  const name = path.basename(sourceName)
  if (before === 0) return `${name} writes nothing.`
  const factor = (after / before).toFixed(1)
  return `${name}: ${countText(beside.counts.writes, 'write')}; the longest takes ${factor} times as long beside the other.`
}

function waitsOf(result: RunResult): Waits {
  const latencies = Array.from(result.outcomes)
    .filter(({changes, status, scsi}) => changes && status === 'OK' && scsi?.sense === undefined)
    .map(({latencyNs}) => latencyNs)
  if (latencies.length === 0) return {meanNs: 0, longestNs: 0}
  const longestNs = latencies.reduce((most, ns) => Math.max(most, ns), 0)
  return {meanNs: Math.round(latencies.reduce((sum, ns) => sum + ns, 0) / latencies.length), longestNs}
}
