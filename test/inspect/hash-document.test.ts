import {expect, it} from 'vitest'
import {hashDocument} from '../../src/inspect/index.js'
import {FORMAT_NAMES, renderDocument, type FormatName} from '../../src/report/index.js'

const ROWS = [
  {name: 'p1', offsetBytes: 0, lengthBytes: 512, digest: 'ab'.repeat(32)},
  {name: '', offsetBytes: 512, lengthBytes: 88, digest: 'cd'.repeat(32)},
]

async function render(format: FormatName): Promise<string> {
  let text = ''
  const document = hashDocument('disk.img', 600, 'sha256', ROWS)
  for await (const chunk of renderDocument(document, format, {width: 120, color: false})) text += chunk
  return text
}

it('digests are told with the part they are of', async () => {
  expect(await render('table')).toMatch(/^p1 +0 +512 +(ab){32}$/m)
  expect(JSON.parse(await render('json'))).toEqual({
    schema: 'flushpoint/hash@1',
    image: 'disk.img',
    sizeBytes: 600,
    algorithm: 'sha256',
    parts: [
      {part: 'p1', offsetBytes: 0, lengthBytes: 512, digest: 'ab'.repeat(32)},
      {part: null, offsetBytes: 512, lengthBytes: 88, digest: 'cd'.repeat(32)},
    ],
  })
})

it('digests can be printed in every format', async () => {
  for (const format of FORMAT_NAMES) expect((await render(format)).length).toBeGreaterThan(0)
})
