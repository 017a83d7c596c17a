import fc from 'fast-check'
import {describe, expect, it} from 'vitest'

import {displayWidth, wrap} from '../../src/report/wrap.js'

describe('displayWidth', () => {
  it('a letter takes one column, an East Asian wide letter or an emoji two, a combining mark none', () => {
    expect(displayWidth('abc')).toBe(3)
    expect(displayWidth('漢字')).toBe(4)
    expect(displayWidth('💾')).toBe(2)
    expect(displayWidth('e\u0301')).toBe(1)
    expect(displayWidth('ä─✓')).toBe(3)
  })
})

describe('wrap', () => {
  it('a line that fits stays exactly as it is', () => {
    expect(wrap('  two  blanks ', 14)).toEqual(['  two  blanks '])
  })

  it('a longer line breaks between words and loses only the blanks there', () => {
    expect(wrap('lost if power fails here', 10)).toEqual(['lost if', 'power', 'fails here'])
  })

  it('a word wider than the line is broken, never cut off', () => {
    expect(wrap('a 0123456789', 4)).toEqual(['a', '0123', '4567', '89'])
  })

  it('line breaks in the text are kept, also empty lines', () => {
    expect(wrap('a\n\nb', 10)).toEqual(['a', '', 'b'])
  })

  it('no line is wider than asked for and no visible character is lost', () => {
    const text = fc.string({unit: fc.constantFrom('a', 'bc', ' ', '  ', '漢', '-', '\n', '💾', 'ä'), maxLength: 80})
    fc.assert(
      fc.property(text, fc.integer({min: 2, max: 30}), (input, width) => {
        const lines = wrap(input, width)
        expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(width)
        expect(lines.join('').replaceAll(/\s/g, '')).toBe(input.replaceAll(/\s/g, ''))
      }),
      {seed: 20260101},
    )
  })
})
