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

  it('writes wishes and SCSI commands as they are read', () => {
    const text = [
      'fsync_range 0 4k BARRIER all Sync',
      'FSYNC_RANGE 0 4k data sync',
      'fsync_range 0 4k Barrier=After',
      'notify 4096 1k after=a',
      'set WriteBack=0 as=off',
      'scsi 0X2A_08_00000000_00_0001_00 sense=5/0/a OUT=0xA in=0x200',
      'scsi_cmd_out 00 sense=NONE',
      'out 0 1k depends=a,b after=c barrier=before preflush',
      'fsync',
      'barrier',
    ].join('\n')
    expect(printBatch(parseBatch(text, 'x'))).toBe(
      [
        'FSYNC_RANGE 0 4k sync all barrier',
        'FSYNC_RANGE 0 4k sync data',
        'FSYNC_RANGE 0 4k barrier=after',
        'NOTIFY 4k 1k after=a',
        'SET writeback=0 as=off',
        'SCSI 2a080000000000000100 in=512 out=0x0a sense=5/00/0A',
        'SCSI_CMD_OUT 00 sense=none',
        'OUT 0 1k preflush barrier=before after=c depends=a,b',
        'FSYNC',
        'BARRIER',
        '',
      ].join('\n'),
    )
  })

  it('gives no text for a program without statements', () => {
    expect(printBatch(parseBatch('# only a comment', 'x'))).toBe('')
  })
})
