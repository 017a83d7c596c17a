import {truncateSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {Prng, type Range} from '../../src/base/index.js'
import {addRange, TaskComparer} from '../../src/inspect/compare-task.js'
import {openTarget, type Target} from '../../src/inspect/target.js'
import {Scene} from '../image/scene.js'

let scene: Scene
let targets: Target[]
beforeEach(() => {
  scene = new Scene()
  targets = []
})
afterEach(() => {
  for (const target of targets) target.close()
  scene.close()
})

function side(name: string, bytes: Buffer) {
  writeFileSync(scene.path(name), bytes)
  const target = openTarget(scene.path(name))
  targets.push(target)
  const {path, fd, startBytes, sizeBytes} = target.source
  return {path, fd, startBytes, sizeBytes, data: undefined}
}

/** Ranges from the first differing byte to the last, joined where sectors touch: found in the simplest way. */
function slowly(a: Buffer, b: Buffer): Range[] {
  const ranges: Range[] = []
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    if ((a[i] ?? 0) === (b[i] ?? 0)) continue
    const last = ranges.at(-1)
    const lastEnd = last === undefined ? 0 : last.offsetBytes + last.lengthBytes
    if (last !== undefined && Math.floor(i / 512) <= Math.floor((lastEnd - 1) / 512) + 1) {
      ranges[ranges.length - 1] = {...last, lengthBytes: i + 1 - last.offsetBytes}
    } else ranges.push({offsetBytes: i, lengthBytes: 1})
  }
  return ranges
}

describe('one task of a comparison', () => {
  it('finds what looking at each byte finds, also behind the end of the shorter image', () => {
    const random = new Prng(99)
    for (let round = 0; round < 20; round++) {
      const a = Buffer.alloc(150_000 + random.below(1000))
      random.fill(a)
      const b = Buffer.concat([a, Buffer.alloc(random.below(2000))])
      for (let i = random.below(6); i > 0; i--) {
        const at = random.below(b.length)
        b.fill(random.below(256), at, Math.min(b.length, at + 1 + random.below(3000)))
      }
      expect(new TaskComparer(side('a', a), side('b', b)).compare(0)).toEqual(slowly(a, b))
    }
  })

  it('is an error of the image that became shorter meanwhile, at the byte where it ended', () => {
    const comparer = new TaskComparer(side('a', Buffer.alloc(5000, 1)), side('b', Buffer.alloc(5000, 1)))
    truncateSync(scene.path('b'), 3000)
    expect(() => comparer.compare(0)).toThrow(/b ended at byte 3000/)
  })
})

it('ranges are joined when their sectors touch, and only then', () => {
  const ranges: Range[] = []
  for (const offsetBytes of [0, 1023, 2048]) addRange(ranges, {offsetBytes, lengthBytes: 1})
  expect(ranges).toEqual([
    {offsetBytes: 0, lengthBytes: 1024},
    {offsetBytes: 2048, lengthBytes: 1},
  ])
})
