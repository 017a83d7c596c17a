import {expect, it} from 'vitest'

import {documentOf, rendered} from '../sample.js'

it('json prints the contract document and nothing of the blocks', async () => {
  const document = documentOf([{kind: 'text', text: 'for people'}], {
    title: 'Run',
    json: {schema: 'flushpoint/run@1', image: {sizeBytes: 4096n}},
  })
  expect(await rendered(document, 'json')).toBe(
    '{\n  "schema": "flushpoint/run@1",\n  "image": {\n    "sizeBytes": 4096\n  }\n}\n',
  )
})
