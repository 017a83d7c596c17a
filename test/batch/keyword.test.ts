import {describe, expect, it} from 'vitest'
import {grammarOf, keywordHint, REQUEST_GRAMMARS} from '../../src/batch/keyword.js'
import {REQUEST_KINDS, WISH_KINDS} from '../../src/request/index.js'

describe('the keywords of a batch', () => {
  it('are the commands, the wishes of a guest and TYPE; what is switched is a SET', () => {
    const names = [...REQUEST_KINDS, ...WISH_KINDS].map(({name}) => (name === 'SET_WRITEBACK' ? 'SET' : name))
    expect(REQUEST_GRAMMARS.map(({keyword}) => keyword)).toEqual([...names, 'TYPE'])
  })

  it.each([
    ['OUT', ['offset', 'length']],
    ['IN', ['offset', 'length']],
    ['DISCARD', ['offset', 'length']],
    ['WRITE_ZEROES', ['offset', 'length']],
    ['FLUSH', []],
    ['FLUSH_OUT', []],
    ['GET_ID', []],
    ['SCSI', ['CDB']],
    ['SCSI_CMD_OUT', ['CDB']],
    ['BARRIER', []],
    ['FSYNC', []],
    ['FSYNC_RANGE', ['offset', 'length']],
    ['NOTIFY', ['offset', 'length']],
    ['SET', ['setting']],
    ['TYPE', ['type', 'offset', 'length']],
  ])('%s is followed by %j', (keyword, operands) => {
    expect(grammarOf(keyword)?.operands).toEqual(operands)
  })

  it('are suggested for the words of other tools', () => {
    expect(keywordHint('trim')).toContain('Did you mean DISCARD?')
    expect(keywordHint('sync')).toContain('Did you mean FLUSH?')
    expect(keywordHint('fdatasync')).toContain('Did you mean FSYNC?')
    expect(keywordHint('sync_file_range')).toContain('Did you mean FSYNC_RANGE?')
    expect(keywordHint('set_writeback')).toContain('Did you mean SET writeback=1?')
    expect(keywordHint('scsi_cmd')).toContain('Did you mean SCSI?')
    expect(keywordHint('barier')).toContain('Did you mean BARRIER?')
    expect(keywordHint('repeet')).toContain('Did you mean REPEAT?')
    expect(keywordHint('xyzzy')).not.toContain('Did you mean')
    expect(keywordHint('xyzzy')).toContain('OUT, FLUSH')
  })
})
