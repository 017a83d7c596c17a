import {renameSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {ToolError} from '../../src/base/index.js'
import {openTarget, parseOffset, partitionStarts, placeOfName} from '../../src/inspect/target.js'
import {Disk} from '../disk-layout/disk.js'
import {Scene} from '../image/scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

/** An image with partitions 1 (16 sectors at 8) and 5 (8 sectors at 32), and what it is called. */
function partitioned(name: string): string {
  const disk = new Disk(64)
    .record(0, [
      {type: 0x83, firstLba: 8, sectors: 16},
      {type: 0x05, firstLba: 24, sectors: 32},
    ])
    .record(24, [{type: 0x83, firstLba: 8, sectors: 8}])
  disk.put(32 * 512, 'the logical one')
  const path = scene.path(name)
  writeFileSync(path, disk.bytes)
  return path
}

function refusalOf(action: () => unknown): ToolError {
  try {
    action()
  } catch (error) {
    if (error instanceof ToolError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('what an inspecting command looks at', () => {
  it('is the whole image when its path is given', () => {
    const target = openTarget(scene.file('disk', 1000))
    expect([target.source.startBytes, target.source.sizeBytes, target.whole, target.partition]).toEqual([
      0,
      1000,
      target.source,
      undefined,
    ])
    target.close()
  })

  it('is a partition when its number follows', () => {
    const target = openTarget(`${partitioned('disk')}#p5`)
    const bytes = new Uint8Array(11)
    target.source.readInto(bytes, 0)
    expect(Buffer.from(bytes).toString()).toBe('the logical')
    expect(target).toMatchObject({partition: {number: 5}, source: {startBytes: 32 * 512, sizeBytes: 8 * 512}})
    target.close()
  })

  it('is the file itself when its own name ends like that', () => {
    const path = scene.path('disk#p5')
    renameSync(partitioned('disk'), path)
    const whole = openTarget(path)
    expect(whole.source.sizeBytes).toBe(64 * 512)
    whole.close()
    const part = openTarget(`${path}#p1`)
    expect(part.source.sizeBytes).toBe(16 * 512)
    part.close()
  })

  it('cannot be a partition that is not there: those that are get named', () => {
    const path = partitioned('disk')
    expect(refusalOf(() => openTarget(`${path}#p9`))).toMatchObject({
      kind: 'usage',
      code: 'E_NO_PARTITION',
      message: `${path} has no partition 9`,
      hint: 'It has p1, p2, p5.',
    })
    const plain = scene.file('plain', 4096)
    expect(refusalOf(() => openTarget(`${plain}#p1`)).hint).toContain('has no partition table')
  })

  it('is refused under its own name when the image is not there', () => {
    expect(refusalOf(() => openTarget(scene.path('missing#p1')))).toMatchObject({
      kind: 'environment',
      context: {path: scene.path('missing')},
    })
  })
})

describe('the file that a name means', () => {
  it('comes with the range of the partition that is named', () => {
    const path = partitioned('disk')
    expect(placeOfName(`${path}#p5`)).toEqual({path, part: {offsetBytes: 32 * 512, lengthBytes: 8 * 512}})
    expect(placeOfName(path)).toEqual({path, part: undefined})
    expect(placeOfName(scene.path('none'))).toEqual({path: scene.path('none'), part: undefined})
    expect(refusalOf(() => placeOfName(`${path}#p9`))).toMatchObject({code: 'E_NO_PARTITION'})
  })
})

describe('the starts of partitions', () => {
  it('are counted from the start of what was named', () => {
    const path = partitioned('disk')
    expect([1, 5, 5].map(partitionStarts(path))).toEqual([8 * 512, 32 * 512, 32 * 512])
    expect([1, 5].map(partitionStarts(`${path}#p5`))).toEqual([-24 * 512, 0])
  })

  it('are looked for when one is asked for, and not before', () => {
    const startOf = partitionStarts(scene.path('disk'))
    expect(refusalOf(() => startOf(1))).toMatchObject({kind: 'environment'})
    partitioned('disk')
    expect(startOf(1)).toBe(8 * 512)
    expect(refusalOf(() => startOf(9))).toMatchObject({kind: 'usage', code: 'E_NO_PARTITION'})
  })
})

describe('an offset', () => {
  it('is a size, the start of a partition, or a sum of them', () => {
    const target = openTarget(partitioned('disk'))
    const read = ['0', '1k', 'p1', 'p5+512', 'p5-1s', '1k+512', 'p1+4k-1', '64s'].map((text) =>
      parseOffset(text, target),
    )
    expect(read).toEqual([0, 1024, 4096, 16896, 15872, 1536, 8191, 32768])
    target.close()
  })

  it('in a partition counts from its start, and partitions are still those of the image', () => {
    const target = openTarget(`${partitioned('disk')}#p2`)
    expect(['512', 'p2', 'p5'].map((text) => parseOffset(text, target))).toEqual([512, 0, 8 * 512])
    expect(refusalOf(() => parseOffset('p1', target))).toMatchObject({kind: 'usage', code: 'E_OFFSET'})
    target.close()
  })

  it.each([
    ['65s', 'E_OFFSET'],
    ['0-1', 'E_OFFSET'],
    ['-1', 'E_OFFSET'],
    ['p9', 'E_NO_PARTITION'],
    ['', 'E_SIZE'],
    ['p5+', 'E_SIZE'],
    ['12q', 'E_SIZE'],
    ['p5p2', 'E_SIZE'],
  ])('"%s" is refused with %s', (text, code) => {
    const target = openTarget(partitioned('disk'))
    expect(refusalOf(() => parseOffset(text, target))).toMatchObject({kind: 'usage', code})
    target.close()
  })
})
