import {formatBytes, formatBytesBoth, formatNs} from '../base/index.js'
import {writeCacheEnabled, type CacheMode} from '../cache-mode/index.js'
import {assumptions, CRASH_KINDS, DISK, guarantees, type Medium} from '../durability/index.js'
import {orderingModeOf} from '../ordering/index.js'
import type {Block, Column, Document} from '../report/index.js'
import {atMostAtRisk, hazardsOf} from './hazards.js'
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
      ...result.paces.map((pace) => ({record: 'requests', mode: mode.name, ...pace})),
      ...json.guarantees.map((guarantee) => ({record: 'guarantee', mode: mode.name, ...guarantee})),
      ...json.hazards.map((hazard) => ({record: 'hazard', mode: mode.name, ...hazard})),
      {record: 'summary', mode: mode.name, ...counts, bytesAtRisk: result.bytesAtRisk, syncs: result.aio.syncs},
    ],
  }
}

function mediumOf({volatile}: ServeResult): Medium {
  return volatile === undefined ? DISK : {kind: 'volatile', why: volatile}
}

function guaranteesOf(result: ServeResult): ReturnType<typeof guarantees> {
  return guarantees(result.mode, orderingModeOf('none'), mediumOf(result))
}

/** The contract of `serve nbd --json`: schema flushpoint/serve@1. */
function serveJson(result: ServeResult) {
  const {image, mode, aio, transport, counts, faults, bytesAtRisk, flushesIgnored, notes} = result
  return {
    schema: 'flushpoint/serve@1',
    image,
    cache: {mode: mode.name, openFlags: result.openFlags, writeCache: writeCacheEnabled(mode)},
    aio,
    transport,
    counts,
    requests: result.paces,
    flushesIgnored,
    faults,
    bytesAtRisk,
    atRisk: atMostAtRisk(result),
    guarantees: guaranteesOf(result),
    assumptions: assumptions(mode, mediumOf(result)),
    hazards: hazardsOf(result),
    closingSync: result.closingSync,
    notes,
    interruptedBy: result.interruptedBy ?? null,
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
        ...(counts.others > 0 ? ([['cached, mapped', String(counts.others)]] as const) : []),
        ...(counts.timedOut > 0 ? ([['sent away', `${counts.timedOut} that made no request in time`]] as const) : []),
        ...(counts.refused > 0 ? ([['refused', String(counts.refused)]] as const) : []),
        ...(counts.errors > 0 ? ([['failed', String(counts.errors)]] as const) : []),
        ...notes.map((note): readonly [string, string] => ['note', note]),
      ],
    },
    ...paceBlocks(result),
    ...(faults.length === 0 ? [] : faultBlocks(result)),
    ...riskBlocks(result),
    {kind: 'heading', level: 2, text: `What ${mode.name} guarantees`},
    {
      kind: 'table',
      columns: [
        {name: 'id', key: 'id'},
        {name: 'holds', key: 'holds'},
        {name: 'why', key: 'why'},
      ],
      rows: guaranteesOf(result).map(({id, holds, why}) => [id, holdsText(holds), why]),
    },
    {kind: 'text', text: 'Rests on:'},
    {kind: 'list', items: assumptions(mode, mediumOf(result))},
    ...hazardBlocks(result),
    ...verdicts(result, bytesAtRisk),
  ]
}

function paceBlocks({paces}: ServeResult): Block[] {
  if (paces.length === 0) return []
  const right = (name: string, key: string): Column => ({name, key, align: 'right'})
  return [
    {kind: 'heading', level: 2, text: 'How long requests took'},
    {
      kind: 'table',
      columns: [
        {name: 'request', key: 'kind'},
        right('done', 'count'),
        right('failed', 'failed'),
        right('median', 'p50'),
        right('p99', 'p99'),
        right('longest', 'max'),
      ],
      rows: paces.map(({kind, count, failed, latencyNs: {p50, p99, max}}) => {
        return [kind, String(count), String(failed), formatNs(p50), formatNs(p99), formatNs(max)]
      }),
    },
  ]
}

function holdsText(holds: boolean | 'assumed'): string {
  if (holds === 'assumed') return holds
  return holds ? 'yes' : 'no'
}

const FAILURES = {processKill: 'process kill', osCrash: 'host OS crash', powerLoss: 'power loss'} as const

function riskBlocks(result: ServeResult): Block[] {
  const risk = atMostAtRisk(result)
  return [
    {kind: 'heading', level: 2, text: 'What would have been lost when the last client had gone'},
    {
      kind: 'table',
      columns: [
        {name: 'failure', key: 'failure'},
        {name: 'lost or in doubt, at most', key: 'lost'},
      ],
      rows: CRASH_KINDS.map((kind) => [FAILURES[kind], formatBytes(risk[kind].bytesAtMost)]),
    },
  ]
}

function hazardBlocks(result: ServeResult): Block[] {
  const hazards = hazardsOf(result)
  if (hazards.length === 0) return []
  return [
    {kind: 'heading', level: 2, text: 'Hazards'},
    {kind: 'list', items: hazards.map(({code, message}) => `${code}: ${message}`)},
  ]
}

function faultBlocks({faults}: ServeResult): Block[] {
  return [
    {kind: 'heading', level: 2, text: 'Clients that broke the protocol'},
    {kind: 'list', items: faults.map(({peer, why}) => `${peer}: ${why}`)},
  ]
}

function verdicts({mode, flushesIgnored, closingSync, poison, volatile}: ServeResult, bytesAtRisk: number): Block[] {
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
    const synced = closingSync === 'done' && volatile === undefined ? '; the image was synced then' : ''
    const text = `${formatBytes(bytesAtRisk)} would have been lost in a power cut when the last client had gone${synced}`
    blocks.push({kind: 'text', text: `! ${text}`})
  }
  return blocks
}

/** What a mode asks of clients, in words. */
export function flushingWords(mode: CacheMode): string {
  if (mode.noFlush) return 'write cache on, a FLUSH is ignored'
  return writeCacheEnabled(mode) ? 'write cache on, clients have to FLUSH' : 'write cache off'
}

/** The status of a server in one line, for a terminal. @param iops requests a second since the last line */
export function statusLine(status: ServeStatus, iops: number): string {
  const {connections, bytesAtRisk, secondsSinceFlush, flushesIgnored, writeCache, poisoned} = status
  return [
    `${connections} ${connections === 1 ? 'connection' : 'connections'}`,
    `${Math.round(iops)} requests/s`,
    `${formatBytes(bytesAtRisk)} lost if power went now`,
    `${Math.floor(secondsSinceFlush)} s since the last flush`,
    ...(writeCache ? [] : ['no write cache']),
    ...(flushesIgnored > 0 ? [`${flushesIgnored} flushes ignored`] : []),
    ...(poisoned ? ['a sync has failed'] : []),
  ].join(', ')
}

/** The same for programs: schema flushpoint/serve-status@1. */
export function statusJson(status: ServeStatus, requestsPerSecond: number): object {
  return {schema: 'flushpoint/serve-status@1', ...status, requestsPerSecond}
}
