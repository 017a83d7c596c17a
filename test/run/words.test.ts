import {describe, expect, it} from 'vitest'
import {CRASH_KINDS} from '../../src/durability/index.js'
import type {RequestOutcome} from '../../src/run/result.js'
import {
  FAILURES,
  flagNames,
  flushText,
  holdsText,
  requestsAtRisk,
  requestText,
  riskText,
  stableText,
  statusText,
} from '../../src/run/words.js'
import {guestWith, runLines, statementsOf, type Changes} from './batch-run.js'

function requestOf(line: string): RequestOutcome['request'] {
  const [statement] = statementsOf([line])
  if (statement?.kind !== 'request') throw new Error(`${line} is no request`)
  return statement.request
}

async function outcomesOf(lines: readonly string[], changes: Changes = {}): Promise<RequestOutcome[]> {
  return [...(await runLines(lines, changes)).outcomes]
}

it('the failures are those the ledger knows, mildest first', () => {
  expect(FAILURES.map(({kind}) => kind)).toEqual(CRASH_KINDS)
})

describe('a request', () => {
  it.each([
    ['out 0x1000 8s fua barrier', 'OUT 4k 4k FUA BARRIER'],
    ['IN 513 1', 'IN 513 1'],
    ['FLUSH barrier', 'FLUSH BARRIER'],
    ['GET_ID', 'GET_ID'],
    ['DISCARD 1M 64k', 'DISCARD 1M 64k'],
    ['WRITE_ZEROES 0 4k unmap', 'WRITE_ZEROES 0 4k UNMAP'],
    ['TYPE 0x80000001 0 512', 'OUT 0 512 BARRIER_BIT'],
    ['TYPE 99 4k 512', 'TYPE 99 4k 512'],
    ['TYPE 13 0 512 flags=7', 'WRITE_ZEROES 0 512 UNMAP SEGMENT_FLAGS=0x6'],
    ['SET writeback=1', 'SET writeback=1'],
    ['SCSI 25_00_00000000_0000_00_00 in=8', 'SCSI 25000000000000000000'],
    ['FSYNC_RANGE 0 4k sync', 'FSYNC_RANGE 0 4k SYNC'],
    ['FSYNC', 'FSYNC'],
    ['BARRIER', 'BARRIER'],
  ])('%s is told as %s', (line, text) => {
    expect(requestText(requestOf(line))).toBe(text)
  })

  it('names no flag when it carries none', () => {
    expect(flagNames(requestOf('OUT 0 512'))).toEqual([])
  })
})

describe('a status', () => {
  it('carries the errno, that it was expected, and that the data differs', async () => {
    const [ok, refused, expected, differs] = await outcomesOf([
      'OUT 0 512 expect=OK',
      'OUT 0 100',
      'TYPE 99 0 0 expect=UNSUPP',
      'IN 0 512 verify=0xaa',
    ])
    expect([ok, refused, expected, differs].map((outcome) => outcome && statusText(outcome))).toEqual([
      'OK',
      'IOERR: not whole 512-byte sectors',
      'UNSUPP, as expected: the device has no request type 99',
      'OK, data differs',
    ])
    expect(refused && statusText({...refused, errno: 28, reason: undefined})).toBe('IOERR (ENOSPC)')
  })
})

describe('the status of a SCSI command', () => {
  it('names the command and how it ended', async () => {
    const lines = ['SCSI 00_0000000000', 'SCSI c0_0000000000 sense=5/20/00']
    expect((await outcomesOf(lines, {guest: guestWith('scsi')})).map(statusText)).toEqual([
      'OK, TEST UNIT READY: GOOD',
      'OK, unknown command: CHECK CONDITION 5/20/00 (invalid command operation code)',
    ])
  })
})

describe('since when data is stable', () => {
  const told = async (lines: readonly string[], changes: Changes = {}): Promise<string[]> =>
    (await outcomesOf(lines, changes)).map(stableText)

  it('is its completion, a later FLUSH by number, or a reason that names requests', async () => {
    expect(await told(['OUT 0 512', 'FLUSH', 'OUT 0 512 fua', 'OUT 4k 512'])).toEqual([
      'FLUSH #2',
      '-',
      'its completion (FUA)',
      'not stable: no FLUSH was submitted after #4 completed',
    ])
    expect(await told(['OUT 0 512'], {mode: 'writethrough'})).toEqual(['its completion'])
  })

  it('is told of a flushing barrier as of a FLUSH, of an earlier write and of its own', async () => {
    expect(await told(['OUT 0 512', 'OUT 1k 512 barrier'], {ordering: 'drain-fua'})).toEqual([
      'OUT #2',
      'its completion (BARRIER)',
    ])
  })

  it('is told of a write cache that is off as such, and of the request that switched it off', async () => {
    const lines = ['OUT 0 512', 'SET writeback=0', 'OUT 1k 512']
    expect(await told(lines, {guest: guestWith('ide')})).toEqual([
      'SET writeback=0 #2',
      '-',
      'its completion (write cache off)',
    ])
  })

  it('is told of a SCSI command that is stable by itself without guessing by what', async () => {
    const write = 'SCSI 2a_08_00000010_00_0001_00 out=0xaa'
    expect(await told([write], {guest: guestWith('scsi')})).toEqual(['its completion (FUA, or write cache off)'])
    expect(await told([`${write} sense=7/27/00`], {guest: guestWith('scsi'), readOnly: true})).toEqual(['-'])
  })

  it('is no question for what writes nothing, or was never tried', async () => {
    expect(await told(['IN 0 512', 'GET_ID', 'FLUSH', 'TYPE 99 0 0', 'DISCARD 0 512'])).toEqual([
      ...['-', '-', '-', '-'],
      'not stable: no FLUSH was submitted after #5 completed',
    ])
    expect(await told(['OUT 0 100 as=a', 'OUT 0 512 after=a'])).toEqual(['-', '-'])
  })
})

describe('a risk', () => {
  it('is told in bytes and ranges, and names each request once', () => {
    const one = {offsetBytes: 0, lengthBytes: 512, requests: [3, 7]}
    const other = {offsetBytes: 4096, lengthBytes: 1536, requests: [2, 3]}
    expect(riskText({bytes: 0, ranges: []})).toBe('nothing')
    expect(riskText({bytes: 512, ranges: [one]})).toBe('512 bytes in 1 range')
    expect(riskText({bytes: 2048, ranges: [one, other]})).toBe('2 KiB in 2 ranges')
    expect(requestsAtRisk({bytes: 2048, ranges: [one, other]})).toEqual([2, 3, 7])
  })
})

it('flushes are counted, and those that were not sent', () => {
  const sent = {reads: 0, writes: 0, flushes: 3, flushesNotSent: 0}
  expect(flushText(sent)).toBe('3')
  expect(flushText({...sent, flushes: 0, flushesNotSent: 2})).toBe('0 (2 wished for and not sent)')
})

it('a guarantee holds, does not, or is assumed', () => {
  expect([true, false, 'assumed' as const].map(holdsText)).toEqual(['yes', 'no', 'assumed'])
})
