import {describe, expect, it} from 'vitest'
import {splitWords} from '../../src/batch/word.js'
import {expectFault} from './fault-expectation.js'

const split = (line: string) => splitWords(line, {sourceName: 'disk.fp', line: 6})

describe('splitting a line into words', () => {
  it('separates at blanks of every kind and counts columns from 1', () => {
    expect(split(' OUT\t0\u00a04k \r')).toEqual([
      {text: 'OUT', column: 2},
      {text: '0', column: 6},
      {text: '4k', column: 8},
    ])
    expect(split('')).toEqual([])
  })

  it('keeps blanks, # and escaped quotes inside quotes', () => {
    expect(split('text:"a #\\" b"x y').map(({text}) => text)).toEqual(['text:"a #\\" b"x', 'y'])
  })

  it('ends at a word that starts with #', () => {
    expect(split('a b#c #d "').map(({text}) => text)).toEqual(['a', 'b#c'])
  })

  it.each(['ab "', 'ab "c\\"', 'ab "\\'])('refuses %j: the quote is never closed', (line) => {
    expectFault(() => split(line), '6:4', 'this quote is never closed')
  })

  it('refuses a line with more words than any statement has', () => {
    expect(split('w '.repeat(64))).toHaveLength(64)
    expectFault(() => split('w '.repeat(65)), '6:129', 'more than 64 words')
  })
})
