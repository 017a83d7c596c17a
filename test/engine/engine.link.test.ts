import {describe, expect, it} from 'vitest'
import {FLAG_BARRIER_BIT} from '../../src/request/index.js'
import {Rig} from './rig.js'

describe('what driver and device have agreed on', () => {
  it('B1: without FLUSH negotiated each write is stable before it completes, also under none', () => {
    const dsync = new Rig({mode: 'none', link: {writeCache: false}})
    const write = dsync.write(0)
    expect(dsync.outstanding).toEqual([`write dsync ${write}`])
    dsync.settle()
    expect(dsync.events.at(-1)).toMatchObject({stable: true})

    const sync = new Rig({mode: 'none', canDsync: false, link: {writeCache: false}})
    sync.end(sync.write(0))
    expect([sync.status(1), sync.outstanding]).toEqual([undefined, ['sync']])
    sync.settle()
    expect(sync.events.at(-1)).toMatchObject({stable: true})
  })

  it('B1: zeroes and discards are no exception', () => {
    for (const name of ['WRITE_ZEROES', 'DISCARD'] as const) {
      const rig = new Rig({mode: 'none', link: {writeCache: false}})
      rig.end(rig.submit(name, 0, 4096))
      expect(rig.outstanding).toEqual(['sync'])
      rig.settle()
      expect(rig.events.at(-1)).toMatchObject({kind: 'complete', stable: true})
    }
  })

  it('B2: with FLUSH alone negotiated a write is volatile', () => {
    const rig = new Rig({mode: 'writeback', link: {writeCache: true}})
    rig.end(rig.write(0))
    expect([rig.status(1), rig.events.at(-1)]).toMatchObject(['OK', {stable: false}])
  })

  it('a FLUSH that reaches the device is one, whatever the driver makes of wishes', () => {
    const rig = new Rig({link: {driverFlushes: false}})
    rig.flush()
    expect(rig.outstanding).toEqual(['sync'])
    rig.settle()
  })

  it('A13: the BARRIER bit is obeyed as a drain where it was offered, and stripped where it was not', () => {
    for (const barrierBit of [true, false]) {
      const rig = new Rig({link: {barrierBit}})
      rig.write(0)
      const write = rig.write(1, {flags: FLAG_BARRIER_BIT})
      expect(rig.outstanding).toEqual(barrierBit ? ['write 1'] : ['write 1', 'write 2'])
      rig.settle()
      expect([rig.status(write), rig.syncs]).toEqual(['OK', 0])
    }
  })
})
