import {formatBytesBoth} from '../base/index.js'
import type {CacheMode} from '../cache-mode/index.js'
import type {Document} from '../report/index.js'
import type {Copied} from './copy.js'

/** What a copy came to, and what of it is stable. */
export function copyDocument(from: string, to: string, mode: CacheMode, copied: Copied): Document {
  const {sizeBytes, dataBytes, writtenBytes, method, resumed, inPlace, durable, verified, stopped, notes} = copied
  const json = {
    schema: 'flushpoint/copy@1',
    from,
    to,
    sizeBytes,
    dataBytes,
    writtenBytes,
    method,
    cache: mode.name,
    resumed,
    inPlace,
    durable,
    verified,
    complete: stopped === undefined,
    partialPath: stopped?.partialPath ?? null,
    notes,
  }
  return {
    title: `${from} to ${to}`,
    blocks: [
      {
        kind: 'fields',
        rows: [
          ['size', formatBytesBoth(sizeBytes)],
          ['data', dataBytes === sizeBytes ? 'all of it' : `${formatBytesBoth(dataBytes)}; the rest is holes`],
          ['written', `${formatBytesBoth(writtenBytes)} (${method})${resumed ? ', the rest was there already' : ''}`],
          ['cache', `${mode.name}: ${mode.summary}`],
          ['verified', verified ? verifiedText(mode) : 'no (--verify)'],
        ],
      },
      ...(notes.length > 0 ? [{kind: 'list' as const, items: notes}] : []),
      {kind: 'verdict', ok: stopped === undefined && durable, text: verdictText(to, copied, mode)},
    ],
    json,
    records: [{record: 'copy', ...json}],
    csvTable: {
      kind: 'table',
      columns: ['sizeBytes', 'dataBytes', 'writtenBytes', 'method', 'durable', 'verified'].map((key) => ({
        name: key,
        key,
      })),
      rows: [[sizeBytes, dataBytes, writtenBytes, method, durable, verified].map(String)],
    },
  }
}

function verifiedText({noFlush}: CacheMode): string {
  return noFlush ? 'yes: read back from host memory and compared' : 'yes: read back and compared'
}

function verdictText(to: string, {durable, stopped, inPlace}: Copied, mode: CacheMode): string {
  if (stopped !== undefined) {
    const where = stopped.partialPath === undefined ? to : stopped.partialPath
    return `stopped; what is done waits in ${where}, and the same command with --resume goes on`
  }
  if (durable) {
    const what = inPlace ? 'what was written was synced, and survives' : 'data, size and name were synced, and survive'
    return `complete: ${what} a power cut if the host passes flushes down`
  }
  return mode.noFlush
    ? 'complete, but nothing was synced (--cache unsafe): a crash of the host may take it away'
    : 'complete and synced, but the place it lies in does not survive the host'
}
