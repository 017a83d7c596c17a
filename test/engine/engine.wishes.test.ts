import {describe, expect, it} from 'vitest'
import {FLAG_FUA, FLAG_ON, FLAG_PREFLUSH, RANGE_SYNC} from '../../src/request/index.js'
import {Rig, type RigOptions} from './rig.js'

const PREFLUSH = {flags: FLAG_PREFLUSH}
const FUA = {flags: FLAG_FUA}

/** Submits an FSYNC_RANGE over whole sectors. */
function fsyncRange(rig: Rig, sector: number, sectors: number, flags: number): number {
  return rig.submit('FSYNC_RANGE', sector * 512, sectors * 512, {flags})
}

function notify(rig: Rig, sector: number): number {
  return rig.submit('NOTIFY', sector * 512, 512)
}

describe('PREFLUSH', () => {
  it('starts the data only after the sync has ended', () => {
    const rig = new Rig()
    rig.end(rig.write(0))
    const write = rig.write(1, PREFLUSH)
    expect(rig.outstanding).toEqual(['sync'])
    rig.endSync()
    expect(rig.outstanding).toEqual([`write ${write}`])
    rig.end(write)
    expect(rig.status(write)).toBe('OK')
  })

  it('is no drain: it neither waits for what is in flight nor holds what comes behind', () => {
    const rig = new Rig()
    const [before, write, behind] = [rig.write(0), rig.write(1, PREFLUSH), rig.write(2)]
    expect(rig.outstanding).toEqual([`write ${before}`, 'sync', `write ${behind}`])
    rig.settle()
    expect(rig.status(write)).toBe('OK')
  })

  it('E13: without a write cache an empty one completes at once, and one with data is a plain write', () => {
    for (const options of [
      {mode: 'directsync'},
      {mode: 'none', link: {writeCache: false, seesCache: false}},
    ] as const) {
      const rig = new Rig(options)
      const empty = rig.submit('OUT', 0, 0, PREFLUSH)
      expect([rig.status(empty), rig.backend.steps]).toEqual(['OK', []])
      rig.write(0, PREFLUSH)
      rig.settle()
      expect(rig.syncs).toBe(0)
    }
  })

  it('whose sync fails ends in IOERR, and nothing is written', () => {
    const rig = new Rig()
    const write = rig.write(0, PREFLUSH)
    rig.endSync(-5)
    expect([rig.endings.get(write), rig.backend.steps.length]).toEqual([{status: 'IOERR', errno: 5}, 1])
  })

  it('is not sent by a driver that sends no flushes', () => {
    const rig = new Rig({link: {driverFlushes: false}})
    const write = rig.write(0, PREFLUSH)
    expect(rig.outstanding).toEqual([`write ${write}`])
    rig.settle()
    expect(rig.events[0]).toMatchObject({kind: 'submit', plan: {unsent: true, flushCommands: 0}})
  })
})

describe('FUA', () => {
  it('E14: where it cannot travel with the write is a flush behind it', () => {
    const rig = new Rig({mode: 'none', link: {fua: false}})
    const write = rig.write(0, FUA)
    expect(rig.outstanding).toEqual([`write ${write}`])
    rig.end(write)
    expect([rig.status(write), rig.outstanding]).toEqual([undefined, ['sync']])
    rig.endSync()
    expect(rig.events.at(-1)).toMatchObject({kind: 'complete', status: 0, stable: true})
  })

  it('is dropped with the flush by a driver that sends none: the write stays volatile, and says so', () => {
    for (const fua of [true, false]) {
      const rig = new Rig({mode: 'none', link: {fua, driverFlushes: false}})
      const write = rig.write(0, FUA)
      expect(rig.outstanding).toEqual([`write ${write}`])
      rig.settle()
      expect(rig.syncs).toBe(0)
      expect(rig.events.at(-1)).toMatchObject({kind: 'complete', stable: false})
    }
  })
})

