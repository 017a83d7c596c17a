import {describe, expect, it} from 'vitest'
import {negotiate} from '../../src/negotiation/index.js'
import {question, type Asked} from './question.js'

const virtio2009 = {era: '2009'} as const
const xen2010 = {frontend: 'xen-blkback', era: '2009'} as const

/** Semantics 4.1 and 4.5. */
describe('whether the driver flushes', () => {
  it.each([
    [virtio2009, 'there is no flush to send: the device has no cache flush command'],
    [
      {era: '2009', frontend: 'ide'},
      'WCE is not advertised: the device does not set the write cache bit in ATA IDENTIFY',
    ],
    [
      xen2010,
      'blkfront declares tag ordering without a flush step, so an empty barrier ends inside the guest, nothing reaches the backend, and fsync reports success',
    ],
    [{features: []}, 'there is no flush to send: the device does not offer FLUSH'],
    [
      {mode: 'writethrough'},
      'WCE is not advertised: the writeback field is 0, because writethrough has no write cache',
    ],
    [
      {mode: 'writethrough', frontend: 'scsi'},
      'WCE is not advertised: WCE in the caching mode page follows the write cache of the mode, and writethrough has none',
    ],
    [{frontend: 'scsi', negotiate: ['SYNCHRONIZE CACHE']}, 'the driver does not look at WCE'],
    [{frontend: 'scsi', negotiate: ['WCE']}, 'the driver does not use SYNCHRONIZE CACHE'],
    [{frontend: 'scsi', features: ['WCE']}, 'there is no flush to send: the device does not offer SYNCHRONIZE CACHE'],
  ] as const)('%j: no, because %s', (asked: Asked, why) => {
    const {driverFlushes, notes} = negotiate(question(asked))
    expect(driverFlushes.value).toBe(false)
    expect(driverFlushes.why).toBe(why)
    const cached = asked.mode !== 'writethrough'
    expect(notes.some((note) => note.startsWith('Completed writes stay volatile'))).toBe(cached)
  })

  it.each([
    [{}],
    [{era: 'plan'}],
    [{era: '2009', frontend: 'scsi'}],
    [{era: '2009', frontend: 'scsi', mode: 'writethrough'}],
    [{era: '2009', frontend: 'ide', steps: ['ide-wce']}],
    [{era: '2009', steps: ['virtio-flush']}],
    [{era: '2009', features: ['FLUSH'], negotiate: ['FLUSH']}],
    [{frontend: 'xen-blkback'}],
    [{frontend: 'xen-blkback', features: ['feature-barrier']}],
    [{mode: 'unsafe'}],
  ] as const)('%j: yes', (asked: Asked) => {
    expect(negotiate(question(asked)).driverFlushes.value).toBe(true)
  })

  it('IDE of 2009 has the command all the same, virtio of 2009 answers UNSUPP', () => {
    expect(negotiate(question({era: '2009', frontend: 'ide'})).flushCommand).toBe(true)
    expect(negotiate(question(virtio2009)).flushCommand).toBe(false)
  })
})

/** Semantics 4.2, 4.5, 5.1 and 5.5. */
describe('the barrier mode the driver declares', () => {
  it.each([
    [virtio2009, 'none'],
    [{era: '2009', steps: ['virtio-drain']}, 'drain'],
    [{era: '2009', steps: ['virtio-flush']}, 'none'],
    [{era: '2009', steps: ['virtio-drain', 'virtio-flush']}, 'drain-flush'],
    [{era: 'plan'}, 'drain-flush'],
    [{era: 'plan', mode: 'writethrough'}, 'drain'],
    [{era: 'plan', negotiate: []}, 'drain'],
    // Linux 2.6.33 to 2.6.36: FLUSH, else BARRIER, else neither
    [{era: '2009', features: ['FLUSH'], negotiate: ['FLUSH']}, 'drain-flush'],
    [{era: 'plan', features: ['BARRIER', 'FLUSH']}, 'drain-flush'],
    [{era: 'plan', features: ['BARRIER']}, 'tag'],
    [{era: 'plan', features: []}, 'drain'],
    [{era: '2009', features: ['BARRIER']}, 'tag'],
    [{era: '2009', features: ['BARRIER', 'FLUSH'], steps: ['virtio-flush']}, 'none'],
    [{era: '2009', frontend: 'ide'}, 'drain'],
    [{era: '2009', frontend: 'ide', steps: ['ide-wce']}, 'drain-flush'],
    [{era: 'plan', frontend: 'ide', mode: 'writethrough'}, 'drain'],
    [{era: '2009', frontend: 'scsi'}, 'drain-flush'],
    [{era: '2009', frontend: 'scsi', features: ['WCE', 'DPOFUA', 'SYNCHRONIZE CACHE']}, 'drain-fua'],
    [{era: '2009', frontend: 'scsi', features: ['WCE']}, 'none'],
    // feature-barrier: 1, 0, absent
    [xen2010, 'tag'],
    [{...xen2010, features: ['feature-barrier=0']}, 'none'],
    [{...xen2010, features: []}, 'drain'],
    [{...xen2010, negotiate: []}, 'drain'],
  ] as const)('%j: %s', (asked: Asked, ordering) => {
    expect(negotiate(question(asked)).ordering).toBe(ordering)
  })

  it.each(['ide', 'scsi', 'virtio-blk', 'xen-blkback'])('%s of today: none, the guest waits', (frontend) => {
    for (const mode of ['writethrough', 'writeback', 'none']) {
      const {ordering, keepsOrder} = negotiate(question({frontend, mode}))
      expect(ordering).toBe('none')
      expect(keepsOrder).toMatchObject({value: true, why: expect.stringContaining('file systems wait') as unknown})
    }
  })

  it('a driver that accepts a FLUSH its time did not know is a later one, and the notes say which', () => {
    const {notes} = negotiate(question({era: '2009', features: ['FLUSH'], negotiate: ['FLUSH']}))
    expect(notes.join(' ')).toMatch(/does not know FLUSH; one that accepts it came later: .*2\.6\.33/)
    expect(negotiate(question({era: 'plan'})).notes.join(' ')).not.toContain('came later')
  })
})

describe('whether order is kept', () => {
  it.each([
    [virtio2009, /not drained/],
    [{era: '2009', steps: ['virtio-flush']}, /not drained/],
    [{...xen2010, features: ['feature-barrier=0']}, /feature-barrier=0 makes the driver declare no order/],
    [{era: '2009', frontend: 'scsi', features: ['WCE']}, /cannot do barriers at all/],
  ] as const)('%j: no', (asked: Asked, why) => {
    const {keepsOrder, notes} = negotiate(question(asked))
    expect(keepsOrder.value).toBe(false)
    expect(keepsOrder.why).toMatch(why)
    expect(notes.join(' ')).toContain('Barriers fail with EOPNOTSUPP')
  })

  it.each([
    [{era: '2009', steps: ['virtio-drain']}, /empties its queue/],
    [xen2010, /blkback hands it to the host as a barrier/],
    [{era: '2009', features: ['BARRIER']}, /executes barriers in order/],
  ] as const)('%j: yes', (asked: Asked, why) => {
    const {keepsOrder} = negotiate(question(asked))
    expect(keepsOrder.value).toBe(true)
    expect(keepsOrder.why).toMatch(why)
  })
})
