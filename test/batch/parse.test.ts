import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {parseBatch, printBatch, resolveBatch} from '../../src/batch/index.js'
import {expectFault, refusalOf} from './fault-expectation.js'
import {anyProgram} from './program-arbitrary.js'

const parse = (text: string) => parseBatch(text, 'disk.fp')

describe('parsing a batch', () => {
  it('remembers line and column of every statement and operand', () => {
    const {nodes} = parse('\n  OUT 4k 512 as=a # first\n\tFLUSH')
    expect(nodes).toMatchObject([
      {
        kind: 'request',
        keyword: 'OUT',
        line: 2,
        column: 3,
        offset: {column: 7, expression: {kind: 'number', value: 4096}},
        length: {column: 10, expression: {kind: 'number', value: 512}},
        options: {as: {column: 17, text: 'a'}},
      },
      {kind: 'request', keyword: 'FLUSH', line: 3, column: 2},
    ])
  })

  it('takes keywords and options in any case, and LF or CR LF line ends', () => {
    expect(parse('oUt 0 512 FUA Barrier\r\nwait\r\n')).toEqual(parse('OUT 0 512 fua barrier\nWAIT\n'))
  })

  it('takes # as a comment only at the start of a word', () => {
    expect(parse('FLUSH # as=x').nodes).toMatchObject([{options: {as: undefined}}])
    expect(parse('#FLUSH\n').nodes).toEqual([])
    expectFault(() => parse('OUT 0 4k#x'), '1:9', '#x')
  })

  const wrong: readonly (readonly [text: string, at: string, message: string])[] = [
    ['OUT 0 4k\nFLUSHH', '2:1', '"FLUSHH" is not a keyword'],
    ['OUT', '1:4', 'OUT needs an offset'],
    ['OUT 0', '1:6', 'OUT needs a length'],
    ['OUT 0   # no length', '1:6', 'OUT needs a length'],
    ['OUT 0 pattern=0xaa', '1:7', 'OUT needs a length before "pattern=0xaa"'],
    ['OUT fua', '1:5', 'OUT needs an offset before "fua"'],
    ['TYPE', '1:5', 'TYPE needs a type'],
    ['TYPE 1 0', '1:9', 'TYPE needs a length'],
    ['  OUT 0 4k 8k', '1:12', '"8k" does not belong to OUT'],
    ['FLUSH 0', '1:7', '"0" does not belong to FLUSH'],
    ['OUT 0 4k colour=red', '1:10', '"colour=red" does not belong to OUT'],
    ['OUT 0 4k fua FUA', '1:14', 'fua is given twice'],
    ['OUT 0 4k as=a as=b', '1:15', 'as= is given twice'],
    ['IN 0 4k fua', '1:9', 'IN takes no fua'],
    ['IN 0 4k pattern=0xaa', '1:9', 'IN takes no pattern='],
    ['OUT 0 4k verify=0xaa', '1:10', 'OUT takes no verify='],
    ['FLUSH fua', '1:7', 'FLUSH takes no fua'],
    ['DISCARD 0 4k unmap', '1:14', 'DISCARD takes no unmap'],
    ['WRITE_ZEROES 0 4k flags=1', '1:19', 'WRITE_ZEROES takes no flags='],
    ['GET_ID verify=0x00', '1:8', 'GET_ID takes no verify='],
    ['OUT 0 4k fua=1', '1:10', 'fua takes no value'],
    ['OUT 0 4k as', '1:10', 'as needs a value'],
    ['OUT 0 4k as=', '1:13', 'as= has no value'],
    ['OUT 0 4k expect=GOOD', '1:17', '"GOOD" is not a status'],
    ['WAIT 3', '1:6', '"3" is one word too many after WAIT'],
    ['MARK', '1:5', 'MARK needs a name'],
    ['MARK a b', '1:8', '"b" is one word too many after MARK'],
    ['MARK as=b', '1:6', 'MARK needs a name before "as=b"'],
    ['FLUSH\n END', '2:2', 'END without REPEAT'],
    ['REPEAT 2\nFLUSH\nEND\nEND', '4:1', 'END without REPEAT'],
    ['FLUSH\nREPEAT 2\nFLUSH', '2:1', 'REPEAT without END'],
    ['REPEAT 2\n REPEAT 3\nFLUSH\nEND', '1:1', 'REPEAT without END'],
    ['REPEAT 2\n# nothing\nEND', '1:1', 'REPEAT has nothing to repeat'],
    ['REPEAT', '1:7', 'REPEAT needs a count'],
    ['REPEAT 2 3', '1:10', '"3" is one word too many after REPEAT'],
    ['REPEAT 2\nFLUSH\nEND 2', '3:5', '"2" is one word too many after END'],
    ['OUT 0 4k pattern=text:"open', '1:23', 'this quote is never closed'],
  ]
  it.each(wrong)('refuses %j at %s: %s', (text, at, message) => {
    expectFault(() => parse(text), at, message)
  })

  it('finds an error in line 900 of 1000', () => {
    const lines = Array.from({length: 1000}, (_, i) => `OUT ${i}*4k 4k`)
    lines[899] = 'OUT 899*4k 4q'
    expectFault(() => parse(lines.join('\n')), '900:12', '"4q" is not a size')
  })

  it('suggests the keyword or option that was meant', () => {
    expect(expectFault(() => parse('FLSUH'), '1:1', 'FLSUH').hint).toContain('Did you mean FLUSH?')
    expect(expectFault(() => parse('write 0 4k'), '1:1', 'write').hint).toContain('Did you mean OUT?')
    expect(expectFault(() => parse('OUT 0 4k patern=0xaa'), '1:10', 'patern').hint).toContain('Did you mean pattern?')
  })

  it('never fails with anything but a usage error that points into the text', () => {
    const edit = fc.tuple(fc.nat(), fc.nat({max: 4}), fc.string({unit: 'binary', maxLength: 3}))
    const mutated = fc.tuple(anyProgram, fc.array(edit, {minLength: 1, maxLength: 6})).map(([program, edits]) => {
      let text = printBatch(program)
      for (const [position, removed, added] of edits) {
        const at = position % (text.length + 1)
        text = text.slice(0, at) + added + text.slice(at + removed)
      }
      return text
    })
    let refused = 0
    fc.assert(
      fc.property(fc.oneof(mutated, fc.string({unit: 'binary', maxLength: 200})), (text) => {
        const error = refusalOf(() => parseBatch(text, 'disk.fp'))
        if (!error) return
        refused++
        const {line = 0, column = 0} = error.context
        const width = text.split('\n')[line - 1]?.length ?? -1
        const inside = column >= 1 && column <= width + 1
        expect(inside).toBe(true)
        expect(error.message.startsWith(`disk.fp:${line}:${column}: `)).toBe(true)
      }),
      {seed: 20110412, numRuns: 1500},
    )
    expect(refused).toBeGreaterThan(300)
  })

  it('never lets words of the language in any order cause anything but a usage error', () => {
    let resolved = 0
    const word = fc.constantFrom(
      ...[
        'OUT',
        'IN',
        'FLUSH',
        'TYPE',
        'REPEAT',
        'END',
        'WAIT',
        'MARK',
        '0',
        '4k',
        '1+1',
        '${i}',
        '2',
        'as=a',
        'as=w${i}',
      ],
      ...['after=a', 'after=b,a', 'fua', 'barrier', 'pattern=0xaa', 'verify=seed:${i}', 'm', '\n', '\n', '\n', '#'],
    )
    fc.assert(
      fc.property(fc.array(word, {maxLength: 30}), (words) => {
        const error = refusalOf(() => resolveBatch(parseBatch(words.join(' '), 'disk.fp'), 'disk.fp'))
        if (!error) resolved++
      }),
      {seed: 20110412, numRuns: 3000},
    )
    expect(resolved).toBeGreaterThan(0)
  })
})
