import {expect, it} from 'vitest'

import {FORMATS, FORMAT_NAMES, renderDocument, type Document} from '../../src/report/index.js'
import {documentOf, rendered, tableOf} from './sample.js'

const sample: Document = documentOf(
  [
    {kind: 'heading', level: 1, text: 'Requests'},
    tableOf(['id', '>bytes'], [['1', '512']]),
    {kind: 'verdict', ok: true, text: 'stable'},
  ],
  {title: 'Run', json: {schema: 'x'}, records: [{record: 'request', id: 1}]},
)

it('every format is listed under its own name', () => {
  expect(Object.keys(FORMATS)).toEqual(FORMAT_NAMES)
  expect(FORMAT_NAMES).toEqual(['table', 'json', 'ndjson', 'markdown', 'csv'])
})

it.each(FORMAT_NAMES)('%s ends its last line', async (name) => {
  expect(await rendered(sample, name)).toMatch(/[^\n]\n$/)
})

it.each(FORMAT_NAMES)('%s writes no escape sequence where colour is not wanted', async (name) => {
  expect(await rendered(sample, name)).not.toContain('\u001b')
})

it.each(FORMAT_NAMES)('%s prints the same document twice the same way', async (name) => {
  expect(await rendered(sample, name)).toBe(await rendered(sample, name))
})

it('a long report comes in chunks, each made only when it is asked for', async () => {
  let made = 0
  function* records(): Generator<object> {
    for (; made < 100_000; made++) yield {record: 'request', id: made}
  }
  const chunks = renderDocument(documentOf([], {records: records()}), 'ndjson', {width: 80, color: false})
  const first = await chunks.next()
  expect(first.done).toBe(false)
  expect(String(first.value).length).toBeGreaterThanOrEqual(65_536)
  expect(made).toBeLessThan(10_000)
  await chunks.return(undefined)
})
