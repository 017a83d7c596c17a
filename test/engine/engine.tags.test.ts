import {describe, expect, it} from 'vitest'
import type {CacheModeName} from '../../src/cache-mode/index.js'
import type {OrderingName} from '../../src/ordering/index.js'
import {FLAG_BARRIER, FLAG_BARRIER_BIT, FLAG_FUA, RANGE_AFTER} from '../../src/request/index.js'
import {Rig, type RigOptions} from './rig.js'

const BARRIER = {flags: FLAG_BARRIER}

function tagRig(ordering: OrderingName, options: RigOptions = {}): Rig {
  return new Rig({ordering, mode: 'none', ordersTags: true, ...options})
}

/** Everything the backend was asked for, in order. */
function steps(rig: Rig): string[] {
  return rig.backend.steps.map((step) => rig.describe(step))
}

/** The steps of a barrier write (1) by policy and mode: semantics 5.2, `→` between all of them, and 3.7 for each mode. */
const WITH_DATA: readonly (readonly [OrderingName, CacheModeName, readonly string[]])[] = [
  ['tag', 'none', ['tagged write 1']],
  ['tag', 'writeback', ['tagged write 1']],
  ['tag', 'directsync', ['tagged write 1']],
  ['tag', 'unsafe', ['tagged write 1']],
  ['tag-flush', 'none', ['tagged sync', 'tagged write 1', 'tagged sync']],
  ['tag-flush', 'writeback', ['tagged sync', 'tagged write 1', 'tagged sync']],
  ['tag-flush', 'directsync', ['tagged sync', 'tagged write 1', 'tagged sync']],
  ['tag-flush', 'unsafe', ['tagged write 1']],
  ['tag-fua', 'none', ['tagged sync', 'tagged write dsync 1']],
  // Through the page cache, with more than one in flight, a single stable write is not to be trusted: a sync follows it.
  ['tag-fua', 'writeback', ['tagged sync', 'tagged write 1', 'tagged sync']],
  ['tag-fua', 'directsync', ['tagged sync', 'tagged write 1']],
  ['tag-fua', 'unsafe', ['tagged write 1']],
]

