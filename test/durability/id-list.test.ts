import {expect, it} from 'vitest'
import {listIds} from '../../src/durability/index.js'

const upTo = (count: number, step = 1): number[] => Array.from({length: count}, (_, i) => 1 + i * step)

it.each([
  [[], ''],
  [[7], '#7'],
  [[1, 2], '#1, #2'],
  [[1, 2, 3], '#1-#3'],
  [[...upTo(64), 70], '#1-#64, #70'],
  [upTo(12, 2), '#1, #3, #5, #7, #9, #11, #13, #15, #17, #19, #21, #23'],
  [upTo(107, 2), '#1, #3, #5, #7, #9, #11, #13, #15, #17, #19, #21, #23 and 95 more'],
])('%j reads %s', (ids, text) => {
  expect(listIds(ids)).toBe(text)
})

it('runs count as two numbers, so that long lists of runs stay short', () => {
  const runs = upTo(10).flatMap((n) => [n * 10, n * 10 + 1, n * 10 + 2])
  expect(listIds(runs)).toBe('#10-#12, #20-#22, #30-#32, #40-#42, #50-#52, #60-#62 and 12 more')
})
