import {writeFileSync} from 'node:fs'
import {afterEach, beforeEach, expect, it} from 'vitest'
import {resizeAndJudge} from '../../src/provision/index.js'
import {sizeMeant} from '../../src/provision/resize.js'
import {Scene} from '../image/scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

it.each([
  ['1k', 500, 1024],
  ['+1k', 500, 1524],
  ['-100', 500, 400],
])('"%s" of an image of %i bytes means %i', (text, now, bytes) => {
  expect(sizeMeant(text, now)).toBe(bytes)
})

it.each(['0', '-500', '-501', '9E', 'x', '+'])('"%s" of an image of 500 bytes is refused', (text) => {
  expect(() => sizeMeant(text, 500)).toThrow(expect.objectContaining({kind: 'usage', code: 'E_SIZE'}))
})

it('a partition that is cut off is told', async () => {
  const bytes = Buffer.alloc(64 * 512)
  bytes[446 + 4] = 0x83
  bytes.writeUInt32LE(8, 446 + 8)
  bytes.writeUInt32LE(56, 446 + 12)
  bytes.writeUInt16LE(0xaa55, 510)
  writeFileSync(scene.path('disk'), bytes)
  const {resized, problems} = await resizeAndJudge(scene.path('disk'), '32s', true)
  expect(resized.toBytes).toBe(32 * 512)
  expect(problems.map(({text}) => text).join('\n')).toMatch(/of data were cut off/)
  expect(problems.length).toBeGreaterThan(1)
})
