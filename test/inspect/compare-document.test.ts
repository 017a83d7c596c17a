import {writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {compareDocument} from '../../src/inspect/index.js'
import {openTarget} from '../../src/inspect/target.js'
import {FORMAT_NAMES, renderDocument, type FormatName} from '../../src/report/index.js'
import {Scene} from '../image/scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

type Found = Parameters<typeof compareDocument>[0]

const FOUND: Found = {
  sizeBytes: [100, 100],
  identical: false,
  ranges: [
    {offsetBytes: 20, lengthBytes: 3},
    {offsetBytes: 90, lengthBytes: 1},
  ],
  rangeCount: 2,
  rangeBytes: 4,
  allocation: undefined,
}

async function render(found: Found, format: FormatName, strict = false, show = 1): Promise<string> {
  writeFileSync(scene.path('a'), Buffer.alloc(100, 0x41))
  writeFileSync(scene.path('b'), Buffer.alloc(100, 0x42))
  const targets = ['a', 'b'].map((name) => openTarget(scene.path(name)))
  const places = [{name: 'p1 (ext4)', offsetBytes: 0, lengthBytes: 50}]
  const images = targets.map(({source}, i) => ({name: 'ab'[i] ?? '', source, places: i === 0 ? places : []}))
  const [a, b] = images as [(typeof images)[0], (typeof images)[0]]
  let text = ''
  for await (const chunk of renderDocument(compareDocument(found, [a, b], {strict, show}), format, {
    width: 120,
    color: false,
  })) {
    text += chunk
  }
  for (const target of targets) target.close()
  return text
}

describe('the report of a comparison', () => {
  it('lists ranges with sector and place, shows the first in hex, and says the verdict', async () => {
    const text = await render(FOUND, 'table')
    expect(text).toMatch(/^ *20 +3 +0 +p1 \(ext4\) \/ nothing known$/m)
    expect(text).toContain('00000010  42 42')
    expect(text.match(/^Difference at/gm)).toHaveLength(1)
    expect(text).toContain('✗ not ok: 2 ranges differ, 4 bytes from first to last byte')
  })

  it('is flushpoint/compare@1 as JSON', async () => {
    expect(JSON.parse(await render(FOUND, 'json'))).toMatchObject({
      schema: 'flushpoint/compare@1',
      identical: false,
      rangeCount: 2,
      ranges: [
        {offsetBytes: 20, inA: 'p1 (ext4)', inB: ''},
        {offsetBytes: 90, inA: ''},
      ],
    })
  })

  it('says what the sizes mean, and how strict the answer is', async () => {
    const same = {...FOUND, ranges: [], rangeCount: 0, rangeBytes: 0, sizeBytes: [100, 600] as const}
    expect(await render({...same, identical: true}, 'table')).toContain('What the longer one has more is zeroes.')
    const strict = await render({...same, allocation: [{offsetBytes: 0, lengthBytes: 100}]}, 'table', true)
    expect(strict).toContain('the sizes differ (100 and 600 bytes); one has data where the other has a hole')
    expect(await render(same, 'table', true)).toContain('Holes were not compared')
  })

  it('can be printed in every format', async () => {
    for (const format of FORMAT_NAMES) expect((await render(FOUND, format)).length).toBeGreaterThan(0)
  })
})
