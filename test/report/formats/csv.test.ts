import fc from 'fast-check'
import {expect, it} from 'vitest'

import {ToolError} from '../../../src/base/index.js'
import {documentOf, rendered, tableOf} from '../sample.js'

it('csv prints the keys, then one record a row', async () => {
  const table = tableOf(
    ['id', '>offset bytes'],
    [
      ['1', '0'],
      ['2', '4096'],
    ],
  )
  expect(await rendered(documentOf([table]), 'csv')).toBe('id,offset_bytes\n1,0\n2,4096\n')
})

// RFC 4180 section 2, rules 6 and 7.
it('a field with a comma, a quote or a line break is quoted, and a quote in it doubled', async () => {
  const table = tableOf(['a', 'b', 'c'], [['x,y', 'say "no"', 'two\nlines']])
  expect(await rendered(documentOf([table]), 'csv')).toBe('a,b,c\n"x,y","say ""no""","two\nlines"\n')
})

it('a record of one empty field is not an empty line', async () => {
  expect(await rendered(documentOf([tableOf(['a'], [['']])]), 'csv')).toBe('a\n""\n')
})

it('a document may name another table for csv than the first one people see', async () => {
  const csvTable = tableOf(['bytes'], [['4096']])
  const document = documentOf([tableOf(['size'], [['4 KiB']])], {csvTable})
  expect(await rendered(document, 'csv')).toBe('bytes\n4096\n')
})

it('a document without a table is a usage error that names the other formats', async () => {
  const failing = rendered(documentOf([{kind: 'text', text: 'no table'}]), 'csv')
  await expect(failing).rejects.toBeInstanceOf(ToolError)
  await expect(failing).rejects.toMatchObject({
    kind: 'usage',
    code: 'E_NO_TABLE',
    hint: expect.stringContaining('json'),
  })
})

it('any cells come back from a reader of RFC 4180', async () => {
  const cell = fc.string({unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', '漢'), maxLength: 8})
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(cell, cell), {minLength: 1, maxLength: 4}), async (rows) => {
      const text = await rendered(documentOf([tableOf(['a', 'b'], rows)]), 'csv')
      expect(readCsv(text)).toEqual([['a', 'b'], ...rows])
    }),
    {seed: 20260104},
  )
})

/** The grammar of RFC 4180, with LF between records. */
function readCsv(text: string): string[][] {
  const records: string[][] = []
  let record: string[] = []
  const field = /(?:"((?:[^"]|"")*)"|([^",\n]*))([,\n])/gy
  for (let match = field.exec(text); match; match = field.exec(text)) {
    record.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
    if (match[3] === ',') continue
    records.push(record)
    record = []
  }
  return records
}
