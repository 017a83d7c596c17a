import {expect, it} from 'vitest'

import {documentOf, rendered} from '../sample.js'

it('ndjson prints one record a line, in order', async () => {
  const records = [
    {record: 'run', mode: 'none'},
    {record: 'request', id: 1, offsetBytes: 2n ** 60n},
  ]
  expect(await rendered(documentOf([], {records}), 'ndjson')).toBe(
    '{"record":"run","mode":"none"}\n{"record":"request","id":1,"offsetBytes":"1152921504606846976"}\n',
  )
})

it('a document without records prints nothing', async () => {
  expect(await rendered(documentOf([]), 'ndjson')).toBe('')
})

it('records may be made while they are read', async () => {
  function* records(): Generator<object> {
    for (let id = 1; id <= 3; id++) yield {record: 'request', id}
  }
  const text = await rendered(documentOf([], {records: records()}), 'ndjson')
  expect(
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([
    {record: 'request', id: 1},
    {record: 'request', id: 2},
    {record: 'request', id: 3},
  ])
})
