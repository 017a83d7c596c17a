import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {outBytes, parseCdb, parseSense, printCdb, printSense} from '../../src/batch/scsi.js'
import type {Pattern} from '../../src/batch/index.js'
import {expectFault} from './fault-expectation.js'

const scope = () => ({sourceName: 'disk.fp', line: 2, loops: 0, piecesLeft: 10})
const cdb = (text: string) => parseCdb(text, 6, scope())
const sense = (text: string) => parseSense(text, 6, scope())

describe('a CDB', () => {
  it.each([
    ['35', [0x35]],
    ['2A080000', [0x2a, 8, 0, 0]],
    ['0x12ff', [0x12, 0xff]],
    ['0X12_ff', [0x12, 0xff]],
    ['42_01_0000000018', [0x42, 1, 0, 0, 0, 0, 0x18]],
    ['00112233445566778899aabbccddeeff', Array.from({length: 16}, (_, i) => i * 0x11)],
  ])('may be %s', (text, bytes) => {
    expect(cdb(text)).toEqual({column: 6, bytes: Uint8Array.from(bytes)})
  })

  it.each([
    ['0x', '2:6', '"0x" is not a CDB'],
    ['3', '2:6', 'half a byte: "3"'],
    ['350', '2:8', 'half a byte: "0"'],
    ['3_5', '2:7', '"_5" is not a hex digit'],
    ['_35', '2:6', '"_35" is not a hex digit'],
    ['35_', '2:8', '"_" is not a hex digit'],
    ['35__00', '2:9', '"_00" is not a hex digit'],
    ['35zz', '2:8', '"zz" is not a hex digit'],
    ['3500-00', '2:10', '"-00" is not a hex digit'],
    ['00'.repeat(17), '2:38', 'a CDB ends at 16 bytes'],
  ])('may not be %s: refused at %s with %s', (text, at, message) => {
    expectFault(() => cdb(text), at, message)
  })

  it('is read back as it was printed', () => {
    fc.assert(
      fc.property(fc.uint8Array({minLength: 1, maxLength: 16}), (bytes) => {
        expect(cdb(printCdb({column: 1, bytes})).bytes).toEqual(bytes)
      }),
      {seed: 20110412, numRuns: 200},
    )
  })
})

describe('the sense a batch expects', () => {
  it.each([
    ['5/20/00', {key: 5, asc: 0x20, ascq: 0}, '5/20/00'],
    ['B/0/6', {key: 0xb, asc: 0, ascq: 6}, 'B/00/06'],
    ['e/1d/0', {key: 0xe, asc: 0x1d, ascq: 0}, 'E/1D/00'],
    ['None', 'none', 'none'],
  ])('may be %s', (text, expected, printed) => {
    expect(sense(text)).toEqual(expected)
    expect(printSense(sense(text))).toBe(printed)
  })

  it.each([
    ['5', '"5" is no sense code'],
    ['5/24', '"5/24" is no sense code'],
    ['15/24/00', '"15/24/00" is no sense code'],
    ['5/124/00', '"5/124/00" is no sense code'],
    ['5/24/0x', '"5/24/0x" is no sense code'],
    ['good', '"good" is no sense code'],
    ['0/00/00', 'sense key 0 is no CHECK CONDITION'],
  ])('may not be %s: %s', (text, message) => {
    expect(expectFault(() => sense(text), '2:6', message).hint).toContain('none')
  })
})

describe('the data that goes out with a CDB', () => {
  const bytes = (text: string, pattern: Pattern) => outBytes(cdb(text).bytes, pattern)
  const hex: Pattern = {kind: 'hex', bytes: Uint8Array.of(1, 2, 3)}

  it('is what the CDB announces, in blocks of 512 bytes', () => {
    expect(bytes('2a000000000000000300', hex)).toBe(3 * 512)
    expect(bytes('42000000000000001800', hex)).toBe(24)
  })

  it('is the pattern as it is where the CDB announces none', () => {
    expect(bytes('35', hex)).toBe(3)
    expect(bytes('c0', {kind: 'text', text: 'é'})).toBe(2)
  })

  it('is one sector of a pattern without length where the CDB announces none', () => {
    expect(bytes('35', {kind: 'byte', value: 1})).toBe(512)
    expect(bytes('35', {kind: 'seed', seed: 1})).toBe(512)
    expect(bytes('35', {kind: 'file', path: 'x', offsetBytes: 0})).toBe(512)
  })
})
