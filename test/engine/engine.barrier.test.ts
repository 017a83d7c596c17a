import {describe, expect, it} from 'vitest'
import type {OrderingName} from '../../src/ordering/index.js'
import {FLAG_BARRIER} from '../../src/request/index.js'
import {Rig, type RigOptions} from './rig.js'

const BARRIER = {flags: FLAG_BARRIER}

/** Submits writes (w), barriers with data (B), empty barriers (E) and reads (r), as the letters say. @returns their ids */
function submitAll(rig: Rig, letters: string): number[] {
  return letters.split('').map((letter, i) => {
    if (letter === 'B') return rig.write(i, BARRIER)
    if (letter === 'E') return rig.flush(BARRIER)
    return letter === 'r' ? rig.read(i) : rig.write(i)
  })
}

function run(letters: string, options: RigOptions): Rig {
  const rig = new Rig(options)
  submitAll(rig, letters)
  rig.settle()
  return rig
}

function expectOrder(rig: Rig, ...lines: string[]): void {
  const places = lines.map((line) => rig.at(line))
  expect(places, `none of ${lines.join(', ')} is missing`).not.toContain(-1)
  expect(places).toEqual(places.toSorted((a, b) => a - b))
}

/** Everything the backend was asked for, in order. */
function steps(rig: Rig): string[] {
  return rig.log.filter((line) => !/^(submit|start|complete)/.test(line))
}

