import {describe, expect, it} from 'vitest'
import {formatNs} from '../../src/base/index.js'
import {FORMAT_NAMES, renderDocument, type Block, type Document, type TableBlock} from '../../src/report/index.js'
import {runDocument} from '../../src/run/document.js'
import {runJson, runRecords} from '../../src/run/json.js'
import type {RunResult} from '../../src/run/result.js'
import {verdictOf} from '../../src/run/verdict.js'
import {runLines, type Changes} from './batch-run.js'

function documentOf(result: RunResult): Document {
  return runDocument(result, verdictOf(result, false))
}

async function documentFor(lines: readonly string[], changes: Changes = {}): Promise<Document> {
  return documentOf(await runLines(lines, changes))
}

/** The blocks behind a heading, up to the next one. */
function under(document: Document, heading: string): readonly Block[] {
  const at = document.blocks.findIndex((block) => block.kind === 'heading' && block.text === heading)
  if (at < 0) return []
  const rest = document.blocks.slice(at + 1)
  const end = rest.findIndex((block) => block.kind === 'heading')
  return end < 0 ? rest : rest.slice(0, end)
}

function tableUnder(document: Document, heading: string): TableBlock {
  const table = under(document, heading).find((block) => block.kind === 'table')
  if (!table) throw new Error(`no table under ${heading}`)
  return table
}

/** Every list item, verdict and text. */
function sentences(document: Document): string[] {
  return document.blocks.flatMap((block) => {
    if (block.kind === 'list') return block.items
    return block.kind === 'verdict' || block.kind === 'text' ? [block.text] : []
  })
}

const LINES = ['OUT 0 4k', 'FLUSH', 'OUT 8k 512 fua', 'OUT 16k 4k', 'IN 0 512 verify=0xaa', 'GET_ID', 'OUT 0 100']

async function rendered(document: Document, format: (typeof FORMAT_NAMES)[number]): Promise<string> {
  let text = ''
  for await (const piece of renderDocument(document, format, {width: 80, color: false})) text += piece
  return text
}

