import {describe, expect, it} from 'vitest'
import {negotiate} from '../../src/negotiation/index.js'
import {question} from './question.js'

const BOTH = ['FLUSH', 'CONFIG_WCE']

/** Semantics 1.8, the table "effective mode": offered, negotiated, mode at completion, FLUSH usable. */
describe('what virtio agrees on about the write cache', () => {
  it.each([
    // offered, negotiated, cached under writeback, advertised under writeback, FLUSH executed
    [BOTH, BOTH, true, true, true],
    [BOTH, ['FLUSH'], true, true, true],
    [BOTH, ['CONFIG_WCE'], false, false, true],
    [BOTH, [], false, false, true],
    [['FLUSH'], ['FLUSH'], true, true, true],
    [['FLUSH'], [], false, false, true],
    [[], [], true, false, false],
  ])('%j offered, %j negotiated: write cache %s, advertised %s, flush command %s', (...row) => {
    const [features, negotiated, writeCache, advertised, flushCommand] = row
    for (const mode of ['writeback', 'none']) {
      expect(negotiate(question({features, negotiate: negotiated, mode}))).toMatchObject({
        writeCache,
        advertised,
        flushCommand,
      })
    }
  })

  it('B1: FLUSH and CONFIG_WCE offered, none accepted: under none every write is stable when it completes', () => {
    const {writeCache, driverFlushes, notes} = negotiate(question({features: BOTH, negotiate: [], mode: 'none'}))
    expect(writeCache).toBe(false)
    expect(driverFlushes).toEqual({
      value: false,
      why: 'WCE is not advertised: of what is offered (FLUSH, CONFIG_WCE) nothing is negotiated',
    })
    expect(notes).toContainEqual(expect.stringContaining('every write has to be stable when it completes'))
  })

  it('B2: FLUSH alone: a completed write is volatile under writeback, and the driver flushes', () => {
    const {writeCache, driverFlushes, notes} = negotiate(question({negotiate: ['FLUSH']}))
    expect([writeCache, driverFlushes.value]).toEqual([true, true])
    expect(notes).toContainEqual(expect.stringContaining('the driver assumes a write cache'))
  })

  it('B3: CONFIG_WCE without FLUSH: the write cache starts switched off', () => {
    const {writeCache, advertised, driverFlushes} = negotiate(question({negotiate: ['CONFIG_WCE']}))
    expect([writeCache, advertised]).toEqual([false, false])
    expect(driverFlushes.why).toBe('WCE is not advertised: the writeback field is 0, because FLUSH is not negotiated')
  })

  it('a mode that makes every write stable does so whatever was negotiated', () => {
    for (const mode of ['writethrough', 'directsync']) {
      for (const accepted of [[], ['FLUSH'], ['CONFIG_WCE'], BOTH]) {
        expect(negotiate(question({mode, negotiate: accepted})).writeCache).toBe(false)
      }
    }
  })

  it('with FLUSH alone the guest flushes under writethrough too, for nothing', () => {
    const {advertised, driverFlushes, notes} = negotiate(question({mode: 'writethrough', negotiate: ['FLUSH']}))
    expect([advertised, driverFlushes.value]).toEqual([true, true])
    expect(notes).toContainEqual(expect.stringContaining('QEMU switches its write cache on here'))
  })

  it('unsafe keeps its write cache even where the protocol forbids one, and says so', () => {
    for (const accepted of [[], ['CONFIG_WCE']]) {
      const {writeCache, advertised, notes} = negotiate(question({mode: 'unsafe', negotiate: accepted}))
      expect([writeCache, advertised]).toEqual([true, false])
      expect(notes.join(' ')).toContain('unsafe does not obey, and no write is stable')
    }
  })

  it('a device of 2009 does not write through for a guest that does not accept its FLUSH', () => {
    const {writeCache, notes} = negotiate(question({era: 'plan', negotiate: []}))
    expect(writeCache).toBe(true)
    expect(notes.join(' ')).toMatch(/devices of that time did not write through.*the cache mode decides alone/)
  })

  it('a device that does not offer FLUSH promises nothing', () => {
    expect(negotiate(question({features: []})).notes).toContainEqual(expect.stringContaining('promises no guest'))
    expect(negotiate(question({features: [], mode: 'writethrough'}))).toMatchObject({writeCache: false, notes: []})
  })
})

/** Semantics 4.1 and 4.4. */
describe('what the guest is told', () => {
  it.each(['ide', 'scsi', 'virtio-blk'])('by %s of today follows the write cache of the mode', (frontend) => {
    const told = ['writethrough', 'directsync', 'writeback', 'none', 'unsafe'].map(
      (mode) => negotiate(question({frontend, mode})).advertised,
    )
    expect(told).toEqual([false, false, true, true, true])
  })

  it.each([
    ['ide', '2009', [false, false]],
    ['scsi', '2009', [true, true]],
    ['virtio-blk', '2009', [false, false]],
    ['ide', 'plan', [false, true]],
    ['scsi', 'plan', [false, true]],
    ['virtio-blk', 'plan', [false, true]],
    ['xen-blkback', 'today', [true, true]],
    ['xen-blkback', '2009', [true, true]],
  ])('by %s (%s) under writethrough and writeback: %j', (frontend, era, told) => {
    expect(['writethrough', 'writeback'].map((mode) => negotiate(question({frontend, era, mode})).advertised)).toEqual(
      told,
    )
  })

  it('a disk that is made to hide its write cache keeps it, and its guest loses data', () => {
    const {writeCache, advertised, driverFlushes, notes} = negotiate(
      question({frontend: 'scsi', features: ['SYNCHRONIZE CACHE']}),
    )
    expect([writeCache, advertised, driverFlushes.value]).toEqual([true, false, false])
    expect(driverFlushes.why).toBe('WCE is not advertised: the device does not offer WCE')
    expect(notes.join(' ')).toContain('The guest does not know of the cache.')
  })
})

/** Semantics 1.8 and B6. */
describe('switching the write cache off', () => {
  it.each([
    [{}, 'plain'],
    [{negotiate: ['CONFIG_WCE']}, 'plain'],
    [{negotiate: ['FLUSH']}, 'impossible'],
    [{features: ['FLUSH']}, 'impossible'],
    [{frontend: 'scsi'}, 'flushes'],
    [{frontend: 'ide'}, 'flushes'],
    [{frontend: 'xen-blkback'}, 'impossible'],
    [{era: '2009'}, 'impossible'],
  ] as const)('%j: %s', (asked, expected) => {
    expect(negotiate(question(asked)).writeCacheSwitch).toBe(expected)
  })
})
