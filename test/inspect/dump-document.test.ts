import {writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {dumpDocument, openTarget} from '../../src/inspect/index.js'
import {FORMAT_NAMES, renderDocument, type FormatName} from '../../src/report/index.js'
import {Scene} from '../image/scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

async function dumpOf(sizeBytes: number, offsetBytes: number, lengthBytes: number, format: FormatName = 'json') {
  const bytes = Buffer.from(Uint8Array.from({length: sizeBytes}, (_, i) => i))
  writeFileSync(scene.path('disk'), bytes)
  const target = openTarget(scene.path('disk'))
  try {
    const document = dumpDocument('disk', target.source, {offsetBytes, lengthBytes})
    let text = ''
    for await (const chunk of renderDocument(document, format, {width: 100, color: false})) text += chunk
    return text
  } finally {
    target.close()
  }
}

describe('a dump as a document', () => {
  it('has rows of 16 bytes from where it begins, in hex and as text', async () => {
    expect(JSON.parse(await dumpOf(100, 0x38, 20))).toEqual({
      schema: 'flushpoint/dump@1',
      image: 'disk',
      sizeBytes: 100,
      offsetBytes: 0x38,
      lengthBytes: 20,
      rows: [
        {offsetBytes: 0x38, hex: '38393a3b3c3d3e3f4041424344454647', text: '89:;<=>?@ABCDEFG'},
        {offsetBytes: 0x48, hex: '48494a4b', text: 'HIJK'},
      ],
    })
    expect(JSON.parse(await dumpOf(100, 100, 0))).toMatchObject({rows: []})
  })

  it('comes in every format', async () => {
    for (const format of FORMAT_NAMES) expect(await dumpOf(40, 0, 40, format)).toContain('202122')
    expect(await dumpOf(3, 0, 3, 'csv')).toBe('offsetBytes,hex,text\n0,000102,...\n')
    expect(await dumpOf(3, 0, 3, 'ndjson')).toBe('{"record":"row","offsetBytes":0,"hex":"000102","text":"..."}\n')
  })

  it('is bounded, and says what is not', async () => {
    const megabyte = JSON.parse(await dumpOf(2 ** 20, 0, 2 ** 20)) as {rows: readonly object[]}
    expect(megabyte.rows).toHaveLength(65_536)
    await expect(dumpOf(2 ** 20 + 1, 0, 2 ** 20 + 1)).rejects.toMatchObject({kind: 'usage', code: 'E_DUMP_LENGTH'})
  })
})
