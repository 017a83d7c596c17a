import {describe, expect, it} from 'vitest'
import {grammarOf, keywordHint, REQUEST_GRAMMARS} from '../../src/batch/keyword.js'
import {REQUEST_KINDS} from '../../src/request/index.js'

describe('the keywords of a batch', () => {
  it('are the request kinds and TYPE', () => {
    expect(REQUEST_GRAMMARS.map(({keyword}) => keyword)).toEqual([...REQUEST_KINDS.map(({name}) => name), 'TYPE'])
  })

  it.each([
    ['OUT', ['offset', 'length']],
    ['IN', ['offset', 'length']],
    ['DISCARD', ['offset', 'length']],
    ['WRITE_ZEROES', ['offset', 'length']],
    ['FLUSH', []],
    ['FLUSH_OUT', []],
    ['GET_ID', []],
    ['TYPE', ['type', 'offset', 'length']],
  ])('%s is followed by %j', (keyword, operands) => {
    expect(grammarOf(keyword)?.operands).toEqual(operands)
  })

  it('are suggested for the words of other tools', () => {
    expect(keywordHint('trim')).toContain('Did you mean DISCARD?')
    expect(keywordHint('repeet')).toContain('Did you mean REPEAT?')
    expect(keywordHint('xyzzy')).not.toContain('Did you mean')
    expect(keywordHint('xyzzy')).toContain('OUT, FLUSH')
  })
})
