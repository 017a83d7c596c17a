import {describe, expect, it} from 'vitest'
import type {RequestOutcome, RunResult} from '../../src/run/result.js'
import {guestWith, runLines, type Changes} from './batch-run.js'

async function outcomesFor(lines: readonly string[], changes: Changes = {}): Promise<RequestOutcome[]> {
  return [...(await runLines(lines, changes)).outcomes]
}

async function reasonFor(line: string, changes: Changes = {}): Promise<string | undefined> {
  return (await outcomesFor([line], changes))[0]?.reason
}

async function countsFor(lines: readonly string[], changes: Changes = {}): Promise<RunResult['counts']> {
  return (await runLines(lines, changes)).counts
}

const scsi = {guest: guestWith('scsi')} as const
const WRITE = 'SCSI 2a_00_00000010_00_0001_00 out=0xaa'
const READ_PAST_END = 'SCSI 28_00_00000800_00_0001_00 in=512'

describe('why a request did not run', () => {
  it.each([
    ['OUT 0 100', {}, 'not whole 512-byte sectors'],
    ['OUT 1M 512', {}, 'beyond the end of the device (1048576 bytes)'],
    ['OUT 0 512', {readOnly: true}, 'the device is read-only'],
    ['TYPE 99 0 0', {}, 'the device has no request type 99'],
    ['SCSI 00_0000000000', {}, 'the device does not offer SCSI'],
    ['FLUSH', {guest: guestWith('virtio-blk', '2009')}, 'the device does not offer FLUSH'],
    [
      'DISCARD 0 4k',
      {guest: guestWith('virtio-blk', 'today', {features: ['FLUSH', 'DISCARD'], negotiate: ['FLUSH']})},
      'the device offers DISCARD, and the driver did not accept it',
    ],
    ['NOTIFY 0 4k', {mode: 'unsafe'}, 'nothing becomes stable under unsafe, so there is nothing to be told'],
    ['SET writeback=0', {guest: guestWith('xen-blkback')}, 'the write cache of xen-blkback cannot be switched here'],
    ['BARRIER', {ordering: 'none'}, 'the driver declares no barriers (EOPNOTSUPP)'],
    ['OUT 0 4k barrier', {ordering: 'none'}, 'the driver declares no barriers (EOPNOTSUPP)'],
  ] as const)('%s under %o: %s', async (line, changes, reason) => {
    expect(await reasonFor(line, changes)).toBe(reason)
  })

  it('D20: a packet with data in both directions or without a CDB is no command', async () => {
    const changes = {guest: guestWith('virtio-blk', 'today', {features: ['SCSI']})}
    expect(await outcomesFor(['TYPE 2 0 512'], changes)).toMatchObject([
      {status: 'UNSUPP', reason: 'it has no CDB, or data in both directions'},
    ])
  })

  it('is left open for what ended OK, and names the requests a canceled one depended on', async () => {
    const outcomes = await outcomesFor(['OUT 1M 4k as=a', 'OUT 0 4k after=a', 'IN 0 512'])
    expect(outcomes.map(({reason}) => reason)).toEqual([
      'beyond the end of the device (1048576 bytes)',
      '#1 did not end OK',
      undefined,
    ])
  })
})

describe('the counts of a run', () => {
  it('a SCSI command that writes counts as a write, and one that is refused does not', async () => {
    expect(await countsFor([WRITE, 'SCSI 2a_08_00000018_00_0001_00 out=0xaa'], scsi)).toMatchObject({
      writes: 2,
      stableWrites: 1,
      asExpected: 2,
    })
    expect(await countsFor([`${WRITE} sense=7/27/00`], {...scsi, readOnly: true})).toMatchObject({
      ok: 1,
      asExpected: 1,
      writes: 0,
    })
  })

  it('CHECK CONDITION is OK for virtio, and unexpected for the batch unless it names the sense', async () => {
    expect(await countsFor([READ_PAST_END], scsi)).toMatchObject({ok: 1, asExpected: 0, hostErrors: 0})
    expect(await countsFor([`${READ_PAST_END} sense=5/21/00`], scsi)).toMatchObject({ok: 1, asExpected: 1})
  })
})
