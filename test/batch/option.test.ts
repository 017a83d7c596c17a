import {describe, expect, it} from 'vitest'
import {OPTION_ROWS} from '../../src/batch/option.js'
import {parseBatch} from '../../src/batch/index.js'
import {REQUEST_KINDS} from '../../src/request/index.js'
import {expectFault} from './fault-expectation.js'

const parse = (text: string) => parseBatch(text, 'disk.fp')

describe('the options of a request', () => {
  const everywhere = ['barrier', 'as', 'after', 'expect']
  it.each([
    ['OUT', ['pattern', 'fua', ...everywhere]],
    ['IN', ['verify', ...everywhere]],
    ['FLUSH', everywhere],
    ['FLUSH_OUT', everywhere],
    ['GET_ID', everywhere],
    ['DISCARD', everywhere],
    ['WRITE_ZEROES', ['barrier', 'unmap', 'as', 'after', 'expect']],
  ])('for %s are %j', (name, options) => {
    const kind = REQUEST_KINDS.find((candidate) => candidate.name === name)
    expect(OPTION_ROWS.filter((row) => kind && row.fits(kind)).map((row) => row.name)).toEqual(options)
  })

  it('all fit TYPE', () => {
    const text = 'TYPE 9 0 0 pattern=0x00 verify=0x00 fua barrier unmap flags=1 as=a after=b expect=UNSUPP'
    expect(parse(text).nodes).toHaveLength(1)
  })

  it('list names after= between commas', () => {
    expect(parse('FLUSH after=a,b').nodes).toMatchObject([
      {
        options: {
          after: [
            {column: 13, text: 'a'},
            {column: 15, text: 'b'},
          ],
        },
      },
    ])
    expectFault(() => parse('FLUSH after=a,,b'), '1:15', 'a name is missing')
    expectFault(() => parse('FLUSH after=a,'), '1:15', 'a name is missing')
    expectFault(() => parse('FLUSH after=,a'), '1:13', 'a name is missing')
  })
})
