import {describe, expect, it} from 'vitest'
import {guestRows} from '../../src/run/guest-rows.js'
import {guestWith, runLines, type Changes} from './batch-run.js'

async function rowsFor(
  changes: Changes,
  lines: readonly string[] = ['OUT 0 4k', 'FSYNC'],
): Promise<Map<string, string>> {
  return new Map(guestRows(await runLines(lines, changes)))
}

describe('what a report says of the front end', () => {
  it('is nothing without one', async () => {
    expect((await rowsFor({})).size).toBe(0)
  })

  it('names what is offered and agreed on, what the driver does and what was sent', async () => {
    const rows = await rowsFor({guest: guestWith('virtio-blk')})
    expect(Object.fromEntries(rows)).toEqual({
      'front end':
        'virtio-blk (today); offered: FLUSH, CONFIG_WCE, DISCARD, WRITE_ZEROES; agreed on: FLUSH, CONFIG_WCE, DISCARD, WRITE_ZEROES',
      driver: 'sends flushes; barriers: none',
      'write cache': 'on, and advertised',
      sent: '1 write, 0 reads, flushes: 1',
    })
  })

  it('does not call it an agreement where the guest tells the device nothing', async () => {
    const rows = await rowsFor({guest: guestWith('xen-blkback', '2009')})
    expect(rows.get('front end')).toBe(
      'xen-blkback (2009); offered: feature-barrier; used by the driver: feature-barrier',
    )
  })

  it('says why no flush is sent, and counts those that were wished for', async () => {
    const rows = await rowsFor({guest: guestWith('ide', '2009')})
    expect(rows.get('driver')).toContain('sends no flush: WCE is not advertised')
    expect(rows.get('write cache')).toBe('on, and not advertised: the guest does not know of it')
    expect(rows.get('sent')).toBe('1 write, 0 reads, flushes: 0 (1 wished for and not sent)')
  })

  it.each([
    ['today', 'off: each write is stable before it completes'],
    ['2009', 'off: each write is stable before it completes; advertised all the same'],
  ] as const)('says of a SCSI disk (%s) under writethrough: the write cache is %s', async (era, text) => {
    expect((await rowsFor({mode: 'writethrough', guest: guestWith('scsi', era)})).get('write cache')).toBe(text)
  })

  it('B11: shows a downgrade', async () => {
    const rows = await rowsFor({mode: 'directsync', guest: guestWith('xen-blkback')})
    expect(rows.get('downgraded')).toBe('from directsync to writethrough')
  })

  it('E17, E18: says how a Xen backend answers its two operations', async () => {
    expect((await rowsFor({guest: guestWith('xen-blkback')})).get('backend')).toBe(
      'WRITE_BARRIER is answered with an error; FLUSH_DISKCACHE flushes (with data: flushes, then writes, and the data itself may stay volatile)',
    )
    expect((await rowsFor({guest: guestWith('xen-blkback', '2009')})).get('backend')).toBe(
      'WRITE_BARRIER waits, flushes, writes with FUA; FLUSH_DISKCACHE is answered with an error',
    )
  })
})
