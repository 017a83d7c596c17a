import {openFlagNames, writeCacheEnabled, type CacheMode} from '../cache-mode/index.js'
import {assumptions, type GuaranteeId} from '../durability/index.js'
import type {Document} from '../report/index.js'
import {guaranteeAnswer, guaranteeRows, survivalAnswer, survivalRows} from './answer.js'

/** One cache mode in half a page. */
export function modeDocument(mode: CacheMode): Document {
  const why = (id: GuaranteeId): string => guaranteeAnswer(mode, id).why
  const failures = survivalRows().map(({id, question}) => ({id, question, ...survivalAnswer(mode, id)}))
  const cached = writeCacheEnabled(mode)
  const openFlags = openFlagNames(mode, false)
  const completion = `${why('G-READ')} ${why('G-STABLE')} ${why('G-ALLOC')}`
  return {
    title: `${mode.name}: ${mode.summary}`,
    blocks: [
      {
        kind: 'fields',
        rows: [
          ...(mode.aliases.length === 0 ? [] : [['also called', mode.aliases.join(', ')] as const]),
          ['opened with', openFlags.join(' ')],
          ['write cache', cached ? 'advertised: the guest has to flush' : 'not advertised: the guest need not flush'],
          ['completed means', completion],
          ['FLUSH', why('G-FLUSH')],
          ['FUA', why('G-FUA')],
          ['order', why('G-ORDER-FLUSH')],
          ['cost', mode.cost],
          ['source', mode.source],
        ],
      },
      {kind: 'heading', level: 2, text: 'Does a completed write survive?'},
      {
        kind: 'table',
        columns: [
          {name: 'failure', key: 'failure'},
          {name: 'survives', key: 'holds'},
          {name: 'what survives, what is lost', key: 'why'},
        ],
        rows: failures.map(({question, holds, why: sentence}) => [question, holds, sentence]),
      },
      {kind: 'text', text: 'Rests on:'},
      {kind: 'list', items: assumptions(mode)},
    ],
    json: {
      schema: 'flushpoint/mode@1',
      mode: mode.name,
      aliases: mode.aliases,
      since: mode.since,
      summary: mode.summary,
      openFlags,
      writeCacheEnabled: cached,
      completion,
      flush: why('G-FLUSH'),
      fua: why('G-FUA'),
      cost: mode.cost,
      source: mode.source,
      survival: failures.map(({id, holds, why: sentence}) => ({failure: id, holds, why: sentence})),
      guarantees: guaranteeRows().map(({id, question}) => {
        const {holds, why: sentence} = guaranteeAnswer(mode, id)
        return {id, promise: question, holds, why: sentence}
      }),
      assumptions: assumptions(mode),
    },
    records: failures.map(({id, holds, why: sentence}) => ({
      record: 'survival',
      mode: mode.name,
      failure: id,
      holds,
      why: sentence,
    })),
  }
}
