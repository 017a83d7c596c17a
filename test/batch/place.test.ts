import {describe, expect, it} from 'vitest'
import {fault, show, spendPiece} from '../../src/batch/place.js'
import {expectFault} from './fault-expectation.js'

describe('a message about a batch', () => {
  it('starts with source, line and column', () => {
    const error = fault({sourceName: 'disk.fp', line: 12}, 5, 'something is wrong', 'Do this.')
    expect(error.message).toBe('disk.fp:12:5: something is wrong')
    expect(error.hint).toBe('Do this.')
    expect(error.exitCode).toBe(2)
  })

  it('quotes text without anything a terminal would obey, and cuts it', () => {
    expect(show('a"b')).toBe('"a\\"b"')
    expect(show('\u001b[31m\u009b1m\u007f')).toBe('"\\u001b[31m\\u009b1m\\u007f"')
    expect(show('x'.repeat(100))).toBe(`"${'x'.repeat(40)}..."`)
  })

  it('comes when the pieces are used up', () => {
    const scope = {sourceName: 'disk.fp', line: 1, loops: 0, piecesLeft: 1}
    spendPiece(scope, 3)
    expectFault(() => spendPiece(scope, 4), '1:4', 'too many operands and names')
  })
})
