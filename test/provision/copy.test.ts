import {closeSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {openSource, partOf} from '../../src/image/index.js'
import {copyImage} from '../../src/provision/index.js'
import {Disk} from '../disk-layout/disk.js'
import {refusalOf, Scene} from '../image/scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

type Order = Parameters<typeof copyImage>[0]

function order(more: Partial<Order> = {}): Order {
  const whole = openSource(scene.path('a'))
  scene.onClose(() => whole.close())
  return {
    source: whole,
    whole,
    path: scene.path('b'),
    mode: cacheModeOf('writeback'),
    force: false,
    resume: false,
    verify: true,
    forceShare: false,
    signal: new AbortController().signal,
    stage: async () => async () => {},
    ...more,
  }
}

describe('a copy', () => {
  it('is the image, and says so', async () => {
    scene.file('a', 100_003, 5)
    const told = await copyImage(order())
    expect(told).toMatchObject({sizeBytes: 100_003, verified: true, resumed: false, stopped: undefined, notes: []})
    expect(readFileSync(scene.path('b')).equals(readFileSync(scene.path('a')))).toBe(true)
  })

  it('may be of a part', async () => {
    scene.file('a', 10_000, 5)
    const asked = order()
    await copyImage({...asked, source: partOf(asked.whole, 1000, 2000)})
    expect(readFileSync(scene.path('b'))).toEqual(Buffer.alloc(2000, 5))
  })

  it('that nothing was synced for is not called durable', async () => {
    scene.file('a', 4096, 5)
    expect(await copyImage(order({mode: cacheModeOf('unsafe')}))).toMatchObject({durable: false})
  })

  it('that does not verify is an error, and removed', async () => {
    scene.file('a', 8192, 5)
    const spoilt = order({
      stage: async (name) => {
        if (name === 'verifying') {
          const fd = openSync(scene.path('b.partial'), 'r+')
          writeSync(fd, 'x', 5000)
          closeSync(fd)
        }
        return async () => {}
      },
    })
    expect(await refusalOf(copyImage(spoilt))).toMatchObject({kind: 'verdict', context: {offsetBytes: 5000}})
    expect(readdirSync(scene.folder)).toEqual(['a'])
  })

  it('that is stopped waits under its other name', async () => {
    scene.file('a', 8192, 5)
    const told = await copyImage(order({signal: AbortSignal.abort()}))
    expect(told).toMatchObject({durable: false, stopped: {partialPath: scene.path('b.partial')}})
    expect(readdirSync(scene.folder).toSorted()).toEqual(['a', 'b.partial'])
  })

  it('is never made onto its source, nor onto the name the copy would have meanwhile', async () => {
    scene.file('a', 8192, 5)
    const same = {kind: 'usage', code: 'E_SAME_IMAGE'}
    expect(await refusalOf(copyImage(order({path: scene.path('a'), force: true})))).toMatchObject(same)
    scene.file('b.partial', 8192, 5)
    const partial = openSource(scene.path('b.partial'))
    scene.onClose(() => partial.close())
    const onto = order({source: partial, whole: partial, resume: true})
    expect(await refusalOf(copyImage(onto))).toMatchObject(same)
  })

  it('is never made into a partition of the image it comes from, which nobody else has to be using for that', async () => {
    const disk = new Disk(8192).record(0, [
      {type: 0x83, firstLba: 2048, sectors: 2048},
      {type: 0x83, firstLba: 4096, sectors: 2048},
    ])
    writeFileSync(scene.path('a'), disk.bytes)
    const asked = order({path: `${scene.path('a')}#p2`, force: true})
    const refusal = await refusalOf(copyImage({...asked, source: partOf(asked.whole, 1 << 20, 1 << 20)}))
    expect(refusal).toMatchObject({kind: 'usage', code: 'E_SAME_IMAGE'})
    expect(refusal?.message).toBe(`${scene.path('a')}#p2 is in the image that is copied from`)
    expect(readFileSync(scene.path('a')).equals(disk.bytes)).toBe(true)
  })
})
