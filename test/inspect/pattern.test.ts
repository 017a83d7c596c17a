import {expect, it} from 'vitest'
import {patternOf} from '../../src/inspect/pattern.js'

it.each([
  ['abc', '616263'],
  ['é', 'c3a9'],
  ['hex:55aa', '55aa'],
  ['hex:55 AA,00:ff', '55aa00ff'],
  ['hex', '686578'],
])('the pattern "%s" is the bytes %s', (text, hex) => {
  expect(patternOf(text).toString('hex')).toBe(hex)
})

it.each(['', 'hex:', 'hex:5', 'hex:5g', 'x'.repeat(65537)])('"%.20s" is refused', (text) => {
  expect(() => patternOf(text)).toThrow(expect.objectContaining({kind: 'usage', code: 'E_PATTERN'}))
})
