import {describe, expect, it} from 'vitest'

import {kindOfType, REQUEST_KINDS, TYPE_BARRIER_BIT, type RequestName} from '../../src/request/index.js'

/** Semantics 1.1, the types this device executes: number, name, what it carries, does it change the image, does it flush. */
const ROWS: readonly (readonly [number, RequestName, operands: string, writes: boolean, flushes: boolean])[] = [
  [0, 'IN', 'data', false, false],
  [1, 'OUT', 'data', true, false],
  [4, 'FLUSH', 'none', false, true],
  [5, 'FLUSH_OUT', 'none', false, true],
  [8, 'GET_ID', 'id', false, false],
  [11, 'DISCARD', 'segment', true, false],
  [13, 'WRITE_ZEROES', 'segment', true, false],
]

describe('the type table', () => {
  it.each(ROWS)('type %i is %s', (type, name, operands, writes, flushes) => {
    expect(kindOfType(type)).toMatchObject({type, name, operands, writes, flushes})
  })

  it('holds nothing else', () => {
    expect(REQUEST_KINDS.map(({type}) => type)).toEqual(ROWS.map(([type]) => type))
  })

  it.each([2, 3, 6, 7, 9, 10, 12, 14, 15, 16, 17, 26, 0x7fffffff, -1, 0.5])('does not know %d', (type) => {
    expect(kindOfType(type)).toBeUndefined()
  })

  it('compares whole numbers: the BARRIER bit is masked off first, it is not part of any type', () => {
    expect(kindOfType(TYPE_BARRIER_BIT + 1)).toBeUndefined()
    expect(TYPE_BARRIER_BIT).toBe(0x80000000)
  })

  it('treats FLUSH_OUT as FLUSH in everything but name and number', () => {
    const facts = (type: number) => ({...kindOfType(type), name: '', type: 0, source: ''})
    expect(facts(5)).toEqual(facts(4))
  })
})
