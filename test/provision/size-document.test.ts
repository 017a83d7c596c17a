import {expect, it} from 'vitest'
import {createDocument, resizeDocument} from '../../src/provision/index.js'
import {FORMAT_NAMES, renderDocument, type Document, type FormatName} from '../../src/report/index.js'

async function render(document: Document, format: FormatName = 'table'): Promise<string> {
  let text = ''
  for await (const chunk of renderDocument(document, format, {width: 200, color: false})) text += chunk
  return text
}

const grown = {fromBytes: 4096, toBytes: 8192, unlocked: undefined}

it('an image that was made says whether its blocks are there', async () => {
  expect(await render(createDocument('a', 4096, false))).toContain('a was made: 4 KiB (4096 bytes), sparse')
  expect(await render(createDocument('a', 4096, true))).toContain('all blocks reserved')
})

it('a resize says how much it was, and what is wrong now', async () => {
  const problems = [{text: 'the backup is not at the end', hint: 'Move it.'}, {text: 'data were cut off'}]
  const text = await render(resizeDocument('a', grown, problems))
  expect(text).toContain('a has 8 KiB (8192 bytes) now, 4 KiB more than before')
  expect(text).toContain('- the backup is not at the end. Move it.\n- data were cut off\n')
  expect(await render(resizeDocument('a', {...grown, fromBytes: 16384}, []))).toContain('8 KiB less than before')
  expect(await render(resizeDocument('a', {...grown, fromBytes: 8192}, []))).toContain('as before')
  expect(await render(resizeDocument('a', {...grown, unlocked: 'no library'}, []))).toContain('No lock was taken')
})

it('both can be printed in every format', async () => {
  for (const document of [createDocument('a', 1, false), resizeDocument('a', grown, [])]) {
    for (const format of FORMAT_NAMES) expect((await render(document, format)).length).toBeGreaterThan(0)
  }
})
