import {describe, expect, it} from 'vitest'
import {hasSides, parseBarrier, printBarrier} from '../../src/batch/side.js'
import {REQUEST_KINDS} from '../../src/request/index.js'
import {expectFault} from './fault-expectation.js'

const parse = (value: string) => parseBarrier(value, 18, {sourceName: 'disk.fp', line: 1, loops: 0, piecesLeft: 10})

describe('the side of a request a barrier stands on', () => {
  it('is both unless one is named', () => {
    expect(parse('')).toEqual({column: 18, side: 'both'})
    expect(parse('before')).toEqual({column: 18, side: 'before'})
    expect(parse('AFTER')).toEqual({column: 18, side: 'after'})
    expect(['', 'before', 'after'].map((value) => printBarrier(parse(value)))).toEqual([
      'barrier',
      'barrier=before',
      'barrier=after',
    ])
  })

  it.each(['both', 'left', '1', 'before,after'])('is not "%s"', (value) => {
    const error = expectFault(() => parse(value), '1:18', `"${value}" is no side of a barrier`)
    expect(error.hint).toContain('barrier=after')
  })

  it('is there for requests with data or a segment, the commands that have something to stand beside', () => {
    const sided = REQUEST_KINDS.filter(hasSides).map(({name}) => name)
    expect(sided).toEqual(['IN', 'OUT', 'DISCARD', 'WRITE_ZEROES'])
  })
})
