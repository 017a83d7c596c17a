import {expect, it} from 'vitest'

import {RecentRate} from '../../src/bench/recent-rate.js'

const MS = 1e6

it('the rate is that of now, not the mean of all the time before', () => {
  const rate = new RecentRate()
  expect(rate.at(0, 0)).toBeUndefined()
  expect(rate.at(1000, 250 * MS)).toBe(4000)
  expect(rate.at(1010, 500 * MS)).toBe(40)
  expect(rate.at(1010, 1000 * MS)).toBe(0)
})

it('looks that follow each other closely do not make it jump', () => {
  const rate = new RecentRate()
  expect(rate.at(10, MS)).toBeUndefined()
  expect(rate.at(1000, 250 * MS)).toBe(4000)
  expect(rate.at(1900, 251 * MS)).toBe(4000)
  expect(rate.at(2000, 500 * MS)).toBe(4000)
})

it('a new round begins anew', () => {
  const rate = new RecentRate()
  rate.at(1000, 250 * MS)
  expect(rate.at(0, 0)).toBeUndefined()
  expect(rate.at(500, 250 * MS)).toBe(2000)
})
