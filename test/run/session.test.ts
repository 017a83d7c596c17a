import {describe, expect, it} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {DISCARD, FLUSH, plainLink, SCSI_CMD, SCSI_CMD_OUT, WRITE_ZEROES} from '../../src/request/index.js'
import {sessionOf} from '../../src/run/session.js'
import {guestWith} from './batch-run.js'

const WRITEBACK = cacheModeOf('writeback')

describe('the terms of a run without a front end', () => {
  it('are those of a device that has everything, and barriers drain', () => {
    const session = sessionOf(WRITEBACK, undefined, undefined)
    expect(session.ordering.name).toBe('drain')
    expect(session.link).toEqual(plainLink(WRITEBACK, session.ordering))
    expect(session).toMatchObject({mode: WRITEBACK, types: undefined, readOnly: false, scsi: undefined, notes: []})
  })

  it('take the policy somebody chose', () => {
    expect(sessionOf(WRITEBACK, orderingModeOf('tag-fua'), undefined).ordering.name).toBe('tag-fua')
  })
})

describe('the terms of a run behind a front end', () => {
  it.each([
    ['ide', '2009', 'drain'],
    ['virtio-blk', '2009', 'none'],
    ['xen-blkback', '2009', 'tag'],
    ['scsi', '2009', 'drain-flush'],
    ['scsi', 'today', 'none'],
  ] as const)('%s (%s) declares %s', (name, era, ordering) => {
    expect(sessionOf(WRITEBACK, undefined, guestWith(name, era)).ordering.name).toBe(ordering)
  })

  it('an fsync is an empty barrier up to 2009, and a flush today', () => {
    expect(sessionOf(WRITEBACK, undefined, guestWith('scsi', '2009')).link.fsync).toBe('barrier')
    expect(sessionOf(WRITEBACK, undefined, guestWith('scsi', 'today')).link.fsync).toBe('flush')
  })

  it('E13: no write cache, nothing a flush could be for', () => {
    const {link} = sessionOf(cacheModeOf('writethrough'), undefined, guestWith('virtio-blk'))
    expect(link).toMatchObject({writeCache: false, driverFlushes: false})
  })

  it('B11: a mode with O_DIRECT is downgraded where it is not permitted, and said so', () => {
    const session = sessionOf(cacheModeOf('none'), undefined, guestWith('xen-blkback'))
    expect(session.mode.name).toBe('writeback')
    expect(session.notes.join(' ')).toContain('none is downgraded to writeback')
    const permitted = guestWith('xen-blkback', 'today', {directIoSafe: true})
    expect(sessionOf(cacheModeOf('none'), undefined, permitted).mode.name).toBe('none')
    expect(sessionOf(WRITEBACK, undefined, permitted).mode.name).toBe('writeback')
  })

  it('a policy with a flush in it is that of a driver that sends flushes, also where the one of the era does not', () => {
    const {agreement, link, notes} = sessionOf(
      WRITEBACK,
      orderingModeOf('drain-flush'),
      guestWith('xen-blkback', '2009'),
    )
    expect(link.driverFlushes).toBe(true)
    expect(agreement?.driverFlushes.why).toBe('a driver that declares drain-flush sends flushes')
    expect(agreement?.ordering).toBe('drain-flush')
    expect(notes.join(' ')).not.toContain('stay volatile')
  })

  it('a policy meant for a write cache that the guest does not see sends nothing, and that is said', () => {
    const {link, notes} = sessionOf(
      cacheModeOf('writethrough'),
      orderingModeOf('drain-flush'),
      guestWith('virtio-blk', 'today', {features: ['FLUSH', 'CONFIG_WCE']}),
    )
    expect([link.seesCache, link.driverFlushes]).toEqual([false, false])
    expect(notes.join(' ')).toContain('meant for a device with a write cache')
  })

  it('a device takes the requests it has, and no others', () => {
    const types = (features: readonly string[]): ReadonlySet<number> | undefined =>
      sessionOf(WRITEBACK, undefined, guestWith('virtio-blk', 'today', {features})).types
    expect([...(types([]) ?? [])]).toEqual([0, 1, 8])
    expect(types(['FLUSH', 'DISCARD'])).toEqual(new Set([0, 1, 8, FLUSH.type, 5, DISCARD.type]))
    expect(types(['FLUSH'])?.has(WRITE_ZEROES.type)).toBe(false)
    expect(types(['SCSI'])).toEqual(new Set([0, 1, 8, SCSI_CMD.type, SCSI_CMD_OUT.type]))
  })

  it('a SCSI disk speaks SCSI of itself, an IDE disk does not', () => {
    expect(sessionOf(WRITEBACK, undefined, guestWith('scsi')).scsi).toEqual({
      cachingPageOffered: true,
      cachingPageFixed: false,
      fuaOffered: true,
      unmapOffered: true,
    })
    expect(sessionOf(WRITEBACK, undefined, guestWith('ide')).scsi).toBeUndefined()
  })

  it('a SCSI disk without a write cache has a caching page that says so, unless it always advertises one; one that hides its cache has none', () => {
    expect(sessionOf(cacheModeOf('directsync'), undefined, guestWith('scsi')).scsi).toMatchObject({
      cachingPageOffered: true,
    })
    const past = sessionOf(cacheModeOf('writethrough'), undefined, guestWith('scsi', '2009'))
    expect(past.scsi).toMatchObject({cachingPageOffered: true, cachingPageFixed: true})
    const hiding = guestWith('scsi', 'today', {features: ['SYNCHRONIZE CACHE']})
    expect(sessionOf(WRITEBACK, undefined, hiding).scsi).toEqual({
      cachingPageOffered: false,
      cachingPageFixed: false,
      fuaOffered: false,
      unmapOffered: false,
    })
  })

  it('a policy that the device cannot have is refused with the reason', () => {
    expect(() => sessionOf(WRITEBACK, orderingModeOf('tag'), guestWith('ide', '2009'))).toThrow(
      'tag is not possible on ide (2009): it needs ordered tags',
    )
  })

  it('a policy that is not meant for a write cache comes with a caution', () => {
    const {notes} = sessionOf(WRITEBACK, orderingModeOf('drain'), guestWith('scsi', '2009'))
    expect(notes.join(' ')).toContain('drain is meant for a device without a write cache')
  })
})