describe('a barrier', () => {
  it('F1: starts when all before it have completed, and holds all behind it until it has completed', () => {
    const rig = run('wwBww', {ordering: 'drain-flush', soleWriter: true})
    expect(steps(rig)).toEqual(['write 1', 'write 2', 'sync', 'write 3', 'sync', 'write 4', 'write 5'])
    expectOrder(rig, 'complete 1 OK', 'start 3', 'complete 3 OK', 'start 4', 'write 4', 'start 5', 'write 5')
    expectOrder(rig, 'complete 2 OK', 'start 3')
    expect(rig.syncs).toBe(2)
  })

  it('F2: holds what is behind it, and the next barrier holds the rest', () => {
    for (const soleWriter of [true, false]) {
      const rig = run('wBwBw', {ordering: 'drain-flush', soleWriter})
      expectOrder(rig, ...[1, 2, 3, 4, 5].flatMap((id) => [`start ${id}`, `complete ${id} OK`]))
      expect(rig.syncs).toBe(4)
    }
  })

  it('F3: runs after the barrier before it; the sync between them is skipped by a sole writer, who knows it syncs nothing', () => {
    const shared = run('BB', {ordering: 'drain-flush', soleWriter: false})
    expect(steps(shared)).toEqual(['sync', 'write 1', 'sync', 'sync', 'write 2', 'sync'])
    const sole = run('BB', {ordering: 'drain-flush', soleWriter: true})
    expect(steps(sole)).toEqual(['sync', 'write 1', 'sync', 'write 2', 'sync'])
    for (const rig of [shared, sole]) expectOrder(rig, 'start 1', 'complete 1 OK', 'start 2', 'complete 2 OK')
  })

  it('F5: is no obstacle any more once it is cancelled while it waits', () => {
    const rig = new Rig({ordering: 'drain-flush'})
    const [w1 = 0, barrier = 0] = submitAll(rig, 'wB')
    expect(rig.cancel(barrier)).toBe('canceled')
    const w2 = rig.write(2)
    expect(rig.outstanding).toEqual([`write ${w1}`, `write ${w2}`])
    rig.settle()
    expect([w1, barrier, w2].map((id) => rig.status(id))).toEqual(['OK', 'CANCELED', 'OK'])
    expect(rig.syncs).toBe(0)
  })

  it('lets go of what it holds when it is cancelled', () => {
    const rig = new Rig()
    submitAll(rig, 'wBww')
    expect(rig.outstanding).toEqual(['write 1'])
    expect(rig.cancel(2)).toBe('canceled')
    expect(rig.outstanding).toEqual(['write 1', 'write 3', 'write 4'])
    rig.settle()
  })

  it('can be cancelled behind another barrier, with requests behind both cancelled too', () => {
    const rig = new Rig({ordering: 'drain-flush'})
    submitAll(rig, 'wBwBww')
    expect([6, 4, 3].map((id) => rig.cancel(id))).toEqual(['canceled', 'canceled', 'canceled'])
    rig.settle()
    expect([1, 2, 3, 4, 5, 6].map((id) => rig.status(id))).toEqual([
      ...['OK', 'OK', 'CANCELED', 'CANCELED', 'OK', 'CANCELED'],
    ])
  })

  it('cannot be cancelled once it has started, not even before its data is written', () => {
    const rig = new Rig({ordering: 'drain-flush'})
    submitAll(rig, 'B')
    expect(rig.outstanding).toEqual(['sync'])
    expect(rig.cancel(1)).toBe('not-canceled')
    rig.settle()
    expect([rig.status(1), rig.cancel(1)]).toEqual(['OK', 'done'])
  })

  it('F8: fails when the sync before its data fails, and its data is not written', () => {
    const rig = new Rig({ordering: 'drain-flush'})
    submitAll(rig, 'wBw')
    rig.end(1)
    rig.endSync(-5)
    expect(rig.endings.get(2)).toEqual({status: 'IOERR', errno: 5})
    rig.settle()
    expect(steps(rig)).toEqual(['write 1', 'sync', 'write 3'])
    expect(rig.status(3)).toBe('OK')
  })

  it('fails when the sync behind its data fails', () => {
    const rig = new Rig({ordering: 'drain-flush'})
    submitAll(rig, 'B')
    rig.endSync()
    rig.end(1)
    rig.endSync(-5)
    expect(rig.endings.get(1)).toEqual({status: 'IOERR', errno: 5})
    expect(rig.events.at(-1)).toMatchObject({stable: false})
  })

  it('F9: only drains when it carries nothing that could be synced', () => {
    const rig = new Rig({ordering: 'drain-flush'})
    const write = rig.write(0)
    const id = rig.submit('GET_ID', 0, 20, BARRIER)
    const behind = rig.write(1)
    expect([rig.outstanding, rig.status(id)]).toEqual([[`write ${write}`], undefined])
    rig.end(write)
    expect([rig.outstanding, rig.status(id)]).toEqual([[`write ${behind}`], 'OK'])
    rig.settle()
    expect(rig.syncs).toBe(0)
  })

  it('F10: is waited for by reads too, however fast they would be', () => {
    const rig = new Rig({ordering: 'drain-flush'})
    const ids = submitAll(rig, `${'w'.repeat(64)}Br`)
    expect(rig.outstanding).toEqual(ids.slice(0, 64).map((id) => `write ${id}`))
    rig.settle()
    expectOrder(rig, 'complete 65 OK', 'start 66')
  })

  it('F12: leaves nothing behind once all has ended, so that whatever comes after a pause starts at once', () => {
    const rig = run('wBwBE', {ordering: 'drain-flush'})
    expect([rig.engine.pending, rig.outstanding]).toEqual([0, []])
    const ids = submitAll(rig, 'wBr')
    expect(rig.outstanding).toEqual([`write ${ids[0]}`])
    rig.settle()
    expect(ids.map((id) => rig.status(id))).toEqual(['OK', 'OK', 'OK'])
  })

  it('F13: is kept under none and writethrough too, where the engine of 2009 reported no support for barriers', () => {
    for (const mode of ['none', 'writethrough'] as const) {
      const rig = run('wBw', {mode, ordering: 'drain-flush'})
      expectOrder(rig, 'complete 1 OK', 'start 2', 'complete 2 OK', 'start 3')
      expect(rig.syncs).toBeGreaterThanOrEqual(2)
    }
  })

  it('starts what it held in the order of submission, and lets it run together', () => {
    const rig = new Rig()
    submitAll(rig, 'Bwrw')
    rig.end(1)
    expect(rig.outstanding).toEqual(['write 2', 'read 3', 'write 4'])
    rig.settle()
  })

  it('is written although a write before it failed: it orders, it does not depend', () => {
    const rig = new Rig()
    submitAll(rig, 'wB')
    rig.end(1, -5)
    rig.settle()
    expect([rig.status(1), rig.status(2)]).toEqual(['IOERR', 'OK'])
  })

  it('holds what is behind it while it waits for a request it depends on', () => {
    const rig = new Rig()
    const write = rig.write(0)
    const barrier = rig.write(1, {...BARRIER, after: [write]})
    const behind = rig.write(2)
    expect(rig.outstanding).toEqual([`write ${write}`])
    rig.end(write, -5)
    expect([rig.status(barrier), rig.outstanding]).toEqual(['CANCELED', [`write ${behind}`]])
    rig.settle()
  })

  it('belongs to one image: an engine on another image is not drained by it', () => {
    const [one, other] = [new Rig({ordering: 'drain-flush'}), new Rig({ordering: 'drain-flush'})]
    submitAll(one, 'wB')
    submitAll(other, 'w')
    expect(other.outstanding).toEqual(['write 1'])
    one.settle()
    other.settle()
    expect(other.syncs).toBe(0)
  })
})

