import {describe, expect, it} from 'vitest'
import {CACHE_MODES, cacheModeOf, type CacheModeName} from '../../src/cache-mode/index.js'
import {DISK, guarantees, type Guarantee, type GuaranteeId, type Medium} from '../../src/durability/index.js'
import {orderingModeOf, type OrderingName} from '../../src/ordering/index.js'
import {sessionOf, type GuestChoice} from '../../src/run/session.js'
import {sessionGuarantees} from '../../src/run/session-guarantees.js'
import {guestWith} from './batch-run.js'

interface Terms {
  readonly mode?: CacheModeName
  readonly ordering?: OrderingName
  readonly medium?: Medium
  readonly switchedOn?: boolean
}

function promises(guest: GuestChoice | undefined, terms: Terms = {}): Map<GuaranteeId, Guarantee> {
  const {mode = 'writeback', ordering, medium = DISK, switchedOn = false} = terms
  const session = sessionOf(cacheModeOf(mode), ordering && orderingModeOf(ordering), guest)
  const list = sessionGuarantees(session, session.ordering, medium, switchedOn)
  return new Map(list.map((guarantee) => [guarantee.id, guarantee]))
}

const UNASKED = guestWith('virtio-blk', 'today', {negotiate: []})
const TEMPORARY: Medium = {kind: 'volatile', why: 'tmpfs is memory'}

describe('what a run guarantees', () => {
  it.each(CACHE_MODES)('is what $name promises where there is no front end', (mode) => {
    const ordering = orderingModeOf('drain')
    expect([...promises(undefined, {mode: mode.name}).values()]).toEqual(guarantees(mode, ordering))
  })

  it.each(['ide', 'virtio-blk'] as const)('FUA is none where the driver of %s (2009) sends no flush', (name) => {
    const fua = promises(guestWith(name, '2009')).get('G-FUA')
    expect(fua).toMatchObject({holds: false})
    expect(fua?.why).toContain('sends neither FUA nor a flush')
    expect(promises(guestWith(name, '2009'), {mode: 'writethrough'}).get('G-FUA')).toMatchObject({holds: true})
  })

  it('FUA holds where the driver flushes behind the write instead', () => {
    expect(promises(guestWith('virtio-blk')).get('G-FUA')).toMatchObject({holds: true})
  })

  it('a barrier whose flushes are never sent orders nothing on the medium', () => {
    const barrier = promises(guestWith('ide', '2009'), {ordering: 'drain-flush'}).get('G-ORDER-BARRIER')
    expect(barrier).toMatchObject({holds: false})
    expect(barrier?.why).toContain('WCE is not advertised')
    expect(promises(guestWith('scsi', '2009')).get('G-ORDER-BARRIER')).toMatchObject({holds: true})
  })

  it('E8: WRITE_BARRIER is no promise for barriers that never become one', () => {
    const barrier = promises(guestWith('xen-blkback', '2009')).get('G-ORDER-BARRIER')
    expect(barrier).toMatchObject({
      holds: false,
      why: 'The device flushes for a barrier with data, and a barrier without data never reaches it.',
    })
  })

  it('FLUSH is no promise of a device that has no such command, and orders nothing', () => {
    const old = promises(guestWith('virtio-blk', '2009'))
    expect(old.get('G-FLUSH')).toMatchObject({holds: false, why: expect.stringContaining('UNSUPP') as unknown})
    expect(old.get('G-ORDER-FLUSH')).toMatchObject({holds: false})
    expect(promises(guestWith('virtio-blk', '2009'), {mode: 'writethrough'}).get('G-ORDER-FLUSH')).toMatchObject({
      holds: true,
    })
  })

  it('FLUSH keeps its promise where only the driver does not use it, which is said', () => {
    const flush = promises(guestWith('ide', '2009')).get('G-FLUSH')
    expect(flush).toMatchObject({holds: true})
    expect(flush?.why).toContain('The driver itself never sends one')
  })

  it.each(['writeback', 'none'] as const)(
    'B1: every write is stable at completion for a guest that agreed to nothing, under %s',
    (mode) => {
      const list = promises(UNASKED, {mode})
      for (const id of ['G-STABLE', 'G-ALLOC', 'G-FUA', 'G-ORDER-FLUSH'] as const) {
        expect(list.get(id)).toMatchObject({holds: true})
      }
    },
  )

  it('with the write cache off a barrier that drains orders the medium', () => {
    const terms = {ordering: 'drain'} as const
    expect(promises(UNASKED, terms).get('G-ORDER-BARRIER')).toMatchObject({holds: true})
    expect(promises(undefined, terms).get('G-ORDER-BARRIER')).toMatchObject({holds: false})
  })

  it('a write cache that is switched on during the run takes that back', () => {
    const off = guestWith('virtio-blk', 'today', {features: ['FLUSH', 'CONFIG_WCE'], negotiate: ['CONFIG_WCE']})
    expect(promises(off).get('G-STABLE')).toMatchObject({holds: true})
    expect(promises(off, {switchedOn: true}).get('G-STABLE')).toMatchObject({holds: false})
  })

  it('nothing is stable under unsafe or on a medium that does not outlive the host, whatever was agreed on', () => {
    for (const terms of [{mode: 'unsafe'}, {medium: TEMPORARY}] as const) {
      for (const id of ['G-STABLE', 'G-FLUSH', 'G-FUA', 'G-ALLOC', 'G-ORDER-FLUSH'] as const) {
        expect(promises(UNASKED, terms).get(id)).toMatchObject({holds: false})
      }
    }
  })
})
