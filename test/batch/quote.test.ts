import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {readQuoted, writeQuoted} from '../../src/batch/quote.js'
import {expectFault} from './fault-expectation.js'

const read = (word: string, at = 0) =>
  readQuoted(word, at, 10, {sourceName: 'disk.fp', line: 1, loops: 0, piecesLeft: 10})

describe('quoted text', () => {
  it('knows the escapes \\" \\\\ \\n \\t and \\xNN', () => {
    const word = '"a b#\\"\\\\\\n\\t\\x00\\x7F"'
    expect(read(word)).toEqual({value: 'a b#"\\\n\t\0\x7f', end: word.length})
  })

  it('ends at its closing quote', () => {
    expect(read('file:"a"@4k', 5)).toEqual({value: 'a', end: 8})
  })

  it('is read back as it was written, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({unit: 'binary'}), (text) => {
        const word = writeQuoted(text)
        expect(word).not.toMatch(/[\n\r]/)
        expect(read(word)).toEqual({value: text, end: word.length})
      }),
      {seed: 20110412, numRuns: 200},
    )
  })

  it.each([
    ['"ab\\q"', '1:13', '"\\\\q" is not an escape'],
    ['"\\x4"', '1:11', 'is not an escape'],
    ['"\\xg0"', '1:11', 'is not an escape'],
  ])('refuses %s at %s', (word, at, message) => {
    expectFault(() => read(word), at, message)
  })

  it('refuses \\x80 and above, because text is UTF-8 and the byte would become two', () => {
    expect(expectFault(() => read('"\\xff"'), '1:11', 'is not an escape').hint).toContain('hex:')
  })
})