describe('FSYNC', () => {
  it('waits for the writes before it, not for reads, and is a flush then', () => {
    const rig = new Rig()
    const [first, read, second] = [rig.write(0), rig.read(1), rig.write(2)]
    const fsync = rig.wish('FSYNC')
    rig.end(second)
    expect(rig.outstanding).toEqual([`write ${first}`, `read ${read}`])
    rig.end(first)
    expect(rig.outstanding).toEqual([`read ${read}`, 'sync'])
    rig.endSync()
    expect(rig.status(fsync)).toBe('OK')
    rig.settle()
  })

  it('does not care how those writes end', () => {
    const rig = new Rig()
    const write = rig.write(0)
    const fsync = rig.wish('FSYNC')
    rig.end(write, -5)
    rig.settle()
    expect(rig.status(fsync)).toBe('OK')
  })

  it('holds nothing behind it', () => {
    const rig = new Rig()
    const write = rig.write(0)
    rig.wish('FSYNC')
    const behind = rig.write(1)
    expect(rig.outstanding).toEqual([`write ${write}`, `write ${behind}`])
    rig.settle()
  })

  it('can be cancelled while it waits, and does not hinder anybody', () => {
    const rig = new Rig()
    const write = rig.write(0)
    const fsync = rig.wish('FSYNC')
    expect(rig.cancel(fsync)).toBe('canceled')
    rig.end(write)
    expect([rig.status(fsync), rig.syncs, rig.engine.pending]).toEqual(['CANCELED', 0, 0])
  })

  it('is an empty barrier for a driver of before 2.6.37', () => {
    const rig = new Rig({ordering: 'drain-flush', link: {fsync: 'barrier'}})
    const read = rig.read(0)
    const [fsync, behind] = [rig.wish('FSYNC'), rig.write(1)]
    expect(rig.outstanding).toEqual([`read ${read}`])
    rig.end(read)
    expect(rig.outstanding).toEqual(['sync'])
    rig.endSync()
    expect([rig.status(fsync), rig.outstanding]).toEqual(['OK', [`write ${behind}`]])
    rig.settle()
  })

  it('succeeds without any flush where such a barrier carries none, and says so', () => {
    for (const [ordering, driverFlushes] of [
      ['tag', true],
      ['none', false],
    ] as const) {
      const rig = new Rig({ordering, ordersTags: true, link: {fsync: 'barrier', driverFlushes}})
      rig.end(rig.write(0))
      const fsync = rig.wish('FSYNC')
      expect([rig.status(fsync), rig.syncs]).toEqual(['OK', 0])
      expect(rig.events.find((event) => event.kind === 'submit' && event.id === fsync)).toMatchObject({
        plan: {unsent: true},
      })
    }
  })

  it('sends nothing where the driver sends no flushes, and says so', () => {
    const rig = new Rig({link: {driverFlushes: false}})
    const write = rig.write(0)
    const fsync = rig.wish('FSYNC')
    rig.end(write)
    expect([rig.status(fsync), rig.syncs]).toEqual(['OK', 0])
    expect(rig.events.find((event) => event.kind === 'submit' && event.id === fsync)).toMatchObject({
      plan: {unsent: true},
    })
  })

  it('fails with its sync, and after a failed one at once', () => {
    const rig = new Rig()
    const first = rig.wish('FSYNC')
    rig.endSync(-5)
    const second = rig.wish('FSYNC')
    expect([first, second].map((id) => rig.endings.get(id))).toEqual([
      {status: 'IOERR', errno: 5},
      {status: 'IOERR', errno: 5},
    ])
  })
})

describe('NOTIFY', () => {
  it('is answered at once when nothing was written to its range, or all of it is stable', () => {
    const rig = new Rig({tracksRanges: true})
    rig.end(rig.write(0))
    expect([rig.status(notify(rig, 9)), rig.syncs]).toEqual(['OK', 0])
    rig.flush()
    rig.endSync()
    expect([rig.status(notify(rig, 0)), rig.syncs]).toEqual(['OK', 1])
  })

  it('waits for the writes to its range, and then for a sync that covers them: somebody else’s will do', () => {
    const rig = new Rig({tracksRanges: true})
    const [write, other] = [rig.write(0), rig.write(9)]
    const told = notify(rig, 0)
    rig.flush()
    rig.end(write)
    rig.endSync()
    expect(rig.status(told)).toBeUndefined()
    rig.flush()
    rig.endSync()
    expect([rig.status(told), rig.syncs]).toEqual(['OK', 2])
    rig.end(other)
  })

  it('forces nothing while other requests run, and a background flush when nothing else is left', () => {
    const rig = new Rig({tracksRanges: true})
    rig.end(rig.write(0))
    const told = [notify(rig, 0), notify(rig, 0)]
    const other = rig.write(9)
    rig.wait()
    expect(rig.syncs).toBe(0)
    rig.end(other)
    expect(rig.syncs).toBe(0)
    rig.wait()
    expect(rig.outstanding).toEqual(['sync'])
    rig.endSync()
    expect([told.map((id) => rig.status(id)), rig.syncs]).toEqual([['OK', 'OK'], 1])
  })

  it('keeps no barrier waiting for ever: the background flush comes when all that runs are such', () => {
    for (const ordering of ['drain', 'tag'] as const) {
      const rig = new Rig({ordering, ordersTags: true})
      rig.end(rig.write(0))
      const told = notify(rig, 0)
      const barrier = rig.wish('BARRIER')
      rig.settle()
      expect([rig.status(told), rig.status(barrier)]).toEqual(['OK', 'OK'])
    }
  })

  it('without knowledge of ranges waits until everything written before is stable', () => {
    const rig = new Rig()
    expect(rig.status(notify(rig, 5))).toBe('OK')
    rig.end(rig.write(0))
    const told = notify(rig, 5)
    expect(rig.status(told)).toBeUndefined()
    rig.settle()
    expect([rig.status(told), rig.syncs]).toEqual(['OK', 1])
  })

  it('fails with the sync it was waiting for, and after a failed sync at once, whatever its range', () => {
    const rig = new Rig({tracksRanges: true})
    rig.end(rig.write(0))
    const told = notify(rig, 0)
    rig.flush()
    rig.endSync(-5)
    const ids = [told, notify(rig, 0), notify(rig, 9)]
    expect(ids.map((id) => rig.endings.get(id))).toEqual(ids.map(() => ({status: 'IOERR', errno: 5})))
    expect(rig.syncs).toBe(1)
  })

  it('fails without a sync of its own when a stable write, or a tagged barrier, has told of the loss', () => {
    const stable = new Rig({mode: 'none'})
    stable.end(stable.write(0))
    const first = notify(stable, 0)
    stable.end(stable.write(9, FUA), -5)
    expect([stable.endings.get(first), stable.syncs]).toEqual([{status: 'IOERR', errno: 5}, 0])

    const tagged = new Rig({mode: 'none', ordering: 'tag-flush', ordersTags: true})
    tagged.end(tagged.write(0))
    tagged.wish('BARRIER')
    const second = notify(tagged, 0)
    tagged.endSync(-5)
    tagged.settle()
    expect([tagged.endings.get(second), tagged.syncs]).toEqual([{status: 'IOERR', errno: 5}, 1])
  })

  it('is refused under unsafe: nothing ever becomes stable there', () => {
    expect(notifyStatus({mode: 'unsafe'})).toBe('UNSUPP')
  })

  it('is answered at once where every write is stable when it ends', () => {
    expect(notifyStatus({mode: 'directsync'})).toBe('OK')
    expect(notifyStatus({mode: 'none', link: {writeCache: false, seesCache: false}})).toBe('OK')
  })
})

