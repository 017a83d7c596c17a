import {describe, expect, it} from 'vitest'
import {parseSetting, printSetting} from '../../src/batch/setting.js'
import {expectFault} from './fault-expectation.js'

const parse = (text: string) =>
  parseSetting({text, column: 5}, {sourceName: 'disk.fp', line: 3, loops: 0, piecesLeft: 10})

describe('what a guest sets', () => {
  it('is the write cache, on or off', () => {
    expect(parse('writeback=1')).toBe(true)
    expect(parse('WriteBack=0')).toBe(false)
    expect([true, false].map((on) => parse(printSetting(on)))).toEqual([true, false])
  })

  it.each([
    ['fua=1', '3:5', '"fua" is nothing a guest can set'],
    ['on', '3:5', '"on" is nothing a guest can set'],
    ['=1', '3:5', '"" is nothing a guest can set'],
    ['writeback', '3:14', 'writeback needs a value'],
    ['writeback=', '3:15', 'writeback needs a value'],
    ['writeback=on', '3:15', '"on" is neither 0 nor 1'],
    ['writeback=01', '3:15', '"01" is neither 0 nor 1'],
  ])('is not %s: refused at %s with %s', (text, at, message) => {
    expect(expectFault(() => parse(text), at, message).hint).toBe('Write SET writeback=0 or SET writeback=1.')
  })
})
