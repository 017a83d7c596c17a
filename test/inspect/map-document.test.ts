import {describe, expect, it} from 'vitest'
import {mapDocument} from '../../src/inspect/index.js'
import {FORMAT_NAMES, renderDocument, type FormatName} from '../../src/report/index.js'

type Map = Parameters<typeof mapDocument>[0]
type Options = Parameters<typeof mapDocument>[1]

const EXTENTS: Map['extents'] = [
  {offsetBytes: 0, lengthBytes: 4096, kind: 'data', delayed: false, shared: false, zeroes: false},
  {offsetBytes: 4096, lengthBytes: 4096, kind: 'data', delayed: true, shared: false, zeroes: false},
  {offsetBytes: 8192, lengthBytes: 4096, kind: 'unwritten', delayed: false, shared: false, zeroes: false},
  {offsetBytes: 12288, lengthBytes: 4096, kind: 'hole', delayed: false, shared: false, zeroes: false},
  {offsetBytes: 16384, lengthBytes: 100, kind: 'data', delayed: false, shared: true, zeroes: true},
]
const MAP: Map = {sizeBytes: 16484, extents: EXTENTS, holesUnknown: undefined, physicalUnknown: undefined}
const OPTIONS: Options = {name: 'disk.img', startBytes: 0, places: [], rowsMax: 40, scanned: true}

async function render(map: Map, format: FormatName, options: Partial<Options> = {}): Promise<string> {
  let text = ''
  const document = mapDocument(map, {...OPTIONS, ...options})
  for await (const chunk of renderDocument(document, format, {width: 120, color: false})) text += chunk
  return text
}

// QAPI MapEntry: an extent of a raw image has depth 0, is present, and lies in the file at its own offset.
const row = (start: number, length: number, zero: boolean, data: boolean, offset = start): object => {
  return {start, length, depth: 0, present: true, zero, data, offset}
}

describe('the map of an image as JSON', () => {
  it('is that of qemu-img: holes and unwritten are one, sectors are whole', async () => {
    const rows = [row(0, 8192, false, true), row(8192, 8192, true, false), row(16384, 100, true, true)]
    expect(JSON.parse(await render(MAP, 'json'))).toEqual([...rows, row(16484, 412, true, false)])
  })

  it('has the keys of qemu-img in their order', async () => {
    const [first] = JSON.parse(await render(MAP, 'json')) as object[]
    expect(Object.keys(first ?? {})).toEqual(['start', 'length', 'depth', 'present', 'zero', 'data', 'offset'])
  })

  it('of an empty image is one empty extent that is not present', async () => {
    const empty = {sizeBytes: 0, extents: [], holesUnknown: undefined, physicalUnknown: undefined}
    expect(JSON.parse(await render(empty, 'json'))).toEqual([
      {start: 0, length: 0, depth: 0, present: false, zero: false, data: false},
    ])
  })

  it('says where a part of an image lies in its file', async () => {
    const rows = JSON.parse(await render(MAP, 'json', {startBytes: 2 ** 20})) as object[]
    expect(rows[1]).toEqual(row(8192, 8192, true, false, 2 ** 20 + 8192))
  })
})

describe('the map of an image for people', () => {
  it('sums up, draws the whole image, lists the extents, and says what a flush is needed for', async () => {
    const text = await render(MAP, 'table')
    for (const part of [
      'delayed data:  4 KiB (4096 bytes) in 1 extent, 24.8 %',
      '  12288    4096      4 KiB  hole',
      'Under --cache none it may be lost when the host crashes, until a flush',
    ]) {
      expect(text.replaceAll('\n  ', ' ')).toContain(part.trimStart())
    }
    expect(text).toMatch(/^\[█+▓+░+·+z\]$/m)
    expect(/^\[(.*)\]$/m.exec(text)?.[1]).toHaveLength(72)
  })

  it('lists no more extents than asked for, and says how many are left', async () => {
    const text = await render(MAP, 'table', {rowsMax: 2})
    expect(text).toContain('3 more extents: --all lists them')
    expect(text).not.toMatch(/^ *8192 +4096/m)
  })

  it('names the partitions where there are any', async () => {
    const places = [{name: 'p1', offsetBytes: 4096, lengthBytes: 5000}]
    expect(await render(MAP, 'table', {places})).toMatch(/^ *4096 +4096 +4 KiB +delayed data +p1$/m)
    expect(await render(MAP, 'csv', {places})).toContain('4096,4096,data,true,false,false,p1\n')
  })

  it('says what could not be told', async () => {
    const [data] = EXTENTS
    const opaque = {...MAP, extents: data ? [data] : [], holesUnknown: 'no library', physicalUnknown: 'no library'}
    expect(await render(opaque, 'table')).toContain('Holes cannot be told from data: no library.')
    const partial = {...MAP, physicalUnknown: 'the file system has no FIEMAP'}
    expect(await render(partial, 'table')).toContain('cannot be told: the file system has no FIEMAP.')
  })

  it('can be printed in every format', async () => {
    for (const format of FORMAT_NAMES) expect((await render(MAP, format)).length).toBeGreaterThan(0)
  })
})

it('each extent is a record with all that is known, and one record sums them up', async () => {
  const records = (await render(MAP, 'ndjson'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object)
  expect(records).toHaveLength(EXTENTS.length + 1)
  expect(records[2]).toMatchObject({record: 'extent', kind: 'unwritten', offsetBytes: 8192})
  expect(records.at(-1)).toMatchObject({record: 'map', schema: 'flushpoint/map@1', sizeBytes: 16484})
})
