import {afterEach, beforeEach, expect, it} from 'vitest'
import {openTarget} from '../../src/inspect/target.js'
import {Scene} from '../image/scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

it('the path of an image means the whole of it', () => {
  const target = openTarget(scene.file('disk', 1000))
  expect([target.source.startBytes, target.source.sizeBytes, target.whole]).toEqual([0, 1000, target.source])
  target.close()
})
