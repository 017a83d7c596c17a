import {closeSync, openSync, writeSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {ERRNO} from '../../src/base/index.js'
import {openSource, partOf} from '../../src/image/index.js'
import {countHoles, sparsenessOf} from '../../src/inspect/sparseness.js'
import {loadLibc} from '../../src/native/index.js'
import {capability, itNeeds} from '../peers.js'
import {Scene} from '../image/scene.js'

const native = await loadLibc()
const nativeCalls = capability(native.ok, native.ok ? '' : native.reason)

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

/** A file system that has data in the given ranges. */
function seekIn(data: readonly (readonly [from: number, to: number])[], sizeBytes: number) {
  return (offsetBytes: number, to: 'data' | 'hole'): number => {
    const range = data.find(([, end]) => end > offsetBytes)
    if (to === 'hole') return range && range[0] <= offsetBytes ? range[1] : offsetBytes
    if (range === undefined || offsetBytes >= sizeBytes) return -ERRNO.ENXIO
    return Math.max(range[0], offsetBytes)
  }
}

describe('the holes of an image', () => {
  it.each([
    ['no data', [], {dataBytes: 0, dataRanges: 0, holes: 1, largestHoleBytes: 1000}],
    ['data throughout', [[0, 1000]], {dataBytes: 1000, dataRanges: 1, holes: 0, largestHoleBytes: 0}],
    ['data first', [[0, 100]], {dataBytes: 100, dataRanges: 1, holes: 1, largestHoleBytes: 900}],
    ['data last', [[900, 1000]], {dataBytes: 100, dataRanges: 1, holes: 1, largestHoleBytes: 900}],
    [
      'data between',
      [
        [100, 200],
        [400, 500],
      ],
      {dataBytes: 200, dataRanges: 2, holes: 3, largestHoleBytes: 500},
    ],
  ] as const)('are counted: %s', (_title, data, expected) => {
    const range = {startBytes: 0, sizeBytes: 1000}
    expect(countHoles(seekIn(data, 1000), range)).toEqual({...expected, complete: true})
  })

  it('of a part are those inside it, cut where it ends', () => {
    const range = {startBytes: 150, sizeBytes: 300}
    expect(
      countHoles(
        seekIn(
          [
            [100, 200],
            [400, 500],
          ],
          1000,
        ),
        range,
      ),
    ).toEqual({
      dataBytes: 100,
      dataRanges: 2,
      holes: 1,
      largestHoleBytes: 200,
      complete: true,
    })
  })

  it('are not counted for ever: a file system of countless ones is told as incomplete', () => {
    const stripes = (offsetBytes: number, to: 'data' | 'hole'): number =>
      to === 'data' ? Math.ceil(offsetBytes / 2) * 2 : Math.floor(offsetBytes / 2) * 2 + 1
    expect(countHoles(stripes, {startBytes: 0, sizeBytes: 2 ** 44})).toMatchObject({
      complete: false,
      dataRanges: 1_000_000,
    })
  })

  it('are unknown where seeking is not understood', () => {
    expect(countHoles(() => -ERRNO.EINVAL, {startBytes: 0, sizeBytes: 1000})).toContain('does not tell')
    expect(sparsenessOf({ok: false, reason: 'no library'}, openSourceOf(1))).toBe('no library')
  })

  itNeeds([nativeCalls], 'of a real file are found, and of a part of it', () => {
    const path = scene.file('disk', 8 << 20)
    const fd = openSync(path, 'r+')
    writeSync(fd, Buffer.alloc(65536, 1), 0, 65536, 4 << 20)
    closeSync(fd)
    const source = openSource(path)
    expect(sparsenessOf(native, source)).toMatchObject({dataBytes: 65536, dataRanges: 1, holes: 2})
    expect(sparsenessOf(native, partOf(source, 4 << 20, 65536))).toMatchObject({dataBytes: 65536, holes: 0})
    expect(sparsenessOf(native, partOf(source, 0, 4 << 20))).toMatchObject({dataBytes: 0, largestHoleBytes: 4 << 20})
    source.close()
  })
})

function openSourceOf(sizeBytes: number) {
  const source = openSource(scene.file('small', sizeBytes))
  scene.onClose(() => source.close())
  return source
}
