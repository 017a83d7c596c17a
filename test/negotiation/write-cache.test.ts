import {describe, expect, it} from 'vitest'
import {agreed} from './question.js'

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
      expect(agreed({features, negotiate: negotiated, mode})).toMatchObject({writeCache, advertised, flushCommand})
    }
  })

  it('B1: FLUSH and CONFIG_WCE offered, none accepted: under none every write is stable when it completes', () => {
    const {writeCache, driverFlushes, notes} = agreed({features: BOTH, negotiate: [], mode: 'none'})
    expect(writeCache).toBe(false)
    expect(driverFlushes).toEqual({
      value: false,
      why: 'WCE is not advertised: FLUSH and CONFIG_WCE is offered, and nothing of it negotiated',
    })
    expect(notes).toContainEqual(expect.stringContaining('every write has to be stable when it completes'))
  })

  it('B2: FLUSH alone: a completed write is volatile under writeback, and the driver flushes', () => {
    const {writeCache, driverFlushes, notes} = agreed({negotiate: ['FLUSH']})
    expect([writeCache, driverFlushes.value]).toEqual([true, true])
    expect(notes).toContainEqual(expect.stringContaining('the driver assumes a write cache'))
  })

  it('B3: CONFIG_WCE without FLUSH: the write cache starts switched off', () => {
    const {writeCache, advertised, driverFlushes} = agreed({negotiate: ['CONFIG_WCE']})
    expect([writeCache, advertised]).toEqual([false, false])
    expect(driverFlushes.why).toBe('WCE is not advertised: the writeback field is 0, because FLUSH is not negotiated')
  })

  it('a mode that makes every write stable does so whatever was negotiated', () => {
    for (const mode of ['writethrough', 'directsync']) {
      for (const negotiate of [[], ['FLUSH'], ['CONFIG_WCE'], BOTH]) {
        expect(agreed({mode, negotiate}).writeCache).toBe(false)
      }
    }
  })

  it('with FLUSH alone the guest flushes under writethrough too, for nothing', () => {
    const {advertised, driverFlushes, notes} = agreed({mode: 'writethrough', negotiate: ['FLUSH']})
    expect([advertised, driverFlushes.value]).toEqual([true, true])
    expect(notes).toContainEqual(expect.stringContaining('QEMU switches its write cache on here'))
  })

  it('unsafe keeps its write cache even where the protocol forbids one, and says so', () => {
    for (const negotiate of [[], ['CONFIG_WCE']]) {
      const {writeCache, advertised, notes} = agreed({mode: 'unsafe', negotiate})
      expect([writeCache, advertised]).toEqual([true, false])
      expect(notes.join(' ')).toContain('unsafe does not obey, and no write is stable')
    }
  })

  it('a device of 2009 does not write through for a guest that does not accept its FLUSH', () => {
    const {writeCache, notes} = agreed({era: 'plan', negotiate: []})
    expect(writeCache).toBe(true)
    expect(notes.join(' ')).toMatch(/devices of that time did not write through.*the cache mode decides alone/)
  })

  it('a device that does not offer FLUSH promises nothing', () => {
    expect(agreed({features: []}).notes).toContainEqual(expect.stringContaining('promises no guest'))
    expect(agreed({features: [], mode: 'writethrough'})).toMatchObject({writeCache: false, notes: []})
  })
})

/** Semantics 4.1 and 4.4. */
describe('what the guest is told', () => {
  it.each(['ide', 'scsi', 'virtio-blk'])('by %s of today follows the write cache of the mode', (frontend) => {
    const told = ['writethrough', 'directsync', 'writeback', 'none', 'unsafe'].map(
      (mode) => agreed({frontend, mode}).advertised,
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
    expect(['writethrough', 'writeback'].map((mode) => agreed({frontend, era, mode}).advertised)).toEqual(told)
  })

  it('a disk that is made to hide its write cache keeps it, and its guest loses data', () => {
    const {writeCache, advertised, driverFlushes, notes} = agreed({frontend: 'scsi', features: ['SYNCHRONIZE CACHE']})
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
    expect(agreed(asked).writeCacheSwitch).toBe(expected)
  })
})