describe('what a barrier costs under each policy', () => {
  const orderings: [OrderingName, string[]][] = [
    ['drain', ['write 1', 'write 2', 'write 3']],
    ['drain-flush', ['write 1', 'sync', 'write 2', 'sync', 'write 3']],
    ['drain-fua', ['write 1', 'sync', 'write dsync 2', 'write 3']],
  ]
  for (const [ordering, expected] of orderings) {
    it(`E11: ${ordering} with data is ${expected.join(', ')}`, () => {
      const rig = run('wBw', {ordering, soleWriter: true, mode: 'none'})
      expect(steps(rig)).toEqual(expected)
      expect(rig.at('start 3')).toBeGreaterThan(rig.at('complete 2 OK'))
    })
  }

  it('E12: none with data is refused, and nothing is written', () => {
    const rig = run('wBw', {ordering: 'none', soleWriter: true, mode: 'none'})
    expect(steps(rig)).toEqual(['write 1', 'write 3'])
    expect(rig.endings.get(2)).toEqual({status: 'UNSUPP', errno: 0})
  })

  it('E9: an empty barrier that flushes is exactly one sync', () => {
    for (const ordering of ['drain-flush', 'drain-fua'] as const) {
      expect(steps(run('wE', {ordering}))).toEqual(['write 1', 'sync'])
    }
  })

  it('E10: an empty barrier that only drains waits for what is in flight, and asks for nothing', () => {
    const rig = new Rig({ordering: 'drain'})
    const write = rig.write(0)
    const empty = rig.submit('OUT', 0, 0, BARRIER)
    expect(rig.status(empty)).toBeUndefined()
    rig.end(write)
    expect([rig.status(empty), steps(rig)]).toEqual(['OK', ['write 1']])
  })

  it('is nothing but the drain where the mode ignores every wish for stability', () => {
    for (const ordering of ['drain-flush', 'drain-fua'] as const) {
      const rig = run('wBE', {ordering, mode: 'unsafe'})
      expect(steps(rig)).toEqual(['write 1', 'write 2'])
      expectOrder(rig, 'complete 1 OK', 'start 2')
    }
  })
})

describe('cancelling', () => {
  it('tells apart what has not started, what has, and what has ended', () => {
    const rig = new Rig()
    const running = rig.write(0)
    const waiting = rig.write(1, {after: [running]})
    expect(rig.cancel(running)).toBe('not-canceled')
    expect(rig.cancel(waiting)).toBe('canceled')
    expect(rig.cancel(waiting)).toBe('done')
    rig.end(running)
    expect(rig.cancel(running)).toBe('done')
    expect([rig.status(running), rig.status(waiting)]).toEqual(['OK', 'CANCELED'])
  })

  it('of everything that waits leaves what is in flight alone, and reports each once', () => {
    const rig = new Rig()
    const running = rig.write(0)
    const barrier = rig.write(1, BARRIER)
    const behind = rig.write(2)
    rig.write(3, {after: [behind]})
    expect(rig.engine.cancelQueued()).toBe(3)
    rig.tick()
    expect(rig.outstanding).toEqual([`write ${running}`])
    rig.settle()
    expect([...rig.endings.values()].map(({status}) => status).toSorted()).toEqual([
      ...['CANCELED', 'CANCELED', 'CANCELED', 'OK'],
    ])
    expect(rig.status(barrier)).toBe('CANCELED')
    expect([rig.engine.cancelQueued(), rig.backend.steps.length]).toEqual([0, 1])
  })
})
