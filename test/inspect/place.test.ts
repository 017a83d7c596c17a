import {expect, it} from 'vitest'
import {placesOf} from '../../src/inspect/place.js'

const PLACES = [
  {name: 'p1', offsetBytes: 100, lengthBytes: 100},
  {name: 'p2', offsetBytes: 200, lengthBytes: 100},
]

it.each([
  [0, 100, ''],
  [0, 101, 'p1'],
  [199, 2, 'p1, p2'],
  [300, 5, ''],
])('a range at %i of %i bytes lies in "%s"', (offsetBytes, lengthBytes, names) => {
  expect(placesOf({offsetBytes, lengthBytes}, PLACES)).toBe(names)
})
