import {beforeAll, describe, expect, it} from 'vitest'
import {formatNs} from '../../src/base/index.js'
import type {Document} from '../../src/report/index.js'
import {besideDocument} from '../../src/run/index.js'
import type {GuestPair} from '../../src/run/beside.js'
import {verdictOf} from '../../src/run/verdict.js'
import {runLines} from './batch-run.js'

async function pair(sourceName: string, lines: readonly string[], slower: number): Promise<GuestPair> {
  const alone = await runLines(lines)
  const outcomes = [...alone.outcomes].map((outcome) => ({...outcome, latencyNs: outcome.latencyNs * slower}))
  const aio = {...alone.aio, elapsedNs: alone.aio.elapsedNs * slower}
  return {sourceName, alone, beside: {...alone, outcomes, aio}}
}

function documentOf(pairs: readonly GuestPair[]): Document {
  return besideDocument(
    pairs,
    pairs.map(({beside}) => verdictOf(beside, true)),
  )
}

describe('the report of two guests', () => {
  let pairs: readonly [GuestPair, GuestPair]
  beforeAll(async () => {
    pairs = [
      await pair('a.fp', ['OUT 0 4k', 'OUT 8k 64k', 'FLUSH'], 3),
      await pair('b.fp', ['IN 0 4k', 'OUT 0 512'], 2),
    ]
  })

  /** Mean and longest latency of the writes of a run, worked out from what each took. */
  function writesOf({outcomes}: GuestPair['alone']): {mean: number; longest: number} {
    const taken = [...outcomes].filter(({request}) => request.name === 'OUT').map(({latencyNs}) => latencyNs)
    return {mean: Math.round(taken.reduce((sum, ns) => sum + ns, 0) / taken.length), longest: Math.max(...taken)}
  }

  it('has two rows for each, alone and beside the other, with what its writes took', () => {
    const table = documentOf(pairs).blocks.find((block) => block.kind === 'table')
    const row = (name: string, when: string, result: GuestPair['alone']): string[] => {
      const {mean, longest} = writesOf(result)
      return [name, 'drain', when, formatNs(mean), formatNs(longest), formatNs(result.aio.elapsedNs)]
    }
    expect(table?.kind === 'table' && table.rows).toEqual(
      pairs.flatMap(({sourceName, alone, beside}) => [
        row(sourceName, 'alone', alone),
        row(sourceName, 'beside the other', beside),
      ]),
    )
  })

  it('says how much longer the longest write takes, and judges each guest', () => {
    const {blocks} = documentOf(pairs)
    expect(blocks.flatMap((block) => (block.kind === 'list' ? block.items : []))).toEqual([
      'a.fp: 2 writes; the longest takes 3.0 times as long beside the other.',
      'b.fp: 1 write; the longest takes 2.0 times as long beside the other.',
    ])
    expect(blocks.filter((block) => block.kind === 'verdict')).toEqual([
      {kind: 'verdict', ok: true, text: 'a.fp: a power cut now loses nothing: all 2 completed writes are stable'},
      {kind: 'verdict', ok: false, text: 'b.fp: a power cut now may lose 512 bytes (written by #2)'},
    ])
  })

  it('says so of a guest that writes nothing', async () => {
    const {blocks} = documentOf([await pair('reads.fp', ['IN 0 4k'], 2)])
    expect(blocks).toContainEqual({kind: 'list', items: ['reads.fp writes nothing.']})
  })

  it('a write that is refused takes no part in what writes take', async () => {
    const refused = await pair('refused.fp', ['OUT 0 4k', 'OUT 0 100', 'OUT 2M 4k'], 2)
    const whole = await pair('whole.fp', ['OUT 0 4k'], 2)
    const meanOf = (of: GuestPair): unknown => [...(documentOf([of]).records ?? [])][0]
    expect(meanOf(refused)).toMatchObject({meanNs: writesOf(whole.alone).longest})
  })

  it('has plain numbers for scripts, in json, ndjson and csv', () => {
    const {json, records, csvTable} = documentOf(pairs)
    const [first] = pairs
    const {mean, longest} = writesOf(first.beside)
    const elapsedNs = first.beside.aio.elapsedNs
    expect(json).toMatchObject({
      schema: 'flushpoint/beside@1',
      guests: [
        {batch: 'a.fp', beside: {meanNs: mean, longestNs: longest, elapsedNs}, run: {schema: 'flushpoint/run@1'}},
        {batch: 'b.fp'},
      ],
    })
    expect([...(records ?? [])]).toHaveLength(4)
    expect([...(records ?? [])][1]).toEqual({
      ...{record: 'guest', batch: 'a.fp', when: 'beside', meanNs: mean, longestNs: longest, elapsedNs},
    })
    expect(csvTable?.rows[1]).toEqual(['a.fp', 'drain', 'beside', ...[mean, longest, elapsedNs].map(String)])
  })
})
