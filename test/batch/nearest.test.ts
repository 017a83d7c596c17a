import {describe, expect, it} from 'vitest'
import {nearest} from '../../src/batch/nearest.js'

const WORDS = ['FLUSH', 'FLUSH_OUT', 'OUT', 'IN', 'GET_ID']

describe('suggesting what was meant', () => {
  it.each([
    ['FLUSHH', 'FLUSH'],
    ['flsh', 'FLUSH'],
    ['flsuh', 'FLUSH'],
    ['OTU', 'OUT'],
    ['getid', 'GET_ID'],
  ])('finds for %s the word %s', (word, meant) => {
    expect(nearest(word, WORDS)).toBe(meant)
  })

  it.each(['', 'xyz', 'something', 'x'.repeat(1000)])('suggests nothing for %j', (word) => {
    expect(nearest(word, WORDS)).toBeUndefined()
  })
})
