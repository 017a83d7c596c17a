import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {parseBatch, printBatch} from '../../src/batch/index.js'
import {anyProgram, withoutPlaces} from './program-arbitrary.js'

describe('printing a batch', () => {
  it('gives text that parses to the same program, whatever the program', () => {
    fc.assert(
      fc.property(anyProgram, (program) => {
        const text = printBatch(program)
        const again = parseBatch(text, 'printed')
        expect(withoutPlaces(again)).toEqual(program)
        // Canonical text is a fixed point, places included.
        expect(parseBatch(printBatch(again), 'printed')).toEqual(again)
      }),
      {seed: 20110412, numRuns: 500},
    )
  })

  it('puts keywords into capitals, options into order, and indents what is repeated', () => {
    const text = [
      '# a comment',
      'out 0x1000 8s  As=a  FUA pattern=TEXT:"a#b \\"c\\""   # more',
      '',
      'repeat 2',
      ' repeat 3',
      'in (${i1}+1)*4096+(512) 4KiB verify=seed:${i0}+7 after=a,a',
      'end',
      'MARK m${i}',
      'END',
      'type 0x80000001 0 512 flags=2 expect=ioerr',
    ].join('\r\n')
    expect(printBatch(parseBatch(text, 'x'))).toBe(
      [
        'OUT 4k 4k pattern=text:"a#b \\"c\\"" fua as=a',
        'REPEAT 2',
        '  REPEAT 3',
        '    IN (${i1}+1)*4k+512 4k verify=seed:${i}+7 after=a,a',
        '  END',
        '  MARK m${i}',
        'END',
        'TYPE 2147483649 0 512 flags=2 expect=IOERR',
        '',
      ].join('\n'),
    )
  })

  it('gives no text for a program without statements', () => {
    expect(printBatch(parseBatch('# only a comment', 'x'))).toBe('')
  })
})
