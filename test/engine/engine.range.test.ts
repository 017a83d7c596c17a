import {describe, expect, it} from 'vitest'
import {RANGE_AFTER, RANGE_ALL, RANGE_BEFORE, RANGE_SYNC} from '../../src/request/index.js'
import {Rig, type RigOptions} from './rig.js'

/** Submits an FSYNC_RANGE over whole sectors. */
function fsyncRange(rig: Rig, sector: number, sectors: number, flags: number): number {
  return rig.submit('FSYNC_RANGE', sector * 512, sectors * 512, {flags})
}

describe('FSYNC_RANGE with sync', () => {
  it('waits for the writes to its range only, and syncs then', () => {
    const rig = new Rig()
    const [inside, outside] = [rig.write(1), rig.write(9)]
    const fsync = fsyncRange(rig, 0, 4, RANGE_SYNC)
    expect(rig.syncs).toBe(0)
    rig.end(inside)
    expect(rig.outstanding).toEqual([`write ${outside}`, 'sync'])
    rig.endSync()
    expect(rig.status(fsync)).toBe('OK')
    rig.settle()
  })

  it('and all takes all metadata along, even where no write would need a sync', () => {
    const rig = new Rig({soleWriter: true})
    rig.flush()
    rig.settle()
    const fsync = fsyncRange(rig, 0, 4, RANGE_SYNC | RANGE_ALL)
    expect(rig.outstanding).toEqual(['sync all'])
    rig.settle()
    expect(rig.status(fsync)).toBe('OK')
  })

  it('and all is shared with plain flushes that wait at the same time', () => {
    const rig = new Rig()
    rig.flush()
    const ids = [rig.flush(), fsyncRange(rig, 0, 4, RANGE_SYNC | RANGE_ALL)]
    rig.endSync()
    expect(rig.outstanding).toEqual(['sync all'])
    rig.endSync()
    expect(ids.map((id) => rig.status(id))).toEqual(['OK', 'OK'])
    rig.flush()
    expect(rig.outstanding).toEqual(['sync'])
    rig.settle()
  })

  it('beyond the end of the device is refused', () => {
    const rig = new Rig()
    expect(rig.status(fsyncRange(rig, 127, 2, RANGE_SYNC))).toBe('IOERR')
  })
})

