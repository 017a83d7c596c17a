import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {parseOperand, printExpression, sizeOf} from '../../src/batch/expression.js'
import {expectFault, refusalOf} from './fault-expectation.js'
import {expressionIn, withoutPlaces} from './program-arbitrary.js'

const scope = (loops: number) => ({sourceName: 'disk.fp', line: 3, loops, piecesLeft: 1000})
const parse = (text: string, loops = 3) => parseOperand(text, 5, scope(loops))
const valueOf = (text: string, counters: readonly number[] = [7, 5, 3]) =>
  sizeOf(parse(text, counters.length), 'offset', {sourceName: 'disk.fp', line: 3, counters})

interface Sample {
  readonly text: string
  readonly value: bigint
}

/** Expressions together with what they are worth, computed beside the parser. Counters are 7, 5, 3. */
const {sum} = fc.letrec<{sum: Sample; product: Sample; atom: Sample}>((tie) => ({
  atom: fc.oneof(
    {depthSize: 'small', withCrossShrink: true},
    fc.nat().map((n) => ({text: String(n), value: BigInt(n)})),
    fc.nat({max: 0xffffff}).map((n) => ({text: `0x${n.toString(16)}`, value: BigInt(n)})),
    fc.nat({max: 999}).map((n) => ({text: `${n}M`, value: BigInt(n) * 1048576n})),
    fc.constantFrom({text: '${i}', value: 3n}, {text: '${i1}', value: 5n}, {text: '${i2}', value: 7n}),
    tie('sum').map(({text, value}) => ({text: `(${text})`, value})),
  ),
  product: fc.array(tie('atom'), {minLength: 1, maxLength: 3}).map((factors) => ({
    text: factors.map(({text}) => text).join('*'),
    value: factors.reduce((total, {value}) => total * value, 1n),
  })),
  sum: fc
    .tuple(tie('product'), fc.array(fc.tuple(fc.boolean(), tie('product')), {maxLength: 3}))
    .map(([first, rest]) => ({
      text: first.text + rest.map(([minus, {text}]) => (minus ? '-' : '+') + text).join(''),
      value: rest.reduce((total, [minus, {value}]) => (minus ? total - value : total + value), first.value),
    })),
}))

describe('arithmetic over sizes', () => {
  it.each([
    ['0', 0],
    ['513', 513],
    ['4k', 4096],
    ['4K', 4096],
    ['4KiB', 4096],
    ['4kB', 4000],
    ['1M', 1048576],
    ['1MB', 1000000],
    ['1.5k', 1536],
    ['8s', 4096],
    ['0x1f', 31],
    ['4k+512', 4608],
    ['1M-4k', 1044480],
    ['2+3*4', 14],
    ['(2+3)*4', 20],
    ['10-2-3', 5],
    ['10-(2-3)', 11],
    ['${i}*4k', 12288],
    ['${i2}*100+${i1}*10+${i0}', 753],
    ['4k-8k+8k', 4096],
    ['0*(1-2)', 0],
  ])('%s is %i bytes', (text, bytes) => {
    expect(valueOf(text)).toBe(bytes)
  })

  it('is exact: it gives what unlimited integers give, or refuses what no size can be', () => {
    let given = 0
    fc.assert(
      fc.property(sum, ({text, value}) => {
        let found: number | undefined
        const error = refusalOf(() => (found = valueOf(text)))
        const isSize = value >= 0n && value < 2n ** 64n
        expect({found, refused: error?.message.startsWith('disk.fp:3:5: offset ')}).toEqual({
          found: isSize ? Number(value) : undefined,
          refused: isSize ? undefined : true,
        })
        if (isSize) given++
      }),
      {seed: 20110412, numRuns: 1000},
    )
    expect(given).toBeGreaterThan(100)
  })

  it('stays exact where plain numbers are not', () => {
    expect(valueOf('9007199254740993-9007199254740992')).toBe(1)
    expect(valueOf('4294967297*4294967297-0x200000002')).toBe(2 ** 64)
    expectFault(() => valueOf('4294967296*4294967296'), '3:5', 'offset is 18446744073709551616')
    expectFault(() => valueOf('0-1'), '3:5', 'offset is -1 (with ${i} = 3, ${i1} = 5, ${i2} = 7)')
    expectFault(() => valueOf('8E*8E*8E-8E*8E*8E'), '3:5', 'offset overflows')
  })

  it('prints to text that parses to the same expression', () => {
    fc.assert(
      fc.property(expressionIn(3, 3), (expression) => {
        expect(withoutPlaces(parse(printExpression(expression)))).toEqual({column: 1, expression})
      }),
      {seed: 20110412, numRuns: 500},
    )
  })

  it.each([
    ['4q', '3:5', '"4q" is not a size'],
    ['1.5', '3:5', 'not a whole number of bytes'],
    ['0.3k', '3:5', 'not a whole number of bytes'],
    ['1e9', '3:5', '"1e9" is not a size'],
    ['0x', '3:5', '"0x" is not a size'],
    ['16E', '3:5', 'too large'],
    ['0x10000000000000000', '3:5', 'too large'],
    ['9'.repeat(65), '3:5', 'is not a size'],
    ['-4k', '3:5', 'expected a size, found "-4k"'],
    ['4k+', '3:8', 'expected a size, found nothing'],
    ['4k++1', '3:8', 'expected a size, found "+1"'],
    ['4k*4q', '3:8', '"4q" is not a size'],
    ['4k)', '3:7', 'expected an operator, found ")"'],
    ['4k/2', '3:7', 'expected an operator, found "/2"'],
    ['1+(4k', '3:7', 'this "(" is never closed'],
    ['(1 2', '3:7', 'expected an operator or ")"'],
    ['()', '3:6', 'expected a size, found ")"'],
    ['1+${j}', '3:7', 'expected ${i}, ${i1}'],
    ['${i3}', '3:5', '${i3} has no REPEAT to count'],
    [`${'('.repeat(33)}1`, '3:37', 'more than 32 parentheses'],
  ])('refuses %j at %s: %s', (text, at, message) => {
    expectFault(() => parse(text), at, message)
  })

  it('takes parentheses side by side without limit', () => {
    expect(valueOf(Array.from({length: 100}, () => '(1+1)').join('+'))).toBe(200)
  })
})
