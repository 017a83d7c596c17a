import {formatBytes, formatBytesBoth} from '../base/index.js'
import {assumptions, DISK, guarantees} from '../durability/index.js'
import {orderingModeOf} from '../ordering/index.js'
import type {Block, Document} from '../report/index.js'
import type {ServeResult, ServeStatus} from './options.js'

/** The report of a server that has ended. */
export function serveDocument(result: ServeResult): Document {
  const {image, mode, counts} = result
  const json = serveJson(result)
  return {
    title: `${image.path}: ${counts.connections} ${counts.connections === 1 ? 'connection' : 'connections'} served under ${mode.name}`,
    blocks: blocksOf(result),
    json,
    records: [
      ...json.guarantees.map((guarantee) => ({record: 'guarantee', mode: mode.name, ...guarantee})),
      {record: 'summary', mode: mode.name, ...counts, bytesAtRisk: result.bytesAtRisk, syncs: result.aio.syncs},
    ],
  }
}

function guaranteesOf({mode, volatile}: ServeResult): ReturnType<typeof guarantees> {
  const medium = volatile === undefined ? DISK : ({kind: 'volatile', why: volatile} as const)
  return guarantees(mode, orderingModeOf('none'), medium)
}

/** The contract of `serve nbd --json`: schema flushpoint/serve@1. */
function serveJson(result: ServeResult) {
  const {image, mode, aio, transport, counts, faults, bytesAtRisk, flushesIgnored, notes} = result
  return {
    schema: 'flushpoint/serve@1',
    image,
    cache: {mode: mode.name, openFlags: result.openFlags},
    aio,
    transport,
    counts,
    flushesIgnored,
    faults,
    bytesAtRisk,
    guarantees: guaranteesOf(result),
    closingSync: result.closingSync,
    notes,
  }
}

function blocksOf(result: ServeResult): Block[] {
  const {image, mode, aio, transport, counts, faults, bytesAtRisk, notes} = result
  const traits = [image.snapshot && 'throw-away copy', image.readOnly && 'read-only']
  return [
    {
      kind: 'fields',
      rows: [
        ['image', [formatBytesBoth(image.sizeBytes), image.fileSystem, ...traits.filter(Boolean)].join(', ')],
        ['cache', `${mode.name}: ${mode.summary}`],
        ['opened', result.openFlags.join(' ')],
        ['aio', `${aio.backend} (${aio.reason}), sockets through ${transport}`],
        ['read', `${counts.reads} requests, ${formatBytes(counts.readBytes)}`],
        ['written', `${counts.writes} requests, ${formatBytes(counts.writtenBytes)}`],
        ['trimmed, zeroed', `${counts.trims}, ${counts.zeroes}`],
        ['flushed', `${counts.flushes} FLUSH, ${counts.fuas} FUA, ${aio.syncs} host syncs`],
        ...(counts.errors > 0 ? ([['errors', String(counts.errors)]] as const) : []),
        ...notes.map((note): readonly [string, string] => ['note', note]),
      ],
    },
    ...(faults.length === 0 ? [] : faultBlocks(result)),
    {kind: 'heading', level: 2, text: `What ${mode.name} guarantees`},
    {
      kind: 'table',
      columns: [
        {name: 'id', key: 'id'},
        {name: 'holds', key: 'holds'},
        {name: 'why', key: 'why'},
      ],
      rows: guaranteesOf(result).map(({id, holds, why}) => [id, String(holds), why]),
    },
    {kind: 'text', text: 'Rests on:'},
    {
      kind: 'list',
      items: assumptions(mode, result.volatile === undefined ? DISK : {kind: 'volatile', why: result.volatile}),
    },
    ...verdicts(result, bytesAtRisk),
  ]
}

function faultBlocks({faults}: ServeResult): Block[] {
  return [
    {kind: 'heading', level: 2, text: 'Clients that broke the protocol'},
    {kind: 'list', items: faults.map(({peer, why}) => `${peer}: ${why}`)},
  ]
}

function verdicts({mode, flushesIgnored, closingSync, poison}: ServeResult, bytesAtRisk: number): Block[] {
  const blocks: Block[] = []
  if (mode.noFlush) {
    const text = `${flushesIgnored} ${flushesIgnored === 1 ? 'flush was' : 'flushes were'} answered and ignored: nothing that was written is sure to survive a crash of the host`
    blocks.push({kind: 'verdict', ok: false, text})
  }
  if (poison !== 0)
    blocks.push({kind: 'verdict', ok: false, text: 'a sync failed: what was written before it may be lost'})
  if (bytesAtRisk === 0)
    blocks.push({kind: 'verdict', ok: true, text: 'nothing was at risk when the last client had gone'})
  else {
    const synced = closingSync === 'done' ? '; the image was synced then' : ''
    const text = `${formatBytes(bytesAtRisk)} would have been lost in a power cut when the last client had gone${synced}`
    blocks.push({kind: 'text', text: `! ${text}`})
  }
  return blocks
}

/** The status of a server in one line, for a terminal. @param iops requests a second since the last line */
export function statusLine(status: ServeStatus, iops: number): string {
  const {connections, bytesAtRisk, secondsSinceFlush, flushesIgnored, poisoned} = status
  return [
    `${connections} ${connections === 1 ? 'connection' : 'connections'}`,
    `${Math.round(iops)} requests/s`,
    `${formatBytes(bytesAtRisk)} lost if power went now`,
    `${Math.floor(secondsSinceFlush)} s since the last flush`,
    ...(flushesIgnored > 0 ? [`${flushesIgnored} flushes ignored`] : []),
    ...(poisoned ? ['a sync has failed'] : []),
  ].join(', ')
}

/** The same for programs: schema flushpoint/serve-status@1. */
export function statusJson(status: ServeStatus, requestsPerSecond: number): object {
  return {schema: 'flushpoint/serve-status@1', ...status, requestsPerSecond}
}
