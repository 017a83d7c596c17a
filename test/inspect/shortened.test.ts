import {truncateSync} from 'node:fs'
import {afterEach, beforeEach, expect, it} from 'vitest'
import {refuseShortened} from '../../src/inspect/index.js'
import {openTarget} from '../../src/inspect/target.js'
import {Scene} from '../image/scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

it('an image that became shorter while it was read is an error, one that grew is none', () => {
  const target = openTarget(scene.file('disk', 1000))
  truncateSync(scene.path('disk'), 2000)
  refuseShortened(target.source)
  truncateSync(scene.path('disk'), 999)
  expect(() => refuseShortened(target.source)).toThrow(
    expect.objectContaining({
      kind: 'io',
      code: 'E_SHORT_IMAGE',
      message: expect.stringContaining('byte 999') as string,
    }),
  )
  target.close()
})
