import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {chunksOf, partitionParts, sourcePart, wholePart} from '../../src/inspect/hash-parts.js'
import {openTarget, type Target} from '../../src/inspect/target.js'
import {Scene} from '../image/scene.js'

let scene: Scene
let target: Target
beforeEach(() => {
  scene = new Scene()
  target = openTarget(scene.file('disk', 1000))
})
afterEach(() => {
  target.close()
  scene.close()
})

describe('the parts of an image', () => {
  it('are chunks, of which the last may be shorter', () => {
    expect(chunksOf(target.source, 400n).map(({offsetBytes, lengthBytes}) => [offsetBytes, lengthBytes])).toEqual([
      [0, 400],
      [400, 400],
      [800, 200],
    ])
    expect(chunksOf(target.source, 2n ** 60n)).toEqual([{name: '', offsetBytes: 0, lengthBytes: 1000}])
  })

  it('are not too many', () => {
    expect(() => chunksOf(target.source, 0n)).toThrow(/no end/)
    expect(() => chunksOf({...target.source, sizeBytes: 2 ** 40}, 512n)).toThrow(/chunks of 512/)
  })

  it('are the whole, or the partitions where there is a table', () => {
    expect(wholePart(target.source)).toEqual({name: 'whole', offsetBytes: 0, lengthBytes: 1000})
    expect(sourcePart(target.source, {offsetBytes: 10, lengthBytes: 20})).toMatchObject({startBytes: 10, sizeBytes: 20})
    expect(() => partitionParts(target.source)).toThrow(expect.objectContaining({kind: 'format', code: 'E_NO_TABLE'}))
  })
})
