import {describe, expect, it} from 'vitest'
import {endedAsExpected} from '../../src/run/expectation.js'
import {guestWith, runLines, type Changes} from './batch-run.js'

async function expected(line: string, changes: Changes = {}): Promise<boolean> {
  const [outcome] = (await runLines([line], changes)).outcomes
  if (outcome === undefined) throw new Error('the request did not run')
  return endedAsExpected(outcome)
}

const scsi: Changes = {guest: guestWith('scsi')}

describe('a request ends as its batch expects', () => {
  it.each([
    ['OUT 0 512', true],
    ['OUT 0 100', false],
    ['OUT 0 100 expect=IOERR', true],
    ['OUT 0 512 expect=IOERR', false],
    ['BARRIER expect=UNSUPP', false],
  ])('%s: %s', async (line, ends) => {
    expect(await expected(line)).toBe(ends)
  })

  it.each([
    ['SCSI 00_0000000000', true],
    ['SCSI 00_0000000000 sense=none', true],
    ['SCSI 00_0000000000 sense=5/20/00', false],
    ['SCSI c0_0000000000', false],
    ['SCSI c0_0000000000 sense=none', false],
    ['SCSI c0_0000000000 sense=5/20/00', true],
    ['SCSI c0_0000000000 sense=5/20/01', false],
    ['SCSI c0_0000000000 sense=5/24/00', false],
    ['SCSI c0_0000000000 sense=7/20/00', false],
  ])('%s: %s', async (line, ends) => {
    expect(await expected(line, scsi)).toBe(ends)
  })

  it('A28: a command the device does not take ends as UNSUPP, whatever sense is expected', async () => {
    expect(await expected('SCSI c0_0000000000 sense=5/20/00')).toBe(false)
    expect(await expected('SCSI c0_0000000000 expect=UNSUPP')).toBe(true)
  })
})
