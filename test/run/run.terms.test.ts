import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {mayEnableCache, maySwitchCache} from '../../src/run/cache-switch.js'
import type {RunResult} from '../../src/run/result.js'
import {Scene} from '../image/scene.js'
import {guestWith, runLines, statementsOf} from './batch-run.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

function codes({hazards}: RunResult): string[] {
  return hazards.map(({code}) => code)
}

describe('the sync before closing', () => {
  it('is the host’s, and needs no flush command of the device', async () => {
    const path = scene.file('disk.img', 1 << 20)
    const guest = guestWith('virtio-blk', 'today', {features: []})
    const result = await runLines(['OUT 0 4k', 'FLUSH expect=UNSUPP'], {path, aio: 'threads', guest})
    expect(result).toMatchObject({closingSync: 'done', closingErrno: 0, atRisk: {powerLoss: {bytes: 4096}}})
  })
})

describe('a request that may switch the write cache', () => {
  const requests = (lines: readonly string[]): boolean[][] =>
    statementsOf(lines).map((statement) =>
      statement.kind === 'request' ? [maySwitchCache(statement.request), mayEnableCache(statement.request)] : [],
    )

  it('is SET writeback, or a MODE SELECT, whose data nobody looks at in advance', () => {
    expect(requests(['SET writeback=0', 'SET writeback=1', 'SCSI 151000001400', 'OUT 0 512'])).toEqual([
      [true, false],
      [true, true],
      [true, true],
      [false, false],
    ])
    expect(requests(['SCSI 55100000000000001400', 'SCSI 1a000800ff00'])).toEqual([
      [true, true],
      [false, false],
    ])
  })

  it('is answered before anything behind it is submitted, at any depth', async () => {
    const result = await runLines(['OUT 0 4k', 'SET writeback=0', 'OUT 4k 4k', 'OUT 8k 4k'], {depth: 8})
    expect([...result.outcomes].map(({stable}) => stable.by)).toEqual(['none', 'none', 'fua', 'fua'])
  })
})

describe('a plain switch of the write cache', () => {
  it('makes nothing stable, and whoever asks for a flush afterwards gets one', async () => {
    for (const ask of ['FSYNC', 'FSYNC_RANGE 0 0 sync', 'OUT 8k 512 preflush', 'FLUSH']) {
      const result = await runLines(['OUT 0 4k', 'SET writeback=0', ask])
      expect([ask, result.atRisk.powerLoss.bytes, codes(result)]).toEqual([ask, 0, []])
    }
  })
})

describe('a driver that never flushes, under a mode that syncs each write', () => {
  it('leaves nothing volatile: a NOTIFY is answered, and FUA is not missed', async () => {
    const lines = ['OUT 0 4k', 'NOTIFY 0 4k', 'OUT 0 4k fua', 'FSYNC']
    const result = await runLines(lines, {mode: 'writethrough', guest: guestWith('xen-blkback', '2009')})
    expect([...result.outcomes].map(({status}) => status)).toEqual(['OK', 'OK', 'OK', 'OK'])
    expect([codes(result), result.commands.flushesNotSent]).toEqual([[], 0])
  })
})

describe('FUA behind a device that has none', () => {
  it('is a write and a flush, and the flush covers what had completed before', async () => {
    const result = await runLines(['OUT 0 4k', 'OUT 8k 4k fua', 'OUT 16k 4k'], {guest: guestWith('virtio-blk')})
    expect([...result.outcomes].map(({stable}) => [stable.by, stable.request])).toEqual([
      ['flush', 2],
      ['fua', null],
      ['none', null],
    ])
    expect(result).toMatchObject({commands: {flushes: 1}, atRisk: {powerLoss: {bytes: 4096}}})
  })

  it('says nothing of what was in flight beside it, nor does FUA that travels with the write', async () => {
    const lines = ['OUT 0 4k', 'OUT 8k 4k fua']
    const beside = await runLines(lines, {guest: guestWith('virtio-blk'), depth: 2})
    expect([...beside.outcomes].map(({stable}) => stable.by)).toEqual(['none', 'fua'])
    const travels = await runLines(lines, {guest: guestWith('scsi')})
    expect([...travels.outcomes].map(({stable}) => stable.by)).toEqual(['none', 'fua'])
  })
})

describe('hazards of requests that are no FLUSH', () => {
  it('under unsafe an FSYNC_RANGE and a SCSI write with FUA are ignored, and named', async () => {
    const range = await runLines(['OUT 0 4k', 'FSYNC_RANGE 0 4k sync'], {mode: 'unsafe'})
    expect(codes(range)).toContain('FLUSH_IGNORED')
    const guest = guestWith('scsi')
    const fua = await runLines(['SCSI 2a080000000000000100 out=0x11', 'SCSI 28080000000000000100 in=512'], {
      mode: 'unsafe',
      guest,
    })
    expect(fua.hazards).toMatchObject([
      {code: 'FLUSH_IGNORED', requests: [2]},
      {code: 'FUA_IGNORED', requests: [1]},
      {code: 'NOT_FLUSHED', requests: [1]},
    ])
  })

  it('a barrier that goes ahead although a write before it was refused is named with it', async () => {
    const lines = ['OUT 8E 512 expect=IOERR', 'OUT 0 512 barrier']
    const result = await runLines(lines, {ordering: 'drain-flush'})
    expect(result.hazards).toContainEqual(expect.objectContaining({code: 'BARRIER_AFTER_ERROR', requests: [1, 2]}))
  })

  it('a barrier under unsafe is not told to flush, which would change nothing', async () => {
    const result = await runLines(['OUT 0 4k', 'OUT 4k 4k barrier', 'FLUSH'], {mode: 'unsafe'})
    const told = result.hazards.find(({code}) => code === 'BARRIER_NOT_PERSISTED')
    expect(told?.message).toContain('unsafe never syncs, so a FLUSH would not help')
    const flushing = await runLines(['OUT 0 4k', 'OUT 4k 4k barrier'], {mode: 'unsafe', ordering: 'drain-flush'})
    expect(codes(flushing)).not.toContain('BARRIER_NOT_PERSISTED')
  })

  it('what a SCSI disk flushes when its cache goes off is no FLUSH that somebody could leave out', async () => {
    const off = 'SCSI 151000001800 out=hex:000000000812000000000000000000000000000000000000'
    const result = await runLines(['OUT 0 4k', off], {mode: 'writethrough', guest: guestWith('scsi')})
    expect([...result.outcomes].map(({scsi}) => scsi?.sense)).toEqual([undefined, undefined])
    expect(codes(result)).toEqual([])
  })

  it('the switch of a SCSI disk that drains the queue is no barrier', async () => {
    const guest = guestWith('scsi', '2009')
    const result = await runLines(['OUT 0 4k', 'SET writeback=1'], {guest})
    expect(codes(result)).toEqual(['NOT_FLUSHED'])
  })
})
