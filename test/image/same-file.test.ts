import {linkSync, symlinkSync} from 'node:fs'
import {afterEach, beforeEach, expect, it} from 'vitest'
import {sameFile} from '../../src/image/index.js'
import {Scene} from './scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

it('names lead to one file through links of either sort, and to two although they hold the same', () => {
  const [one, other] = [scene.file('one', 512, 7), scene.file('other', 512, 7)]
  linkSync(one, scene.path('hard'))
  symlinkSync(one, scene.path('soft'))
  const names = [one, scene.path('hard'), scene.path('soft')]
  expect(names.map((name) => sameFile(name, one))).toEqual([true, true, true])
  expect(sameFile(one, other)).toBe(false)
})

it('a name that leads nowhere is not that of any file', () => {
  const missing = scene.path('missing')
  symlinkSync(scene.path('nowhere'), scene.path('dangling'))
  expect([sameFile(missing, missing), sameFile(scene.path('dangling'), missing)]).toEqual([false, false])
})
