import {describe, expect, it} from 'vitest'
import {OPTION_ROWS} from '../../src/batch/option.js'
import {parseBatch} from '../../src/batch/index.js'
import {REQUEST_KINDS, WISH_KINDS} from '../../src/request/index.js'
import {expectFault} from './fault-expectation.js'

const parse = (text: string) => parseBatch(text, 'disk.fp')

describe('the options of a request', () => {
  const everywhere = ['as', 'after', 'expect']
  const writing = ['as', 'after', 'depends', 'expect']
  it.each([
    ['OUT', ['pattern', 'fua', 'preflush', 'barrier', ...writing]],
    ['IN', ['verify', 'barrier', ...everywhere]],
    ['FLUSH', ['barrier', ...everywhere]],
    ['FLUSH_OUT', ['barrier', ...everywhere]],
    ['GET_ID', ['barrier', ...everywhere]],
    ['DISCARD', ['preflush', 'barrier', ...writing]],
    ['WRITE_ZEROES', ['preflush', 'barrier', 'unmap', ...writing]],
    ['SCSI', ['in', 'out', 'sense', ...everywhere]],
    ['SCSI_CMD_OUT', ['in', 'out', 'sense', ...everywhere]],
    ['BARRIER', everywhere],
    ['FSYNC', everywhere],
    ['FSYNC_RANGE', ['sync', 'data', 'all', 'barrier', ...everywhere]],
    ['NOTIFY', everywhere],
    ['SET_WRITEBACK', everywhere],
  ])('for %s are %j', (name, options) => {
    const kind = [...REQUEST_KINDS, ...WISH_KINDS].find((candidate) => candidate.name === name)
    expect(OPTION_ROWS.filter((row) => kind && row.fits(kind)).map((row) => row.name)).toEqual(options)
  })

  it('of every command fit TYPE, but for those of a CDB, which it cannot send', () => {
    const text =
      'TYPE 9 0 0 pattern=0x00 verify=0x00 fua preflush barrier=before unmap flags=1 as=a after=b depends=c expect=UNSUPP'
    expect(parse(text).nodes).toHaveLength(1)
    for (const option of ['in=512', 'out=0x00', 'sense=none', 'sync', 'data', 'all']) {
      expectFault(() => parse(`TYPE 9 0 0 ${option}`), '1:12', `TYPE takes no ${option.replace(/=.*/, '=')}`)
    }
  })

  it('say on which side a barrier stands where there is something to stand beside', () => {
    const sided = (text: string) =>
      expect(parse(text).nodes, text).toMatchObject([{options: {barrier: {side: 'before'}}}])
    sided('OUT 0 512 barrier=before')
    sided('IN 0 512 barrier=BEFORE')
    sided('DISCARD 0 512 barrier=before')
    sided('WRITE_ZEROES 0 512 barrier=before')
    sided('FSYNC_RANGE 0 512 barrier=before')
    for (const keyword of ['FLUSH', 'FLUSH_OUT', 'GET_ID']) {
      const error = expectFault(
        () => parse(`${keyword} barrier=after`),
        `1:${keyword.length + 2}`,
        'barrier takes no value',
      )
      expect(error.hint).toContain('no data and no range')
    }
  })

  it('say what a sync of a range is to do', () => {
    const hint = (text: string, at: string, message: string) => expectFault(() => parse(text), at, message).hint
    expect(hint('FSYNC_RANGE 0 4k', '1:17', 'FSYNC_RANGE needs sync or barrier')).toContain('barrier=before')
    expect(hint('FSYNC_RANGE 0 4k as=a  # why', '1:22', 'FSYNC_RANGE needs sync or barrier')).toContain('sync makes')
    expect(hint('FSYNC_RANGE 0 4k barrier all', '1:26', 'all has no meaning without sync')).toContain('Add sync')
    expect(hint('FSYNC_RANGE 0 4k data', '1:18', 'data has no meaning without sync')).toContain('Add sync')
    expect(hint('FSYNC_RANGE 0 4k data sync all', '1:28', 'data and all exclude each other')).toContain('the default')
    expect(hint('FSYNC_RANGE 0 4k all sync data', '1:27', 'all and data exclude each other')).toContain('the default')
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
    expectFault(() => parse('OUT 0 4k depends=a,'), '1:20', 'a name is missing')
  })
})
