import {describe, expect, it} from 'vitest'
import {parseBatch, resolveBatch} from '../../src/batch/index.js'
import {
  FLAG_BARRIER,
  FLAG_BARRIER_BIT,
  FLAG_FUA,
  FLAG_ON,
  FLAG_PREFLUSH,
  FLAG_UNMAP,
  OPERAND_FLAGS_SHIFT,
  RANGE_AFTER,
  RANGE_ALL,
  RANGE_BEFORE,
  RANGE_SYNC,
} from '../../src/request/index.js'
import {expectFault} from './fault-expectation.js'

/** The flags of the requests of a batch. */
const flagsOf = (text: string) =>
  resolveBatch(parseBatch(text, 'disk.fp'), 'disk.fp').flatMap((it) =>
    it.kind === 'request' ? [it.request.flags] : [],
  )

describe('the flags of a request', () => {
  it.each([
    ['OUT 0 512 fua', FLAG_FUA],
    ['OUT 0 512 barrier fua', FLAG_FUA | FLAG_BARRIER],
    ['FLUSH barrier', FLAG_BARRIER],
    ['GET_ID barrier', FLAG_BARRIER],
    ['OUT 0 512 preflush', FLAG_PREFLUSH],
    ['OUT 0 512 preflush barrier fua', FLAG_PREFLUSH | FLAG_BARRIER | FLAG_FUA],
    ['DISCARD 0 512 preflush', FLAG_PREFLUSH],
    ['WRITE_ZEROES 0 512 preflush unmap', FLAG_PREFLUSH | FLAG_UNMAP],
    ['WRITE_ZEROES 0 512 unmap', FLAG_UNMAP],
    ['TYPE 11 0 512 unmap', FLAG_UNMAP],
    ['TYPE 13 0 512 flags=2', 2 << OPERAND_FLAGS_SHIFT],
    ['TYPE 13 0 512 flags=2 unmap fua', (3 << OPERAND_FLAGS_SHIFT) | FLAG_FUA],
    ['TYPE 13 0 512 flags=0x7ffffff', 0x7ffffff * 2 ** OPERAND_FLAGS_SHIFT],
    ['TYPE 0x80000001 0 512', FLAG_BARRIER_BIT],
    ['TYPE 0x80000001 0 512 barrier', FLAG_BARRIER_BIT | FLAG_BARRIER],
    ['TYPE 1 0 512 barrier', FLAG_BARRIER],
    ['TYPE 1 0 512 preflush', FLAG_PREFLUSH],
    ['FSYNC_RANGE 0 4k sync', RANGE_SYNC],
    ['FSYNC_RANGE 0 4k sync data', RANGE_SYNC],
    ['FSYNC_RANGE 0 4k sync all', RANGE_SYNC | RANGE_ALL],
    ['FSYNC_RANGE 0 4k barrier', RANGE_BEFORE | RANGE_AFTER],
    ['FSYNC_RANGE 0 4k barrier=before', RANGE_BEFORE],
    ['FSYNC_RANGE 0 4k barrier=after', RANGE_AFTER],
    ['FSYNC_RANGE 0 4k all sync barrier=after', RANGE_SYNC | RANGE_ALL | RANGE_AFTER],
    ['SET writeback=1', FLAG_ON],
    ['SET writeback=0', 0],
    ['NOTIFY 0 4k', 0],
    ['FSYNC', 0],
    ['BARRIER', 0],
    ['SCSI 35', 0],
  ])('%j are %i', (text, flags) => {
    expect(flagsOf(text)).toEqual([flags])
  })

  it('have no barrier where the barrier is a request of its own', () => {
    expect(flagsOf('OUT 0 512 fua barrier=before')).toEqual([0, FLAG_FUA])
    expect(flagsOf('OUT 0 512 fua barrier=after')).toEqual([FLAG_FUA, 0])
  })

  it('have a flush before what depends on something', () => {
    expect(flagsOf('OUT 0 512 as=a\nOUT 0 512 depends=a\nOUT 0 512 after=a')).toEqual([0, FLAG_PREFLUSH, 0])
  })

  it('stay in 31 bits', () => {
    expectFault(() => flagsOf('TYPE 13 0 512 flags=0x8000000'), '1:21', 'flags is 134217728: it ends at 134217727')
  })
})