describe('a tagged barrier', () => {
  it.each(WITH_DATA)(
    'E11: with data, %s under %s: all its steps are with the device at once',
    (ordering, mode, expected) => {
      const rig = tagRig(ordering, {mode})
      const barrier = rig.write(0, BARRIER)
      expect(rig.outstanding).toEqual(expected)
      rig.settle()
      expect([rig.status(barrier), steps(rig)]).toEqual(['OK', expected])
    },
  )

  it('starts beside what is in flight, and holds nothing behind it', () => {
    const rig = tagRig('tag-flush')
    rig.write(0)
    rig.write(1, BARRIER)
    rig.write(2)
    rig.read(3)
    expect(rig.outstanding).toEqual(['write 1', 'tagged sync', 'tagged write 2', 'tagged sync', 'write 3', 'read 4'])
    rig.settle()
  })

  it('E8: without data under tag asks the device for nothing and succeeds, once what is before it has ended', () => {
    const rig = tagRig('tag')
    const write = rig.write(0)
    const empty = rig.wish('BARRIER')
    const behind = rig.write(1)
    expect([rig.status(empty), rig.outstanding]).toEqual([undefined, [`write ${write}`]])
    rig.end(write)
    expect([rig.status(empty), rig.outstanding]).toEqual(['OK', [`write ${behind}`]])
    rig.settle()
    expect(rig.syncs).toBe(0)
  })

  it('E8: is the same for a write of no length', () => {
    const rig = tagRig('tag')
    const write = rig.write(0)
    const empty = rig.submit('OUT', 0, 0, BARRIER)
    expect(rig.status(empty)).toBeUndefined()
    rig.end(write)
    expect([rig.status(empty), steps(rig)]).toEqual(['OK', [`write ${write}`]])
  })

  it.each(['tag-flush', 'tag-fua', 'drain-flush', 'drain-fua'] as const)(
    'E9: without data under %s is exactly one flush',
    (ordering) => {
      const rig = tagRig(ordering)
      const write = rig.write(0)
      const empty = rig.wish('BARRIER')
      const behind = ordering.startsWith('tag') ? ['tagged sync'] : []
      expect(rig.outstanding).toEqual([`write ${write}`, ...behind])
      rig.settle()
      expect([rig.status(empty), rig.syncs]).toEqual(['OK', 1])
    },
  )

  it('E10: without data under drain asks for nothing, and waits for what is in flight', () => {
    const rig = tagRig('drain')
    const write = rig.write(0)
    const empty = rig.wish('BARRIER')
    expect(rig.status(empty)).toBeUndefined()
    rig.end(write)
    expect([rig.status(empty), rig.syncs]).toEqual(['OK', 0])
  })

  it('E12: is refused, with data and without, where the policy is none', () => {
    const rig = tagRig('none')
    const ids = [rig.write(0, BARRIER), rig.wish('BARRIER'), rig.flush(BARRIER)]
    expect(ids.map((id) => rig.status(id))).toEqual(['UNSUPP', 'UNSUPP', 'UNSUPP'])
    expect(steps(rig)).toEqual([])
  })

  it('drains where its flush is ignored or never sent: no step is left to keep the order', () => {
    const unsafe: RigOptions = {mode: 'unsafe'}
    const flushless: RigOptions = {link: {driverFlushes: false}}
    for (const options of [unsafe, flushless]) {
      const rig = tagRig('tag-flush', options)
      const write = rig.write(0)
      const [empty, behind] = [rig.wish('BARRIER'), rig.write(1)]
      expect([rig.status(empty), rig.outstanding]).toEqual([undefined, [`write ${write}`]])
      rig.settle()
      expect([rig.status(empty), rig.status(behind), rig.syncs]).toEqual(['OK', 'OK', 0])
    }
  })

  it('may be a read: it goes to the device as a tag too', () => {
    const rig = tagRig('tag')
    rig.write(0)
    rig.read(0, BARRIER)
    rig.write(0)
    expect(rig.outstanding).toEqual(['write 1', 'tagged read 2', 'write 3'])
    rig.settle()
  })

  it('drains when it is a GET_ID, which has no step', () => {
    const rig = tagRig('tag-flush')
    const write = rig.write(0)
    const id = rig.submit('GET_ID', 0, 20, BARRIER)
    expect(rig.status(id)).toBeUndefined()
    rig.end(write)
    expect([rig.status(id), rig.syncs]).toEqual(['OK', 0])
  })

  it('drains when its data is finer than the alignment: a read, a change and a write do not stay together', () => {
    const rig = tagRig('tag-flush', {alignmentBytes: 4096})
    const before = rig.submit('OUT', 8192, 4096)
    const barrier = rig.write(1, BARRIER)
    const behind = rig.submit('OUT', 16384, 4096)
    expect(rig.outstanding).toEqual([`write ${before}`])
    rig.settle()
    const [b, w] = [barrier, behind]
    expect(steps(rig)).toEqual([`write ${before}`, 'sync', `read ${b}`, `write ${b}`, 'sync', `write ${w}`])
  })

  it('drains when its zeroes have to be written piece by piece', () => {
    const rig = tagRig('tag-flush', {canZero: false, image: new Uint8Array(3 << 20)})
    const long = rig.submit('WRITE_ZEROES', 0, (2 << 20) + 512, BARRIER)
    rig.settle()
    expect(steps(rig)).toEqual(['sync', `write ${long}`, `write ${long}`, `write ${long}`, 'sync'])
    const short = rig.submit('WRITE_ZEROES', 0, 512, BARRIER)
    expect(rig.outstanding).toEqual(['tagged sync', `tagged write ${short}`, 'tagged sync'])
    rig.settle()
    rig.engine.close()
    expect(rig.backend.memories).toBe(0)
  })

  it('is obeyed as a drain where the BARRIER bit of the request asks for that too', () => {
    const rig = tagRig('tag')
    const write = rig.write(0)
    const barrier = rig.write(1, {flags: FLAG_BARRIER_BIT})
    expect(rig.outstanding).toEqual([`write ${write}`])
    rig.settle()
    expect(rig.status(barrier)).toBe('OK')
  })
})

