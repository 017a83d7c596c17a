import {writeFileSync} from 'node:fs'
import {afterEach, beforeEach, expect, it} from 'vitest'
import {placesIn} from '../../src/inspect/index.js'
import {openTarget} from '../../src/inspect/target.js'
import {Scene} from '../image/scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

function places(bytes: Buffer): string[] {
  writeFileSync(scene.path('disk'), bytes)
  const target = openTarget(scene.path('disk'))
  const found = placesIn(target.source)
  target.close()
  return found.map(({name, offsetBytes, lengthBytes}) => `${name} ${offsetBytes}+${lengthBytes}`)
}

/** An MBR with one partition of type 83 at sector 8, 16 sectors long, which holds swap space. */
function mbrDisk(): Buffer {
  const bytes = Buffer.alloc(64 * 512)
  bytes[446 + 4] = 0x83
  bytes.writeUInt32LE(8, 446 + 8)
  bytes.writeUInt32LE(16, 446 + 12)
  bytes.writeUInt16LE(0xaa55, 510)
  bytes.write('SWAPSPACE2', 8 * 512 + 4086, 'latin1')
  bytes.writeUInt32LE(1, 8 * 512 + 1024)
  return bytes
}

it('the places of an image are its partitions with what is in them, and the space between', () => {
  const found = places(mbrDisk())
  expect(found.find((name) => name.startsWith('p1 '))).toMatch(/^p1 \(.*\) 4096\+8192$/)
  expect(found.some((name) => name.startsWith('unused '))).toBe(true)
})

it('an image of which nothing is known has none', () => {
  expect(places(Buffer.alloc(8192))).toEqual([])
  expect(places(Buffer.alloc(0))).toEqual([])
})