describe('the report of a run', () => {
  it('has a row for each request: number, line, request, status, latency, stable since', async () => {
    const rows = tableUnder(await documentFor(['# a comment', ...LINES]), 'Requests').rows
    expect(rows.map(([id, line, request, status, , stable]) => [id, line, request, status, stable])).toEqual([
      ['1', '2', 'OUT 0 4k', 'OK', 'FLUSH #2'],
      ['2', '3', 'FLUSH', 'OK', '-'],
      ['3', '4', 'OUT 8k 512 FUA', 'OK', 'its completion (FUA)'],
      ['4', '5', 'OUT 16k 4k', 'OK', 'not stable: no FLUSH was submitted after #4 completed'],
      ['5', '6', 'IN 0 512', 'OK, data differs', '-'],
      ['6', '7', 'GET_ID', 'OK', '-'],
      ['7', '8', 'OUT 0 100', 'IOERR: not whole 512-byte sectors', '-'],
    ])
  })

  it('says for each kind of failure what would be lost now, and which requests wrote it', async () => {
    const {rows} = tableUnder(await documentFor(LINES), 'What would be lost now')
    expect(rows).toEqual([
      ['process kill', 'nothing', '', ''],
      ['host OS crash', '4 KiB in 1 range', '#4', '16384+4096'],
      ['power loss', '4 KiB in 1 range', '#4', '16384+4096'],
    ])
  })

  it('shows eight ranges at risk and counts the rest', async () => {
    const document = await documentFor(['REPEAT 11', 'OUT ${i}*8k 512', 'END'])
    const [, , , ranges] = tableUnder(document, 'What would be lost now').rows[2] ?? []
    expect(ranges?.split(', ')).toHaveLength(9)
    expect(ranges).toMatch(/57344\+512, and 3 more$/)
  })

  it('shows where data differs, with the request, its line and the bytes', async () => {
    const document = await documentFor(['IN 512 512 verify=0xaa', 'IN 0 512 verify=0x00'])
    expect(under(document, 'Data that differs')).toEqual([
      {
        kind: 'list',
        items: [`#1 (line 1) first differs at byte 512: expected ${'aa'.repeat(16)}, found ${'00'.repeat(16)}`],
      },
    ])
    expect(under(await documentFor(['IN 0 512 verify=0x00']), 'Data that differs')).toEqual([])
  })

  it('shows at most forty places where data differs', async () => {
    const document = await documentFor(['REPEAT 50', 'IN 0 512 verify=0xaa', 'END'])
    const [list] = under(document, 'Data that differs')
    expect(list?.kind === 'list' && list.items).toHaveLength(40)
  })

  it('gives each guarantee of the mode with its reason, and what all of it rests on', async () => {
    const document = await documentFor(LINES, {mode: 'unsafe'})
    const {rows} = tableUnder(document, 'What unsafe guarantees')
    expect(rows).toHaveLength(11)
    expect(rows.find(([id]) => id === 'G-FLUSH')?.[1]).toBe('no')
    expect(rows.every(([, , why]) => why !== undefined && why.length > 20)).toBe(true)
    const items = under(document, 'What unsafe guarantees').flatMap((block) =>
      block.kind === 'list' ? block.items : [],
    )
    expect(items.length).toBeGreaterThan(0)
  })

  it('names requests in every sentence about what they did', async () => {
    const result = await runLines(LINES, {mode: 'none', depth: 2})
    const rests = new Set(result.assumptions)
    const about = sentences(documentOf(result)).filter((text) => !rests.has(text) && text !== 'Rests on:')
    expect(about.length).toBeGreaterThan(4)
    expect(about.filter((text) => !/#\d/.test(text))).toEqual([])
  })

  it('says what the image is and how it was opened, with every note', async () => {
    const result = {...(await runLines(LINES)), notes: ['first', 'second']}
    const image = {...result.image, created: true, snapshot: true, readOnly: true}
    const [fields] = documentOf({...result, image}).blocks
    expect(fields?.kind === 'fields' && fields.rows.map(([label]) => label)).toEqual([
      ...['image', 'cache', 'opened', 'aio', 'BARRIER', 'note', 'note'],
    ])
    expect(fields?.kind === 'fields' && fields.rows[0]?.[1]).toBe(
      '1 MiB (1048576 bytes), simulated, created, throw-away copy, read-only',
    )
    expect(fields?.kind === 'fields' && fields.rows[3]?.[1]).toBe(
      `sim (simulated disk, seed 1), depth 1, 1 host sync, ${formatNs(result.aio.elapsedNs)}`,
    )
    expect(result.aio.elapsedNs).toBeGreaterThan(0)
  })

  it('ends with a word on the closing sync exactly when there was one', async () => {
    const result = await runLines(LINES)
    const last = (closingSync: RunResult['closingSync']): unknown => documentOf({...result, closingSync}).blocks.at(-1)
    expect(last('done')).toMatchObject({kind: 'text'})
    expect(last('skipped')).toMatchObject({kind: 'verdict'})
  })
})

describe('a long table', () => {
  const ids = (document: Document): (string | undefined)[] => tableUnder(document, 'Requests').rows.map(([id]) => id)

  it('of forty requests is shown whole', async () => {
    const document = await documentFor(['REPEAT 40', 'GET_ID', 'END'])
    expect(ids(document)).toEqual(Array.from({length: 40}, (_, i) => String(i + 1)))
    expect(tableUnder(document, 'Requests').note).toBeUndefined()
  })

  it.each([41, 100])('of %d shows the first and the last twenty, and how many are between', async (count) => {
    const document = await documentFor([`REPEAT ${count}`, 'GET_ID', 'END'])
    const shown = ids(document)
    expect(shown).toHaveLength(41)
    expect(shown.slice(18, 23)).toEqual(['19', '20', '...', String(count - 19), String(count - 18)])
    expect(shown.at(-1)).toBe(String(count))
    expect(tableUnder(document, 'Requests').rows[20]?.[2]).toBe(`${count - 40} more`)
    expect(tableUnder(document, 'Requests').note).toContain('--json')
  })
})

describe('for programs', () => {
  it('json and ndjson are the contract', async () => {
    const result = await runLines(LINES)
    const document = documentOf(result)
    expect(document.json).toEqual(runJson(result))
    expect([...document.records]).toEqual([...runRecords(result)])
  })

  it('csv has every request with plain numbers', async () => {
    const document = await documentFor([...LINES, 'REPEAT 60', 'FLUSH', 'END'])
    const lines = (await rendered(document, 'csv')).trimEnd().split('\n')
    expect(lines[0]).toBe('id,line,kind,offsetBytes,lengthBytes,flags,status,errno,latencyNs,stableBy,stableRequest')
    expect(lines).toHaveLength(1 + 67)
    expect(lines[1]).toMatch(/^1,1,OUT,0,4096,,OK,0,\d+,flush,2$/)
    expect(lines[3]).toMatch(/^3,3,OUT,8192,512,FUA,OK,0,\d+,fua,$/)
    expect(lines[67]).toMatch(/^67,9,FLUSH,0,0,,OK,0,\d+,none,$/)
  })

  it.each(FORMAT_NAMES)('%s renders every kind of result', async (format) => {
    const results = [
      await runLines(LINES, {mode: 'none'}),
      await runLines(['REPEAT 100', 'OUT ${i}*4k 4k', 'END'], {depth: 8}),
      await runLines(LINES, {signal: AbortSignal.abort('SIGINT')}),
    ]
    for (const result of results) {
      const text = await rendered(documentOf(result), format)
      expect(text).toMatch(/[^\n]\n$/)
      expect(text).not.toMatch(/undefined|\[object|NaN/)
    }
  })
})
