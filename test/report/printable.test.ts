import {expect, it} from 'vitest'

import {printable} from '../../src/report/index.js'

it('a control character in foreign text is printed as an escape, so it cannot drive the terminal', () => {
  expect(printable('disk\u001b[2J.img')).toBe('disk\\x1b[2J.img')
  expect(printable('a\tb\rc\u0000d\u007fe\u009bf')).toBe('a\\x09b\\x0dc\\x00d\\x7fe\\x9bf')
})

it('characters that reorder text on screen are printed as escapes', () => {
  expect(printable('gpj.\u202egmi')).toBe('gpj.\\u202egmi')
})

it('line breaks and all other text stay as they are', () => {
  expect(printable('ä 漢 ✓\nnext')).toBe('ä 漢 ✓\nnext')
})
