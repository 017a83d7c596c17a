import fc from 'fast-check'
import {describe, expect, it} from 'vitest'

import {jsonText} from '../../src/report/index.js'
import {jsonLine} from '../../src/report/json-text.js'

const textOf = (value: unknown): string => [...jsonText(value)].join('')

describe('jsonText', () => {
  it('gives the text of JSON.stringify with two blanks of indent, whatever the value', () => {
    fc.assert(
      fc.property(fc.jsonValue({maxDepth: 7}), (value) => {
        const long = {first: value, list: [Array.from({length: 70}, () => value), {value}]}
        expect(textOf(value)).toBe(`${JSON.stringify(value, null, 2)}\n`)
        expect(textOf(long)).toBe(`${JSON.stringify(long, null, 2)}\n`)
      }),
      {seed: 20260103},
    )
  })

  it('leaves out fields JSON has no word for and writes them as null inside arrays', () => {
    const value = {a: undefined, b: [undefined, () => 1], c: Symbol('s'), d: {e: undefined}}
    const long = {...value, list: Array.from({length: 70}, () => value), nothing: Array.from({length: 70}), [`"`]: 1}
    expect(textOf(long)).toBe(`${JSON.stringify(long, null, 2)}\n`)
    expect(textOf(value)).toBe(`${JSON.stringify(value, null, 2)}\n`)
    expect(textOf(undefined)).toBe('null\n')
  })

  it('follows toJSON', () => {
    const value = {at: new Date(0), list: [new Date(0)]}
    expect(textOf(value)).toBe(`${JSON.stringify(value, null, 2)}\n`)
  })

  it('writes a bigint as a number where that is exact, else as a string of its digits', () => {
    expect(
      JSON.parse(textOf({safe: 2n ** 53n - 1n, unsafe: 2n ** 53n, deep: {a: {b: {c: {d: [-(2n ** 64n)]}}}}})),
    ).toEqual({
      safe: 9007199254740991,
      unsafe: '9007199254740992',
      deep: {a: {b: {c: {d: ['-18446744073709551616']}}}},
    })
  })

  it('comes in small pieces, so that a long list is never one string', () => {
    const requests = Array.from({length: 100_000}, (_, id) => ({id, kind: 'OUT'}))
    const lengths = [...jsonText({runs: [{requests}]})].map((piece) => piece.length)
    expect(Math.max(...lengths)).toBeLessThan(lengths.reduce((sum, length) => sum + length, 0) / 500)
  })

  it('gives the same text however large the items of a list are, and in whatever order', () => {
    const [small, large] = [{a: 1}, Array.from({length: 80}, (_, i) => ({i}))]
    const sizes = fc.array(fc.constantFrom(small, large, 7, 'x\ny', null, undefined, [], {}), {maxLength: 700})
    fc.assert(
      fc.property(sizes, (list) => {
        const value = {deep: [list, ...list]}
        expect(textOf(value)).toBe(`${JSON.stringify(value, null, 2)}\n`)
      }),
      {seed: 20261126, numRuns: 50},
    )
  })
})

describe('jsonLine', () => {
  it('writes one line', () => {
    expect(jsonLine({text: 'a\nb', bytes: 512n})).toBe('{"text":"a\\nb","bytes":512}')
  })
})
