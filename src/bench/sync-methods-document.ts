import {formatBytes, formatNs} from '../base/index.js'
import type {Document} from '../report/index.js'
import {csvTable} from './csv-table.js'
import type {SyncMethod} from './sync-methods.js'

const CUT = 'It was cut short: what follows is what was measured until then, by fewer operations.'

/** What each way to make a write stable costs. @param complete false when it was cut short */
export function syncMethodsDocument(
  image: string,
  blockBytes: number,
  methods: readonly SyncMethod[],
  complete = true,
): Document {
  const rows = methods.map(({name, calls, latency, reason}) => ({
    method: name,
    calls,
    operations: latency?.count ?? 0,
    usPerOperation: latency === undefined ? null : Number((latency.mean / 1e3).toFixed(3)),
    p99Us: latency === undefined ? null : Number((latency.quantile(0.99) / 1e3).toFixed(3)),
    operationsPerSecond: latency === undefined ? null : Math.round(1e9 / latency.mean),
    reason: reason ?? null,
  }))
  return {
    title: `What one stable write of ${formatBytes(blockBytes)} costs on ${image}${complete ? '' : ', cut short'}`,
    blocks: [
      ...(complete ? [] : [{kind: 'verdict', ok: false, text: CUT} as const]),
      {
        kind: 'table',
        columns: [
          {name: 'method', key: 'method'},
          {name: 'calls', key: 'calls'},
          {name: 'us per op', key: 'usPerOperation', align: 'right'},
          {name: 'p99', key: 'p99Us', align: 'right'},
          {name: 'ops/s', key: 'operationsPerSecond', align: 'right'},
        ],
        rows: rows.map(({method, calls, usPerOperation, p99Us, operationsPerSecond, reason}) =>
          usPerOperation === null
            ? [method, calls, reason ?? '', '', '']
            : [method, calls, usPerOperation.toFixed(1), formatNs((p99Us ?? 0) * 1e3), String(operationsPerSecond)],
        ),
      },
    ],
    json: {schema: 'flushpoint/sync-methods@1', image, blockBytes, complete, methods: rows},
    records: rows.map((row) => ({record: 'syncMethod', ...row})),
    csvTable: csvTable(
      rows.map((row) => Object.entries(row)),
      [],
    ),
  }
}
