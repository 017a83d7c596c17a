import {beforeAll, describe, expect, it} from 'vitest'
import {CACHE_MODES, type CacheModeName} from '../../src/cache-mode/index.js'
import {FORMAT_NAMES, renderDocument, type Document, type TableBlock} from '../../src/report/index.js'
import {compareDocument} from '../../src/run/compare-document.js'
import {compareJson} from '../../src/run/json.js'
import type {RunResult} from '../../src/run/result.js'
import {verdictOf} from '../../src/run/verdict.js'
import {runLines} from './batch-run.js'

const NAMES = CACHE_MODES.map(({name}) => name)

async function resultsOf(lines: readonly string[]): Promise<RunResult[]> {
  const results: RunResult[] = []
  for (const mode of NAMES) results.push(await runLines(lines, {mode}))
  return results
}

function documentOf(results: readonly RunResult[]): Document {
  return compareDocument(
    results,
    results.map((result) => verdictOf(result, false)),
  )
}

function tables(document: Document): TableBlock[] {
  return document.blocks.filter((block) => block.kind === 'table')
}

let results: readonly RunResult[]
let document: Document
beforeAll(async () => {
  results = await resultsOf(['OUT 0 4k', 'FLUSH', 'OUT 8k 4k', 'IN 0 512 verify=0xaa', 'TYPE 99 0 0', 'OUT 0 100'])
  document = documentOf(results)
})

