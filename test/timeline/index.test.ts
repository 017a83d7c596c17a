import {describe, expect, it} from 'vitest'
import {renderDocument, type Document, type FormatName} from '../../src/report/index.js'
import {showDocument, stateDocument} from '../../src/timeline/index.js'
import {done, flush, out, story} from './stories.js'

async function rendered(document: Document, format: FormatName): Promise<string> {
  let text = ''
  for await (const chunk of renderDocument(document, format, {width: 120, color: false})) text += chunk
  return text
}

const READING = story('writeback', out(1, 0), done(1), out(2, 16, 'FUA'), flush(3), done(2), done(3), '{"mark":"told"}')

describe('the document of a trace', () => {
  it('has one line an event, with what became stable by whom', async () => {
    const text = await rendered(showDocument(READING, 'it'), 'table')
    expect(text).toMatch(/^ *1 {2}submit #1 OUT 0 512 +1 +0 +512 bytes +512 bytes +512 bytes/m)
    expect(text).toMatch(/^ *5 {2}start #2 OUT/m)
    expect(text).toMatch(/^ *4 {2}submit #2 OUT 8k 512 FUA/m)
    expect(text).toMatch(/^ *8 {2}complete #2 OUT: OK .* #2 by its own sync$/m)
    expect(text).toMatch(/^ *9 {2}complete #3 FLUSH: OK +0 +0 +- +- +- +#1 by #3$/m)
    expect(text).toMatch(/^10 {2}mark told/m)
  })

  it('has the same for scripts, under a schema', () => {
    const json = showDocument(READING, 'it').json as {schema: string; events: Record<string, unknown>[]}
    expect(json.schema).toBe('flushpoint/trace@1')
    expect(json.events).toHaveLength(10)
    expect(json.events[8]).toEqual({
      event: 9,
      kind: 'complete',
      id: 3,
      status: 'OK',
      errno: 0,
      stable: false,
      ignored: false,
      atNs: 0,
      inFlight: 0,
      volatile: 0,
      atRiskBytes: {processKill: 0, osCrash: 0, powerLoss: 0},
      becameStable: [{id: 1, by: 'flush', request: 3}],
    })
  })

  it('gives one record an event as ndjson, and one row as csv', async () => {
    const records = (await rendered(showDocument(READING, 'it'), 'ndjson')).trimEnd().split('\n')
    expect(records).toHaveLength(11)
    expect(JSON.parse(records[0] ?? '')).toMatchObject({record: 'header', sizeBytes: 65536, mode: 'writeback'})
    const rows = (await rendered(showDocument(READING, 'it'), 'csv')).trimEnd().split('\n')
    expect(rows[0]).toBe('event,text,atNs,inFlight,volatile,processKillBytes,osCrashBytes,powerLossBytes,becameStable')
    expect(rows[9]).toBe('9,complete #3 FLUSH: OK,0,0,0,0,0,0,#1 by #3')
  })

  it('leaves the middle of a long trace out of the table, and nothing out for scripts', async () => {
    const long = story('writeback', ...Array.from({length: 50}, (_, i) => [out(i + 1, i), done(i + 1)]).flat())
    const text = await rendered(showDocument(long, 'it'), 'table')
    expect(text).toContain('90 more')
    expect(text).toMatch(/^150 {2}complete #50 OUT: OK +0 +50 +- +25 KiB +25 KiB/m)
    expect(text).not.toContain('complete #20 ')
    expect((showDocument(long, 'it').json as {events: unknown[]}).events).toHaveLength(150)
  })
})

describe('the document of one moment', () => {
  it('has what is in flight and volatile, and the ranges at risk with their writers', async () => {
    const document = stateDocument(READING, 'it', 7)
    const text = await rendered(document, 'table')
    expect(text).toMatch(/^volatile: +#1$/m)
    expect(text).toMatch(/^in flight: +#2 OUT 8k 512 FUA; #3 FLUSH$/m)
    expect(text).toMatch(/^process kill +8192 +512 bytes +#2$/m)
    expect(text).toMatch(/^power loss +0 +512 bytes +#1$/m)
    expect(document.json).toMatchObject({
      schema: 'flushpoint/trace-state@1',
      event: 7,
      volatile: [1],
      inFlight: [{id: 2, request: 'OUT', offsetBytes: 8192, lengthBytes: 512}, {id: 3}],
      atRisk: {powerLoss: {bytes: 1024, ranges: [{offsetBytes: 0, lengthBytes: 512, requests: [1]}, {requests: [2]}]}},
    })
  })

  it('says so when nothing is at risk, also before the first event', async () => {
    for (const at of [0, 9]) {
      expect(await rendered(stateDocument(READING, 'it', at), 'table')).toContain('no crash loses anything now')
    }
  })

  it('does not exist behind the end', () => {
    expect(() => stateDocument(READING, 'it', 11)).toThrow('it has 10 events: there is no moment after event 11')
  })
})
