import {describe, expect, it} from 'vitest'

import {
  kindIndex,
  kindOfType,
  REQUEST_KINDS,
  TYPE_BARRIER_BIT,
  WISH_KINDS,
  type RequestName,
} from '../../src/request/index.js'

/** Semantics 1.1, the types this device executes: number, name, what it carries, does it change the image, does it flush. */
const ROWS: readonly (readonly [number, RequestName, operands: string, writes: boolean, flushes: boolean])[] = [
  [0, 'IN', 'data', false, false],
  [1, 'OUT', 'data', true, false],
  [2, 'SCSI', 'cdb', false, false],
  [3, 'SCSI_CMD_OUT', 'cdb', false, false],
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
    const types = REQUEST_KINDS.map(({type}) => type).toSorted((a, b) => a - b)
    expect(types).toEqual(ROWS.map(([type]) => type))
  })

  it.each([6, 7, 9, 10, 12, 14, 15, 16, 17, 26, 0x7fffffff, -1, 0.5])('does not know %d', (type) => {
    expect(kindOfType(type)).toBeUndefined()
  })

  it('compares whole numbers: the BARRIER bit is masked off first, it is not part of any type', () => {
    expect(TYPE_BARRIER_BIT).toBe(0x80000000)
    expect(REQUEST_KINDS.every(({type}) => type < TYPE_BARRIER_BIT)).toBe(true)
  })

  it('keeps the wishes of a guest where no number on the wire can reach: it has 31 bits beside the BARRIER bit', () => {
    expect(WISH_KINDS.every(({type}) => type >= TYPE_BARRIER_BIT)).toBe(true)
    expect(WISH_KINDS.filter(({writes, flushes}) => writes || flushes)).toEqual([])
  })

  it('gives each kind an index of its own', () => {
    const indices = [...REQUEST_KINDS, ...WISH_KINDS].map(({type}) => kindIndex(type))
    expect(new Set(indices).size).toBe(indices.length)
    expect(indices).not.toContain(kindIndex(0x7fffffff))
  })

  it('treats FLUSH_OUT as FLUSH in everything but name and number', () => {
    const facts = (type: number) => ({...kindOfType(type), name: '', type: 0, source: ''})
    expect(facts(5)).toEqual(facts(4))
  })
})