describe('the comparison', () => {
  it('is titled with the image, the number of requests and the modes in the order they ran', () => {
    expect(document.title).toBe('disk.img: 6 requests under writethrough, writeback, none, directsync, unsafe')
  })

  it('has a column for each mode, and tells since when each request is stable there', () => {
    const [requests] = tables(document)
    expect(requests?.columns.map(({name}) => name)).toEqual(['#', 'request', ...NAMES])
    const never = (id: number): string => `not stable: FLUSH and FUA are ignored under unsafe: #${id} is never stable`
    const volatile = 'not stable: no FLUSH was submitted after #3 completed'
    const refused = 'IOERR: not whole 512-byte sectors'
    expect(requests?.rows).toEqual([
      ['1', 'OUT 0 4k', 'its completion', 'FLUSH #2', 'FLUSH #2', 'its completion', never(1)],
      ['2', 'FLUSH', 'OK', 'OK', 'OK', 'OK', 'OK'],
      ['3', 'OUT 8k 4k', 'its completion', volatile, volatile, 'its completion', never(3)],
      ['4', 'IN 0 512', ...NAMES.map(() => 'OK, data differs')],
      ['5', 'TYPE 99 0 0', ...NAMES.map(() => 'UNSUPP: the device has no request type 99')],
      ['6', 'OUT 0 100', ...NAMES.map(() => refused)],
    ])
  })

  it('says what each mode would lose now, to which failure, and who wrote it', () => {
    const rows = tables(document)[1]?.rows ?? []
    const lost = rows.filter(([label]) => label?.startsWith('lost'))
    const one = '4 KiB in 1 range: #3'
    const all = '8 KiB in 2 ranges: #1, #3'
    expect(lost).toEqual([
      ['lost if this process is killed', ...NAMES.map(() => 'nothing')],
      ['lost if the host OS crashes', 'nothing', one, one, 'nothing', all],
      ['lost if the power fails', 'nothing', one, one, 'nothing', all],
    ])
  })

  it('has a row for each guarantee, in words and by name', () => {
    const rows = tables(document)[1]?.rows ?? []
    const promises = rows.filter(([label]) => label?.includes('(G-'))
    expect(promises).toHaveLength(11)
    const stable = promises.find(([label]) => label?.endsWith('(G-STABLE)'))
    expect(stable?.slice(1)).toEqual(['yes', 'no', 'no', 'yes', 'no'])
  })

  it('shows how each image was opened, the requests that succeeded and the host syncs', () => {
    const rows = new Map((tables(document)[1]?.rows ?? []).map(([label, ...cells]) => [label, cells]))
    expect(rows.get('opened with')).toEqual([
      ...['O_RDWR O_DSYNC', 'O_RDWR', 'O_RDWR O_DIRECT', 'O_RDWR O_DSYNC O_DIRECT', 'O_RDWR'],
    ])
    expect(rows.get('requests OK')).toEqual(NAMES.map(() => '4 of 6'))
    expect(rows.get('host syncs')).toEqual(['1', '1', '1', '1', '0'])
  })

  it('puts the mode in front of each verdict, and hazards under a heading that names it', () => {
    const verdicts = document.blocks.flatMap((block) => (block.kind === 'verdict' ? [block.text] : []))
    expect(verdicts.map((text) => text.split(':')[0])).toEqual(NAMES.flatMap((name) => [name, name, name]))
    const headings = document.blocks.flatMap((block) => (block.kind === 'heading' ? [block.text] : []))
    expect(headings.slice(2)).toEqual(NAMES.map((name) => `Hazards under ${name}`))
    const hazards = document.blocks.flatMap((block) => (block.kind === 'list' ? block.items : []))
    expect(hazards.filter((text) => !/#\d/.test(text))).toEqual([])
  })

  it('is all runs as json, and every record of each as ndjson', () => {
    expect(document.json).toEqual(compareJson(results))
    const records = [...document.records] as {record: string; mode: string}[]
    const summaries = records.filter(({record}) => record === 'summary').map(({mode}) => mode)
    expect(summaries).toEqual(NAMES)
  })

  it.each(FORMAT_NAMES)('renders as %s', async (format) => {
    let text = ''
    for await (const piece of renderDocument(document, format, {width: 100, color: false})) text += piece
    for (const name of NAMES) expect(text).toContain(name)
    expect(text).not.toMatch(/undefined|\[object|NaN/)
  })
})

describe('when not everything can be shown', () => {
  it('shows forty requests and counts the rest', async () => {
    const count = async (requests: number): Promise<TableBlock | undefined> =>
      tables(documentOf([await runLines([`REPEAT ${requests}`, 'GET_ID', 'END'])]))[0]
    expect(await count(40)).toMatchObject({rows: expect.objectContaining({length: 40}) as unknown})
    expect((await count(40))?.note).toBeUndefined()
    const more = await count(43)
    expect(more?.rows).toHaveLength(40)
    expect(more?.note).toMatch(/^3 more: --json/)
  })

  it('says which requests never ran under a mode that was cut short', async () => {
    const lines = ['OUT 0 4k', 'FLUSH']
    const cut = await runLines(lines, {mode: 'none', signal: AbortSignal.abort('SIGINT')})
    const [requests] = tables(documentOf([await runLines(lines), cut]))
    expect(requests?.rows).toEqual([
      ['1', 'OUT 0 4k', 'FLUSH #2', 'never ran'],
      ['2', 'FLUSH', 'OK', 'never ran'],
    ])
  })

  it('is empty when no mode ran at all', () => {
    expect(documentOf([])).toMatchObject({title: '', json: {schema: 'flushpoint/compare@1', runs: []}})
  })
})

describe('a comparison of policies', () => {
  const policies = ['drain', 'drain-flush'] as const

  async function policiesUnder(...modes: readonly CacheModeName[]): Promise<Document> {
    const found: RunResult[] = []
    for (const mode of modes) {
      for (const ordering of policies) found.push(await runLines(['OUT 0 4k', 'BARRIER'], {mode, ordering}))
    }
    return documentOf(found)
  }

  it('names the mode once, in its title', async () => {
    const compared = await policiesUnder('none')
    expect(compared.title).toBe('disk.img: 2 requests under none: drain, drain-flush')
    expect(tables(compared)[0]?.columns.map(({name}) => name)).toEqual(['#', 'request', ...policies])
    expect(tables(compared)[1]?.rows).toContainEqual(['flushes sent', '0', '1'])
  })

  it('names both where both differ', async () => {
    const compared = await policiesUnder('writeback', 'none')
    expect(compared.title).toBe(
      'disk.img: 2 requests under writeback drain, writeback drain-flush, none drain, none drain-flush',
    )
  })
})
