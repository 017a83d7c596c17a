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
    ['IN 0 4k preflush', '1:9', 'IN takes no preflush'],
    ['FLUSH preflush', '1:7', 'FLUSH takes no preflush'],
    ['OUT 0 4k preflush=1', '1:10', 'preflush takes no value'],
    ['IN 0 4k depends=a', '1:9', 'IN takes no depends='],
    ['FLUSH depends=a', '1:7', 'FLUSH takes no depends='],
    ['OUT 0 4k depends', '1:10', 'depends needs a value: depends=...'],
    ['OUT 0 4k depends=', '1:18', 'depends= has no value'],
    ['OUT 0 4k barrier=left', '1:18', '"left" is no side of a barrier'],
    ['OUT 0 4k barrier=', '1:18', 'barrier= has no value'],
    ['OUT 0 4k barrier barrier=after', '1:18', 'barrier is given twice'],
    ['FLUSH barrier=before', '1:7', 'barrier takes no value'],
    ['BARRIER barrier', '1:9', 'BARRIER takes no barrier'],
    ['BARRIER 0 4k', '1:9', '"0" does not belong to BARRIER'],
    ['FSYNC fua', '1:7', 'FSYNC takes no fua'],
    ['FSYNC 0 4k', '1:7', '"0" does not belong to FSYNC'],
    ['FSYNC_RANGE', '1:12', 'FSYNC_RANGE needs an offset'],
    ['FSYNC_RANGE 0 sync', '1:15', 'FSYNC_RANGE needs a length before "sync"'],
    ['FSYNC_RANGE 0 4k', '1:17', 'FSYNC_RANGE needs sync or barrier'],
    ['FSYNC_RANGE 0 4k sync=1', '1:18', 'sync takes no value'],
    ['FSYNC_RANGE 0 4k sync sync', '1:23', 'sync is given twice'],
    ['OUT 0 4k sync', '1:10', 'OUT takes no sync'],
    ['NOTIFY 0', '1:9', 'NOTIFY needs a length'],
    ['NOTIFY 0 4k sync', '1:13', 'NOTIFY takes no sync'],
    ['NOTIFY 0 4k barrier=after', '1:13', 'NOTIFY takes no barrier'],
    ['SET', '1:4', 'SET needs a setting'],
    ['SET fua=1', '1:5', '"fua" is nothing a guest can set'],
    ['SET writeback', '1:14', 'writeback needs a value'],
    ['SET writeback=2', '1:15', '"2" is neither 0 nor 1'],
    ['SET writeback=1 barrier', '1:17', 'SET takes no barrier'],
    ['SCSI', '1:5', 'SCSI needs a CDB'],
    ['SCSI in=512', '1:6', 'SCSI needs a CDB before "in=512"'],
    ['SCSI 35 00', '1:9', '"00" does not belong to SCSI'],
    ['SCSI 3g', '1:7', '"g" is not a hex digit'],
    ['SCSI 350', '1:8', 'half a byte'],
    ['SCSI 12 in=4q', '1:12', '"4q" is not a size'],
    ['SCSI 12 out=9', '1:13', '"9" is not a pattern'],
    ['SCSI 12 sense=GOOD', '1:15', '"GOOD" is no sense code'],
    ['SCSI 12 pattern=0xaa', '1:9', 'SCSI takes no pattern='],
    ['SCSI_CMD_OUT 12 fua', '1:17', 'SCSI_CMD_OUT takes no fua'],
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

  it('says what to write where the words do not tell', () => {
    expect(expectFault(() => parse('SET'), '1:4', 'SET needs').hint).toBe('Write SET writeback=0 or SET writeback=1.')
    expect(expectFault(() => parse('SET x=1'), '1:5', '"x"').hint).toBe('Write SET writeback=0 or SET writeback=1.')
    expect(expectFault(() => parse('SCSI'), '1:5', 'SCSI needs').hint).toContain('one word of hex digits')
    expect(expectFault(() => parse('SCSI 35 00'), '1:9', '"00"').hint).toContain('without blanks')
    expect(expectFault(() => parse('OUT 0 1 barrier=x'), '1:17', '"x"').hint).toContain('barrier=before')
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
      ...[
        'FSYNC_RANGE',
        'NOTIFY',
        'SET',
        'SCSI',
        'BARRIER',
        'writeback=1',
        'sync',
        'depends=a',
        'barrier=after',
        'in=1',
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