function notifyStatus(options: RigOptions): string | undefined {
  const rig = new Rig(options)
  rig.end(rig.write(0))
  const status = rig.status(notify(rig, 0))
  expect(rig.syncs).toBe(0)
  return status
}

describe('SET_WRITEBACK', () => {
  it('as virtio has it takes effect at once: later writes are stable, earlier ones stay what they were', () => {
    const rig = new Rig({mode: 'none'})
    const early = rig.write(0)
    expect(rig.status(rig.wish('SET_WRITEBACK', 0))).toBe('OK')
    expect(rig.engine.writeCache).toBe(false)
    const late = rig.write(1)
    expect(rig.outstanding).toEqual([`write ${early}`, `write dsync ${late}`])
    rig.settle()
    expect(rig.syncs).toBe(0)
    expect(rig.events.filter((event) => event.kind === 'complete')).toMatchObject([
      {id: 2},
      {id: early, stable: false},
      {id: late, stable: true},
    ])
    rig.wish('SET_WRITEBACK', FLAG_ON)
    const last = rig.write(2)
    expect(rig.outstanding).toEqual([`write ${last}`])
    rig.settle()
  })

  it('as SCSI and ATA have it drains and flushes before the cache is off', () => {
    const rig = new Rig({mode: 'none', link: {writeCacheSwitch: 'flushes'}})
    const early = rig.write(0)
    const off = rig.wish('SET_WRITEBACK', 0)
    expect(rig.outstanding).toEqual([`write ${early}`])
    rig.end(early)
    expect([rig.outstanding, rig.engine.writeCache]).toEqual([['sync'], true])
    rig.endSync()
    expect([rig.status(off), rig.engine.writeCache]).toEqual(['OK', false])
    const late = rig.write(1)
    expect(rig.outstanding).toEqual([`write dsync ${late}`])
    rig.settle()
  })

  it('leaves the cache on when the flush fails, and flushes nothing when it switches it on', () => {
    const rig = new Rig({mode: 'none', link: {writeCacheSwitch: 'flushes'}})
    expect(rig.status(rig.wish('SET_WRITEBACK', FLAG_ON))).toBe('OK')
    expect(rig.syncs).toBe(0)
    const off = rig.wish('SET_WRITEBACK', 0)
    rig.endSync(-5)
    expect([rig.endings.get(off), rig.engine.writeCache]).toEqual([{status: 'IOERR', errno: 5}, true])
  })

  it('is refused where there is no such switch', () => {
    const rig = new Rig({link: {writeCacheSwitch: 'impossible'}})
    expect([rig.status(rig.wish('SET_WRITEBACK', 0)), rig.engine.writeCache]).toEqual(['UNSUPP', true])
  })

  it('through the page cache makes later writes stable with a sync behind each', () => {
    const rig = new Rig({mode: 'writeback'})
    rig.wish('SET_WRITEBACK', 0)
    const write = rig.write(0)
    rig.end(write)
    expect([rig.status(write), rig.outstanding]).toEqual([undefined, ['sync']])
    rig.settle()
  })
})

describe('flush requests', () => {
  it('E15: of every kind, 100 of them while one sync runs, are answered by exactly one more', () => {
    const rig = new Rig()
    rig.end(rig.write(0))
    rig.flush()
    const ids = Array.from({length: 25}, () => [
      ...[rig.flush(), rig.wish('FSYNC'), fsyncRange(rig, 0, 1, RANGE_SYNC), rig.wish('FLUSH_OUT')],
    ]).flat()
    expect(rig.syncs).toBe(1)
    rig.endSync()
    expect(rig.syncs).toBe(2)
    rig.endSync()
    expect([ids.length, new Set(ids.map((id) => rig.status(id)))]).toEqual([100, new Set(['OK'])])
    expect(rig.syncs).toBe(2)
  })
})
