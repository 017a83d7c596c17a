import {describe, expect, it} from 'vitest'
import {expandName, parseName} from '../../src/batch/name.js'
import {expectFault} from './fault-expectation.js'

const parse = (text: string, loops = 2) => parseName(text, 4, {sourceName: 'disk.fp', line: 2, loops, piecesLeft: 10})

describe('a name', () => {
  it.each(['a', '_', 'Journal-1.data_2', 'x'.repeat(100)])('may be %s', (text) => {
    expect(expandName(parse(text), {sourceName: 'disk.fp', line: 2, counters: []})).toBe(text)
  })

  it('is filled with the counters of the REPEATs around it', () => {
    const frame = {sourceName: 'disk.fp', line: 2, counters: [4, 9]}
    expect(expandName(parse('w${i1}.${i}-x'), frame)).toBe('w4.9-x')
    expect(expandName(parse('w${i0}${i}'), frame)).toBe('w99')
    expect(parse('w${i0}').text).toBe('w${i}')
  })

  it.each([
    ['', '2:4', 'a name is missing'],
    ['9a', '2:4', '"9a" is not a name'],
    ['-a', '2:4', '"-a" is not a name'],
    ['${i}', '2:4', '"${i}" is not a name'],
    ['a/b', '2:5', '"/b" does not belong in a name'],
    ['w${j}', '2:5', '"${j}" does not belong in a name'],
    ['w${i2}', '2:5', '${i2} has no REPEAT to count'],
    ['é', '2:4', '"é" is not a name'],
    ['x'.repeat(101), '2:4', 'longer than 100 characters'],
  ])('may not be %j: refused at %s with %s', (text, at, message) => {
    expectFault(() => parse(text), at, message)
  })
})
