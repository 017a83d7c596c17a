import {describe, expect, it} from 'vitest'
import {compareJson, runJson, runRecords} from '../../src/run/json.js'
import {runLines} from './batch-run.js'

const number: unknown = expect.any(Number)
const string: unknown = expect.any(String)
const list: unknown = expect.any(Array)
const yesOrNo: unknown = expect.any(Boolean)

/** The shape scripts rely on. Fields may come in addition; none of these may go or change its type. */
const REQUEST = {
  id: number,
  line: number,
  kind: string,
  offsetBytes: number,
  lengthBytes: number,
  flags: list,
  status: expect.stringMatching(/^(OK|IOERR|UNSUPP|CANCELED)$/) as unknown,
  latencyNs: number,
  stable: {by: expect.stringMatching(/^(completion|flush|fua|none)$/) as unknown},
}
const CONTRACT = {
  schema: 'flushpoint/run@1',
  image: {path: string, sizeBytes: number, sectors: number},
  cache: {mode: string, openFlags: list, writeCacheEnabled: yesOrNo},
  aio: {backend: string, reason: string, depth: number},
  requests: list,
  atRisk: {
    processKill: {bytes: number, ranges: list},
    osCrash: {bytes: number, ranges: list},
    powerLoss: {bytes: number, ranges: list},
  },
  guarantees: list,
  hazards: list,
}

interface Parsed {
  readonly requests: readonly Record<string, unknown>[]
  readonly atRisk: {readonly powerLoss: {readonly ranges: readonly unknown[]}}
  readonly guarantees: readonly Record<string, unknown>[]
  readonly hazards: readonly unknown[]
}

const LINES = [
  'OUT 0 4k fua',
  'OUT 4k 4k as=second',
  'FLUSH',
  'OUT 8k 512 barrier after=second expect=OK',
  'IN 0 512 verify=0xaa',
  'GET_ID',
  'TYPE 99 0 0',
  'MARK told',
]

/** What a script gets: the value after a trip through text. */
async function parsed(): Promise<Parsed> {
  return JSON.parse(JSON.stringify(runJson(await runLines(LINES, {mode: 'none'})))) as Parsed
}

describe('flushpoint/run@1', () => {
  it('has every field of the contract, with its type', async () => {
    const run = await parsed()
    expect(run).toMatchObject(CONTRACT)
    expect(run.requests).toHaveLength(7)
    for (const request of run.requests) expect(request).toMatchObject(REQUEST)
    const range = {offsetBytes: number, lengthBytes: number, requests: list}
    expect(run.atRisk.powerLoss.ranges).toEqual([range])
    expect(run.guarantees).toHaveLength(11)
    for (const guarantee of run.guarantees) expect(guarantee).toMatchObject({id: string, why: string})
    expect(new Set(run.guarantees.map(({holds}) => holds))).toEqual(new Set([true, false, 'assumed']))
    expect(run.hazards.length).toBeGreaterThan(0)
    for (const hazard of run.hazards) expect(hazard).toEqual({code: string, requests: list, message: string})
  })

  it('tells of each request what it was, how it ended and who made it stable', async () => {
    const {requests} = await parsed()
    const facts = requests.map(({kind, flags, status, stable}) => ({kind, flags, status, stable}))
    expect(facts).toMatchObject([
      {kind: 'OUT', flags: ['FUA'], status: 'OK', stable: {by: 'fua', request: null}},
      {kind: 'OUT', flags: [], status: 'OK', stable: {by: 'flush', request: 3}},
      {kind: 'FLUSH', flags: [], status: 'OK', stable: {by: 'none', request: null}},
      {kind: 'OUT', flags: ['BARRIER'], status: 'OK', stable: {by: 'none', request: null}},
      {kind: 'IN', flags: [], status: 'OK', stable: {by: 'none', request: null}},
      {kind: 'GET_ID', flags: [], status: 'OK', stable: {by: 'none', request: null}},
      {kind: 'TYPE 99', flags: [], status: 'UNSUPP', stable: {by: 'none', request: null}},
    ])
  })

  it('has name, after, expect, verify and text only where the batch gave them a meaning', async () => {
    const {requests} = await parsed()
    const extras = requests.map((request) =>
      Object.fromEntries(Object.entries(request).filter(([key]) => /^(name|after|expect|verify|text)$/.test(key))),
    )
    expect(extras).toMatchObject([
      {},
      {name: 'second'},
      {},
      {after: [2], expect: 'OK'},
      {verify: {ok: false, offsetBytes: 0, expected: 'aa'.repeat(16)}},
      {text: 'flushpoint'},
      {},
    ])
    expect(extras.map((extra) => Object.keys(extra).length)).toEqual([0, 1, 0, 2, 1, 1, 0])
  })

  it('says whether the write cache is enabled, and who cut it short', async () => {
    const of = async (mode: 'writethrough' | 'writeback'): Promise<unknown> =>
      runJson(await runLines(['IN 0 512'], {mode}))
    expect(await of('writethrough')).toMatchObject({cache: {mode: 'writethrough', writeCacheEnabled: false}})
    expect(await of('writeback')).toMatchObject({
      cache: {mode: 'writeback', writeCacheEnabled: true},
      interruptedBy: null,
    })
    const cut = await runLines(['IN 0 512'], {signal: AbortSignal.abort('SIGTERM')})
    expect(runJson(cut)).toMatchObject({requests: [], interruptedBy: 'SIGTERM'})
  })
})

describe('flushpoint/compare@1', () => {
  it('holds a whole run for each mode, in order', async () => {
    const results = [await runLines(['OUT 0 4k']), await runLines(['OUT 0 4k'], {mode: 'unsafe'})]
    expect(compareJson(results)).toMatchObject({
      schema: 'flushpoint/compare@1',
      runs: [
        {...CONTRACT, cache: {mode: 'writeback'}},
        {...CONTRACT, cache: {mode: 'unsafe'}},
      ],
    })
  })
})

describe('the records', () => {
  it('are one for each request, mark, range, guarantee and hazard, and a summary last', async () => {
    const result = await runLines(LINES, {mode: 'none'})
    const records = [...runRecords(result)] as {record: string; mode: string}[]
    const counted = new Map<string, number>()
    for (const {record} of records) counted.set(record, (counted.get(record) ?? 0) + 1)
    const ranges = Object.values(result.atRisk).reduce((sum, {ranges: some}) => sum + some.length, 0)
    expect(Object.fromEntries(counted)).toEqual({
      request: 7,
      mark: 1,
      'at-risk': ranges,
      guarantee: 11,
      hazard: result.hazards.length,
      summary: 1,
    })
    expect(records.every(({mode}) => mode === 'none')).toBe(true)
    expect(records.at(-1)).toMatchObject({
      record: 'summary',
      ran: 7,
      syncs: 1,
      powerLossBytes: 512,
      processKillBytes: 0,
    })
  })

  it('carry the failure with each range at risk', async () => {
    const records = [...runRecords(await runLines(['OUT 0 4k']))]
    const range = {offsetBytes: 0, lengthBytes: 4096, requests: [1]}
    expect(records).toContainEqual({record: 'at-risk', mode: 'writeback', failure: 'osCrash', ...range})
    expect(records).toContainEqual({record: 'at-risk', mode: 'writeback', failure: 'powerLoss', ...range})
  })
})
