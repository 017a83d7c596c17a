import {describe, expect, it} from 'vitest'
import {parsePattern, printPattern, resolvePattern} from '../../src/batch/pattern.js'
import {expectFault} from './fault-expectation.js'

const parse = (text: string) => parsePattern(text, 10, {sourceName: 'disk.fp', line: 1, loops: 1, piecesLeft: 10})
const resolve = (text: string) => resolvePattern(parse(text), {sourceName: 'disk.fp', line: 1, counters: [3]})

describe('a pattern', () => {
  it.each([
    ['0xAA', {kind: 'byte', value: 0xaa}],
    ['0X5', {kind: 'byte', value: 5}],
    ['0x00ff', {kind: 'byte', value: 255}],
    ['hex:00FFa5', {kind: 'hex', bytes: Uint8Array.of(0, 255, 0xa5)}],
    ['HEX:01', {kind: 'hex', bytes: Uint8Array.of(1)}],
    ['text:"a b"', {kind: 'text', text: 'a b'}],
    ['seed:7', {kind: 'seed', seed: 7}],
    ['seed:${i}+7', {kind: 'seed', seed: 10}],
    ['seed:9007199254740991', {kind: 'seed', seed: 2 ** 53 - 1}],
    ['file:a/b.bin', {kind: 'file', path: 'a/b.bin', offsetBytes: 0}],
    ['file:a@4k', {kind: 'file', path: 'a', offsetBytes: 4096}],
    ['file:me@home@${i}*512', {kind: 'file', path: 'me@home', offsetBytes: 1536}],
    ['file:"me@home x"', {kind: 'file', path: 'me@home x', offsetBytes: 0}],
    ['file:"a\\"b"@1k', {kind: 'file', path: 'a"b', offsetBytes: 1024}],
    ['file:C:\\disk', {kind: 'file', path: 'C:\\disk', offsetBytes: 0}],
  ])('may be %s', (text, pattern) => {
    expect(resolve(text)).toEqual(pattern)
  })

  it.each([
    ['0XA', '0x0a'],
    ['hex:AB', 'hex:ab'],
    ['file:"plain"@0', 'file:plain@0'],
    ['file:"a@b"', 'file:"a@b"'],
    ['TEXT:"\\x0a\\x0d"', 'text:"\\n\\x0d"'],
  ])('written %s is printed %s', (text, printed) => {
    expect(printPattern(parse(text))).toBe(printed)
  })

  it.each([
    ['aa', '1:10', '"aa" is not a pattern'],
    ['170', '1:10', '"170" is not a pattern'],
    ['random:1', '1:10', '"random:1" is not a pattern'],
    ['0x', '1:10', '"0x" is not a byte'],
    ['0xgg', '1:10', '"0xgg" is not a byte'],
    ['0x100', '1:10', '"0x100" is more than a byte'],
    ['hex:', '1:14', 'hex: needs digits'],
    ['hex:abc', '1:14', 'hex: has 3 digits, an odd number'],
    ['hex:0g', '1:15', '"g" is not a hex digit'],
    ['text:abc', '1:15', 'text: needs quotes'],
    ['text:""', '1:15', 'text: is empty'],
    ['text:"a"b', '1:18', '"b" follows the closing quote'],
    ['text:"a\\q"', '1:17', 'is not an escape'],
    ['seed:', '1:15', 'expected a size, found nothing'],
    ['seed:x', '1:15', '"x" is not a size'],
    ['file:', '1:15', 'file: needs a path'],
    ['file:@4k', '1:15', 'file: needs a path'],
    ['file:""', '1:15', 'file: needs a path'],
    ['file:"\\x00"', '1:15', 'no NUL byte'],
    ['file:a@', '1:17', 'the offset after @ is missing'],
    ['file:a@b', '1:17', '"b" is not a size'],
    ['file:"a"b', '1:18', '"b" follows the closing quote'],
    ['file:a"b c"', '1:16', 'a quoted path starts with its quote'],
  ])('may not be %s: refused at %s with %s', (text, at, message) => {
    expectFault(() => parse(text), at, message)
  })
})
