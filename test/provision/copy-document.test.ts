import {expect, it} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {copyDocument} from '../../src/provision/index.js'
import {FORMAT_NAMES, renderDocument, type FormatName} from '../../src/report/index.js'

type Copied = Parameters<typeof copyDocument>[3]

const COPIED: Copied = {
  sizeBytes: 8192,
  dataBytes: 4096,
  writtenBytes: 4096,
  method: 'reflink',
  resumed: false,
  inPlace: false,
  durable: true,
  verified: false,
  stopped: undefined,
  notes: ['A note.'],
}

async function render(more: Partial<Copied>, mode = 'writeback', format: FormatName = 'table'): Promise<string> {
  let text = ''
  const document = copyDocument('a', 'b', cacheModeOf(mode), {...COPIED, ...more})
  for await (const chunk of renderDocument(document, format, {width: 200, color: false})) text += chunk
  return text
}

it('a copy is called durable only when it is', async () => {
  expect(await render({})).toContain('✓ ok: complete: data, size and name were synced')
  expect(await render({inPlace: true})).toContain(
    '✓ ok: complete: what was written was synced, and survives a power cut',
  )
  expect(await render({durable: false}, 'unsafe')).toContain('✗ not ok: complete, but nothing was synced')
  expect(await render({durable: false})).toContain('the place it lies in does not survive the host')
})

it('a copy that nothing was synced of was verified in host memory only', async () => {
  expect(await render({verified: true})).toMatch(/^verified: +yes: read back and compared$/m)
  expect(await render({verified: true}, 'unsafe')).toMatch(/^verified: +yes: read back from host memory and compared$/m)
})

it('a stopped copy says where it waits and how to go on', async () => {
  const text = await render({durable: false, stopped: {partialPath: 'b.partial'}})
  expect(text).toContain(
    '✗ not ok: stopped; what is done waits in b.partial, and the same command with --resume goes on',
  )
  expect(await render({durable: false, stopped: {partialPath: undefined}})).toContain('waits in b,')
})

it('a copy is flushpoint/copy@1 as JSON, and can be printed in every format', async () => {
  const json: unknown = JSON.parse(await render({}, 'none', 'json'))
  expect(json).toMatchObject({schema: 'flushpoint/copy@1', from: 'a', to: 'b', cache: 'none', complete: true})
  for (const format of FORMAT_NAMES) expect((await render({}, 'none', format)).length).toBeGreaterThan(0)
})