describe('FSYNC_RANGE as a barrier', () => {
  it('ends at once, while what it orders is in flight', () => {
    const rig = new Rig()
    const write = rig.write(0)
    const fence = fsyncRange(rig, 0, 4, RANGE_AFTER | RANGE_BEFORE)
    expect([rig.status(fence), rig.outstanding]).toEqual(['OK', [`write ${write}`]])
    rig.settle()
  })

  it('makes a later write to its range wait for the earlier ones and then for a sync, and no other', () => {
    const rig = new Rig()
    const early = rig.write(0)
    fsyncRange(rig, 0, 4, RANGE_AFTER | RANGE_BEFORE)
    const [late, elsewhere] = [rig.write(3), rig.write(9)]
    expect(rig.outstanding).toEqual([`write ${early}`, `write ${elsewhere}`])
    rig.end(early)
    expect(rig.outstanding).toEqual([`write ${elsewhere}`, 'sync'])
    expect(rig.events.find((event) => event.kind === 'start' && event.id === late)).toMatchObject({preSync: true})
    rig.endSync()
    expect(rig.outstanding).toEqual([`write ${elsewhere}`, `write ${late}`])
    rig.settle()
  })

  it('with both sides leaves writes from and to other places alone', () => {
    const rig = new Rig()
    const early = rig.write(9)
    fsyncRange(rig, 0, 4, RANGE_AFTER | RANGE_BEFORE)
    const late = rig.write(9)
    expect(rig.outstanding).toEqual([`write ${early}`, `write ${late}`])
    rig.settle()
    expect(rig.syncs).toBe(0)
  })

  it('after its range: everything from now on comes behind what was written to it', () => {
    const rig = new Rig()
    const [inside, outside] = [rig.write(0), rig.write(9)]
    fsyncRange(rig, 0, 4, RANGE_AFTER)
    const late = rig.write(20)
    rig.end(inside)
    expect(rig.outstanding).toEqual([`write ${outside}`, 'sync'])
    rig.endSync()
    expect(rig.outstanding).toEqual([`write ${outside}`, `write ${late}`])
    rig.settle()
  })

  it('before its range: what is written to it from now on comes behind everything', () => {
    const rig = new Rig()
    const early = rig.write(9)
    fsyncRange(rig, 0, 4, RANGE_BEFORE)
    const [free, late] = [rig.write(9), rig.write(0)]
    expect(rig.outstanding).toEqual([`write ${early}`, `write ${free}`])
    rig.end(early)
    expect(rig.outstanding).toEqual([`write ${free}`, 'sync'])
    rig.endSync()
    expect(rig.outstanding).toEqual([`write ${free}`, `write ${late}`])
    rig.settle()
  })

  it('asks for no sync once one has covered what it orders', () => {
    const rig = new Rig()
    rig.end(rig.write(0))
    fsyncRange(rig, 0, 4, RANGE_AFTER)
    rig.flush()
    rig.endSync()
    const late = rig.write(9)
    expect(rig.outstanding).toEqual([`write ${late}`])
    rig.settle()
  })

  it('holds when the earlier write fails: it orders, it does not depend', () => {
    const rig = new Rig()
    const early = rig.write(0)
    fsyncRange(rig, 0, 4, RANGE_AFTER)
    const late = rig.write(9)
    rig.end(early, -5)
    expect(rig.outstanding).toEqual(['sync'])
    rig.settle()
    expect(rig.status(late)).toBe('OK')
  })

  it('lets a later write fail whose sync fails, and does not write it', () => {
    const rig = new Rig()
    rig.end(rig.write(0))
    fsyncRange(rig, 0, 4, RANGE_AFTER)
    const late = rig.write(9)
    rig.endSync(-5)
    expect([rig.endings.get(late), rig.transfersOf(late)]).toEqual([{status: 'IOERR', errno: 5}, []])
  })

  it('holds although the earlier write is cancelled: then there is nothing to wait for', () => {
    const rig = new Rig()
    const first = rig.write(0)
    const canceled = rig.write(1, {after: [first]})
    fsyncRange(rig, 1, 1, RANGE_AFTER)
    const late = rig.write(9)
    expect(rig.outstanding).toEqual([`write ${first}`])
    rig.cancel(canceled)
    rig.settle()
    expect(rig.status(late)).toBe('OK')
  })

  it('still syncs when the write cache is switched off in between: that made nothing stable', () => {
    const rig = new Rig({mode: 'none'})
    rig.end(rig.write(0))
    fsyncRange(rig, 0, 4, RANGE_AFTER)
    rig.wish('SET_WRITEBACK', 0)
    const late = rig.write(9)
    expect(rig.outstanding).toEqual(['sync'])
    rig.endSync()
    expect(rig.outstanding).toEqual([`write dsync ${late}`])
    rig.settle()
  })

  it('needs no sync where every write is stable: it only waits', () => {
    const links: RigOptions[] = [{mode: 'none', link: {writeCache: false}}, {mode: 'directsync'}]
    for (const options of links) {
      const rig = new Rig(options)
      const early = rig.write(0)
      fsyncRange(rig, 0, 4, RANGE_AFTER)
      const late = rig.write(9)
      expect(rig.outstanding.map((line) => line.replace(' dsync', ''))).toEqual([`write ${early}`])
      rig.end(early)
      rig.settle()
      expect([rig.status(late), rig.syncs]).toEqual(['OK', 0])
    }
  })

  it('gets no sync from a driver that sends no flushes, and from a mode that ignores them, and says so', () => {
    const flushless = new Rig({link: {driverFlushes: false}})
    const unsafe = new Rig({mode: 'unsafe'})
    for (const rig of [flushless, unsafe]) {
      rig.end(rig.write(0))
      fsyncRange(rig, 0, 4, RANGE_AFTER)
      rig.write(9)
      rig.settle()
      expect(rig.syncs).toBe(0)
    }
    expect(flushless.events).toContainEqual(expect.objectContaining({plan: expect.objectContaining({unsent: true})}))
    expect(unsafe.events).toContainEqual(expect.objectContaining({kind: 'complete', ignored: true}))
  })
})
