import {describe, expect, it} from 'vitest'
import {matchAlignmentOf, toNextPlace} from '../../src/inspect/match-alignment.js'

describe('where matches may begin', () => {
  it.each([
    ['1', [0, 1, 2, 3, 4, 5, 6, 7, 8]],
    ['4', [0, 4, 8]],
    ['4+0', [0, 4, 8]],
    ['4+3', [3, 7]],
    ['0x8+1', [1]],
  ])('"%s" is at all multiples, or at one byte of each', (text, places) => {
    const alignment = matchAlignmentOf(text)
    const offsets = Array.from({length: 9}, (_, i) => i)
    expect(offsets.filter((offset) => toNextPlace(offset, alignment) === 0)).toEqual(places)
    const last = places.at(-1) ?? 0
    for (const offset of offsets.filter((each) => each <= last)) {
      expect(offset + toNextPlace(offset, alignment)).toBe(places.find((place) => place >= offset))
    }
  })

  it('takes sizes on both sides', () => {
    expect(matchAlignmentOf('1s+510')).toEqual({unitBytes: 512, phaseBytes: 510})
    expect(matchAlignmentOf('1M+4k')).toEqual({unitBytes: 2 ** 20, phaseBytes: 4096})
  })

  it.each([
    ['0', 'E_ALIGN'],
    ['16E', 'E_SIZE'],
    ['8E', 'E_ALIGN'],
    ['512+512', 'E_ALIGN'],
    ['512+', 'E_SIZE'],
    ['+4', 'E_SIZE'],
    ['512+1+1', 'E_SIZE'],
    ['p2', 'E_SIZE'],
  ])('"%s" is refused with %s', (text, code) => {
    expect(() => matchAlignmentOf(text)).toThrow(expect.objectContaining({kind: 'usage', code}))
  })
})