describe('a tagged barrier waits', () => {
  it('for the one before it, and what is behind it waits with it', () => {
    const rig = tagRig('tag')
    const [first, second, behind] = [rig.write(0, BARRIER), rig.write(1, BARRIER), rig.write(2)]
    expect(rig.outstanding).toEqual([`tagged write ${first}`])
    rig.end(first)
    expect(rig.outstanding).toEqual([`tagged write ${second}`, `write ${behind}`])
    rig.settle()
  })

  it('while an earlier request has a sync to come', () => {
    const rig = tagRig('tag', {canDsync: false})
    const fua = rig.write(0, {flags: FLAG_FUA})
    const barrier = rig.write(1, BARRIER)
    expect(rig.outstanding).toEqual([`write ${fua}`])
    rig.end(fua)
    expect(rig.outstanding).toEqual(['sync'])
    rig.endSync()
    expect(rig.outstanding).toEqual([`tagged write ${barrier}`])
    rig.settle()
  })

  it('while an earlier request is carried through a bounce', () => {
    const rig = tagRig('tag', {alignmentBytes: 4096})
    const fine = rig.write(1)
    const barrier = rig.submit('OUT', 8192, 4096, BARRIER)
    expect(rig.outstanding).toEqual([`read ${fine}`])
    rig.end(fine)
    expect(rig.outstanding).toEqual([`write ${fine}`])
    rig.end(fine)
    expect(rig.outstanding).toEqual([`tagged write ${barrier}`])
    rig.settle()
  })

  it('while earlier zeroes have pieces to come, and after they had to take another way', () => {
    const rig = tagRig('tag', {image: new Uint8Array(3 << 20)})
    const zeroes = rig.submit('WRITE_ZEROES', 0, 2 << 20)
    rig.end(zeroes, -95)
    const barrier = rig.write(0, BARRIER)
    expect(rig.outstanding).toEqual([`write ${zeroes}`])
    rig.end(zeroes)
    expect(rig.outstanding).toEqual([`write ${zeroes}`, `tagged write ${barrier}`])
    rig.settle()
    expect([rig.status(zeroes), rig.status(barrier)]).toEqual(['OK', 'OK'])
  })

  it('while the device has no room for what is before it, or for all of its own steps; what is behind it waits for those', () => {
    const rig = tagRig('tag-flush', {capacity: 1})
    const [before, barrier, behind] = [rig.write(0), rig.write(1, BARRIER), rig.write(2)]
    rig.settle()
    expect(steps(rig)).toEqual([
      ...[`write ${before}`, 'tagged sync', `tagged write ${barrier}`, 'tagged sync', `write ${behind}`],
    ])
    expect([...rig.endings.values()].map(({status}) => status)).toEqual(['OK', 'OK', 'OK'])
  })

  it('for a FLUSH before it to end: its sync is not its own', () => {
    const rig = tagRig('tag')
    rig.flush()
    const barrier = rig.write(0, BARRIER)
    expect(rig.outstanding).toEqual(['sync'])
    rig.endSync()
    expect(rig.outstanding).toEqual([`tagged write ${barrier}`])
    rig.settle()
  })

  it('no longer once it is cancelled: the rest goes on', () => {
    const rig = tagRig('tag')
    const first = rig.write(0, BARRIER)
    const [second, behind, third] = [rig.write(1, BARRIER), rig.write(2), rig.write(3, BARRIER)]
    expect(rig.cancel(second)).toBe('canceled')
    expect(rig.outstanding).toEqual([`tagged write ${first}`, `write ${behind}`])
    rig.settle()
    expect([second, third].map((id) => rig.status(id))).toEqual(['CANCELED', 'OK'])
  })
})

