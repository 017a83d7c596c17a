import {afterEach, beforeEach, expect, it} from 'vitest'
import {rangeOf} from '../../src/inspect/range-choice.js'
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

it.each([
  ['0', undefined, 0, 1000],
  ['1s', '100', 512, 100],
  ['900', '1k', 900, 100],
  ['1000', '15E', 1000, 0],
])('--offset %s --length %s is %i+%i of 1000 bytes', (offset, length, offsetBytes, lengthBytes) => {
  expect(rangeOf(target, offset, length)).toEqual({offsetBytes, lengthBytes})
})

it('a range begins inside', () => {
  expect(() => rangeOf(target, '1001', undefined)).toThrow(expect.objectContaining({code: 'E_OFFSET'}))
})
