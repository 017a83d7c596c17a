import {expect, it} from 'vitest'
import {findDocument} from '../../src/inspect/index.js'
import {FORMAT_NAMES, renderDocument, type FormatName} from '../../src/report/index.js'

const REPORT = {
  image: 'disk.img',
  pattern: 'EFI PART',
  patternBytes: 8,
  alignment: {unitBytes: 512, phaseBytes: 0},
  places: [{name: 'p1 (swap)', offsetBytes: 1000, lengthBytes: 1000}],
}

async function render(offsets: readonly number[], format: FormatName, complete = true): Promise<string> {
  let text = ''
  const document = findDocument({offsets, count: offsets.length, complete}, REPORT)
  for await (const chunk of renderDocument(document, format, {width: 120, color: false})) text += chunk
  return text
}

it('matches are told with offset, sector, the byte of it, and where they lie', async () => {
  expect(await render([512, 1030], 'table')).toMatch(/^ *1030 +0x406 +2 +6 +p1 \(swap\)$/m)
  expect(JSON.parse(await render([1030], 'json'))).toMatchObject({
    schema: 'flushpoint/find@1',
    count: 1,
    matches: [{offsetBytes: 1030, sector: 2, inSectorBytes: 6, place: 'p1 (swap)'}],
  })
})

it('what was found is a verdict', async () => {
  expect(await render([], 'table')).toContain('✗ not ok: not found')
  expect(await render([1], 'table', false)).toContain('found once, then stopped as asked')
})

it('matches can be printed in every format', async () => {
  for (const format of FORMAT_NAMES) expect((await render([1], format)).length).toBeGreaterThan(0)
})