describe('when something fails around a tagged barrier', () => {
  it('the barrier goes on although a write before it failed: the error hole', () => {
    const rig = tagRig('tag-flush')
    const [write, barrier] = [rig.write(0), rig.write(1, BARRIER)]
    rig.end(write, -5)
    rig.settle()
    expect([rig.endings.get(write), rig.status(barrier)]).toEqual([{status: 'IOERR', errno: 5}, 'OK'])
  })

  it('its first error is its status, and it ends with its last step', () => {
    const rig = tagRig('tag-flush')
    const barrier = rig.write(0, BARRIER)
    rig.endSync(-28)
    rig.end(barrier, -5)
    expect(rig.status(barrier)).toBeUndefined()
    rig.endSync()
    expect(rig.endings.get(barrier)).toEqual({status: 'IOERR', errno: 28})
    expect(rig.events.at(-1)).toMatchObject({kind: 'complete', stable: false})
  })

  it('its own data failing is its status, and poisons nothing', () => {
    const rig = tagRig('tag-flush')
    const barrier = rig.write(0, BARRIER)
    rig.end(barrier, -5)
    rig.settle()
    expect([rig.endings.get(barrier), rig.engine.poison]).toEqual([{status: 'IOERR', errno: 5}, 0])
  })

  it('a failed ordered sync poisons: every later flush fails, and the next barrier writes nothing', () => {
    const rig = tagRig('tag-flush')
    rig.write(0, BARRIER)
    rig.endSync(-5)
    rig.settle()
    const before = steps(rig).length
    const ids = [rig.flush(), rig.write(1, BARRIER), rig.wish('BARRIER')]
    expect(ids.map((id) => rig.endings.get(id))).toEqual(ids.map(() => ({status: 'IOERR', errno: 5})))
    expect(steps(rig)).toHaveLength(before)
  })

  it('its syncs are not believed when a stable write before it has reported the loss', () => {
    const rig = tagRig('tag-fua')
    const fua = rig.write(0, {flags: FLAG_FUA})
    const barrier = rig.write(1, BARRIER)
    rig.end(fua, -5)
    rig.settle()
    expect(rig.endings.get(barrier)).toEqual({status: 'IOERR', errno: 5})
  })

  it('what was not given to the device when its first step failed stays here', () => {
    const rig = tagRig('tag-flush', {capacity: 1})
    const barrier = rig.write(0, BARRIER)
    rig.endSync(-5)
    rig.settle()
    expect([rig.endings.get(barrier), steps(rig)]).toEqual([{status: 'IOERR', errno: 5}, ['tagged sync']])
  })

  it('a short or interrupted transfer of its own fails: the rest would come behind what it was to precede', () => {
    for (const [result, errno] of [
      [512, 5],
      [-4, 4],
    ]) {
      const rig = tagRig('tag')
      const barrier = rig.submit('OUT', 0, 1024, BARRIER)
      rig.end(barrier, result)
      expect(rig.endings.get(barrier)).toEqual({status: 'IOERR', errno})
      expect(rig.backend.steps).toHaveLength(1)
    }
  })

  it('so does one before it that the device has ended after it got the barrier, whatever it stopped for', () => {
    for (const [name, result, errno] of [
      ['OUT', 512, 5],
      ['OUT', -11, 11],
      ['WRITE_ZEROES', -95, 95],
    ] as const) {
      const rig = tagRig('tag')
      const before = rig.submit(name, 0, 1024)
      const barrier = rig.write(9, BARRIER)
      rig.end(before, result)
      expect(rig.endings.get(before)).toEqual({status: 'IOERR', errno})
      rig.settle()
      expect([rig.status(barrier), rig.backend.steps.length]).toEqual(['OK', 2])
    }
  })

  it('a discard that cannot be done is left undone there too', () => {
    const rig = tagRig('tag')
    const discard = rig.submit('DISCARD', 0, 1024)
    rig.write(9, BARRIER)
    rig.end(discard, -95)
    expect(rig.status(discard)).toBe('OK')
    rig.settle()
  })

  it('a short transfer without a barrier behind it goes on as ever', () => {
    const rig = tagRig('tag')
    const write = rig.submit('OUT', 0, 1024)
    rig.end(write, 512)
    rig.write(9, BARRIER)
    expect(rig.outstanding).toEqual([`write ${write}`, 'tagged write 2'])
    rig.settle()
    expect(rig.status(write)).toBe('OK')
  })

  it('a short transfer that waits for room keeps a barrier waiting', () => {
    const rig = tagRig('tag', {capacity: 1})
    const write = rig.submit('OUT', 0, 1024)
    rig.backend.capacity = 0
    rig.end(write, 512)
    const barrier = rig.write(9, BARRIER)
    expect(rig.at(`start ${barrier}`)).toBe(-1)
    rig.backend.capacity = 8
    rig.tick()
    expect(rig.outstanding).toEqual([`write ${write}`, `tagged write ${barrier}`])
    rig.settle()
    expect([rig.status(write), rig.status(barrier)]).toEqual(['OK', 'OK'])
  })
})

describe('a tagged barrier and an order between ranges', () => {
  it('give the barrier the sync that the order asks for, as a tag before its data', () => {
    const rig = tagRig('tag')
    rig.end(rig.write(0))
    rig.submit('FSYNC_RANGE', 0, 512, {flags: RANGE_AFTER})
    const barrier = rig.write(1, BARRIER)
    expect(rig.outstanding).toEqual(['tagged sync', `tagged write ${barrier}`])
    rig.settle()
  })
})
