import {stripVTControlCharacters} from 'node:util'
import {describe, expect, it} from 'vitest'
import {
  byteClassOf,
  colored,
  COLOR_ROW_TEXT_MAX,
  putHexdumpRow,
  putOffset,
  putXxdRow,
  ROW_TEXT_MAX,
  type PutRow,
} from '../../src/inspect/hex-table.js'

function rowOf(put: PutRow, bytes: Uint8Array): string {
  const out = Buffer.alloc(1000)
  return out.toString('latin1', 0, put(out, 0, bytes, 0, bytes.length))
}

const HELLO = Buffer.from('hello\0\x7f\n world')

describe('a row of hex', () => {
  it.each([
    [0, '00000000'],
    [0xdeadbeef, 'deadbeef'],
    [2 ** 32, '100000000'],
    [Number.MAX_SAFE_INTEGER, '1fffffffffffff'],
  ])('has the offset %d as %s', (offset, text) => {
    const out = Buffer.alloc(20)
    expect(out.toString('latin1', 0, putOffset(out, 0, offset))).toBe(text)
  })

  it('reads as in the manuals of hexdump -C and xxd', () => {
    expect(rowOf(putHexdumpRow, HELLO)).toBe('  68 65 6c 6c 6f 00 7f 0a  20 77 6f 72 6c 64        |hello... world|\n')
    expect(rowOf(putXxdRow, HELLO)).toBe(': 6865 6c6c 6f00 7f0a 2077 6f72 6c64       hello... world\n')
  })

  it('with colours is the same text, and ends in the usual colour', () => {
    for (const [style, put] of [
      ['hexdump', putHexdumpRow],
      ['xxd', putXxdRow],
    ] as const) {
      const text = rowOf(colored(style), HELLO)
      expect(stripVTControlCharacters(text)).toBe(rowOf(put, HELLO))
      expect(text.lastIndexOf('\u001b[39m')).toBe(text.lastIndexOf('\u001b['))
    }
  })

  it('is never longer than the room that is kept for it', () => {
    const worst = Buffer.from(Uint8Array.from({length: 16}, (_, i) => (i % 2 === 0 ? 0 : 200)))
    for (const style of ['hexdump', 'xxd'] as const) {
      expect(rowOf(colored(style), worst).length + 14).toBeLessThanOrEqual(COLOR_ROW_TEXT_MAX)
    }
    expect(rowOf(putHexdumpRow, worst).length + 14).toBeLessThanOrEqual(ROW_TEXT_MAX)
  })

  it('tells bytes apart by five classes', () => {
    expect([0, 0x41, 0x20, 0x0a, 0x1b, 0x7f, 0x80].map(byteClassOf)).toEqual([0, 1, 2, 2, 3, 3, 4])
  })
})
