import {readFileSync} from 'node:fs'
import {describe, expect, it} from 'vitest'
import {ThreadsBackend} from '../../src/aio/threads/backend.js'
import {FLAG_BARRIER, FLAG_BARRIER_BIT, FLAG_FUA, FLAG_UNMAP} from '../../src/request/index.js'
import {Engine} from '../../src/engine/index.js'
import {realImage} from '../aio/real-image.js'
import type {SubmitEvent} from '../../src/trace/index.js'
import {ManualBackend} from './manual-backend.js'
import {engineOptions, memoryOf, Rig} from './rig.js'

describe('an engine', () => {
  it('moves the data of OUT and IN between memory and image, from where it was told', () => {
    const rig = new Rig()
    const memory = memoryOf(2048, 7)
    const write = rig.submit('OUT', 1024, 1024, {memory, memoryOffset: 512})
    rig.end(write)
    expect([...new Set(rig.backend.image.subarray(1024, 2048))]).toEqual([7])
    expect([rig.backend.image[1023], rig.backend.image[2048]]).toEqual([0, 0])
    const target = memoryOf(2048, 1)
    rig.end(rig.submit('IN', 1536, 1024, {memory: target, memoryOffset: 1024}))
    expect([0, 1023, 1024, 1535, 1536, 2047].map((at) => target.bytes[at])).toEqual([1, 1, 7, 7, 0, 0])
  })

  it('has room for as many requests as its depth until they are released', () => {
    const backend = new ManualBackend({tokens: 3})
    const engine = engineOn(backend, 2)
    const submit = (): number => engine.submit(1, 0, 0, 512, memoryOf(512), 0)
    expect([engine.room, submit(), submit(), submit()]).toEqual([2, 0, 1, -1])
    expect([engine.room, engine.pending, engine.nextId]).toEqual([0, 2, 3])
    for (const step of backend.outstanding.slice()) backend.end(step)
    expect(engine.tick(false)).toBeUndefined()
    expect([engine.pending, submit()]).toEqual([0, -1])
    engine.release(engine.takeDone())
    expect(engine.room).toBe(1)
    expect(submit()).toBeGreaterThanOrEqual(0)
  })

  it('measures latency from acceptance to completion by the clock of its backend', () => {
    const backend = new ManualBackend({tokens: 3})
    const engine = engineOn(backend, 2)
    backend.clockNs = 1000
    expect(engine.readClock()).toBe(1000)
    const slot = engine.submit(1, 0, 0, 512, memoryOf(512), 0)
    backend.clockNs = 1750
    for (const step of backend.outstanding.slice()) backend.end(step)
    expect(engine.tick(false)).toBeUndefined()
    expect([engine.takeDone(), engine.latencyNsOf(slot), engine.takeDone()]).toEqual([slot, 750, -1])
  })

  it('waits on the event loop only where its backend does, and until a step has ended', async () => {
    const image = realImage(1 << 16)
    try {
      const backend = new ThreadsBackend(image.fd, image.dsyncFd, 3)
      const engine = new Engine({...engineOptions(new ManualBackend()), backend, depth: 2})
      expect(engine.tick(true)).toBeUndefined() // nothing is in flight
      const memory = memoryOf(4096, 5)
      const write = engine.submit(1, 0, 8192, 4096, memory, 0)
      expect(engine.tick(false)).toBeUndefined()
      const waiting = engine.tick(true)
      expect(waiting).toBeInstanceOf(Promise)
      await waiting
      expect([engine.takeDone(), engine.statusOf(write), engine.pending]).toEqual([write, 0, 0])
      engine.release(write)
      expect(new Set(readFileSync(image.path).subarray(8192, 12288))).toEqual(new Set([5]))
      engine.close()
      await backend.close()
    } finally {
      image.remove()
    }
  })

  it('hands out what is done in order of completion', () => {
    const rig = new Rig()
    const ids = [0, 1, 2, 3].map((sector) => rig.write(sector))
    const order = [2, 0, 3, 1].map((i) => ids[i] ?? 0)
    for (const id of order) rig.end(id)
    expect([...rig.endings.keys()]).toEqual(order)
  })

  it('refuses by an internal error what its owner must not do', () => {
    const backend = new ManualBackend({tokens: 3})
    expect(() => engineOn(backend, 3)).toThrow(/takes 3 steps, depth 3/)
    expect(() => engineOn(backend, 0)).toThrow(/depth 0/)
    expect(() => engineOn(backend, 1.5)).toThrow(/depth 1.5/)
    const engine = engineOn(backend, 2)
    const slot = engine.submit(1, 0, 0, 512, memoryOf(512), 0)
    expect(() => engine.release(slot)).toThrow(/before it is done/)
    expect(() => engine.close()).toThrow(/pending/)
  })

  it('gives back every memory it made when it is closed', () => {
    const rig = new Rig({alignmentBytes: 4096, canZero: false})
    rig.submit('WRITE_ZEROES', 0, 8192)
    rig.submit('WRITE_ZEROES', 512, 512)
    rig.submit('OUT', 20480, 512)
    rig.settle()
    expect(rig.backend.memories).toBe(1)
    rig.engine.close()
    expect(rig.backend.memories).toBe(0)
  })

  it('gives back the bounce memory of a request that failed', () => {
    const rig = new Rig({alignmentBytes: 4096})
    const id = rig.submit('OUT', 512, 512)
    rig.end(id, -5)
    expect([rig.status(id), rig.backend.memories]).toEqual(['IOERR', 0])
  })
})

describe('requests that must not run', () => {
  it('A14: a type nobody knows is UNSUPP, without a step', () => {
    const rig = new Rig()
    for (const type of [2, 3, 6, 7, 9, 10, 12, 14, 16, 17, 0x7fffffff]) {
      expect([type, rig.status(rig.submit(type, 0, 512))]).toEqual([type, 'UNSUPP'])
    }
    expect(rig.backend.steps).toEqual([])
    expect(rig.log.filter((line) => line.startsWith('start'))).toEqual([])
  })

  it('A24: everything that writes is IOERR on a read-only device, without a step', () => {
    const rig = new Rig({readOnly: true})
    const ids = [rig.write(0), rig.submit('DISCARD', 0, 512), rig.submit('WRITE_ZEROES', 0, 512)]
    expect(ids.map((id) => rig.endings.get(id))).toEqual(ids.map(() => ({status: 'IOERR', errno: 0})))
    expect(rig.backend.steps).toEqual([])
  })

  it('A25: IN, FLUSH and GET_ID are OK on a read-only device', () => {
    const rig = new Rig({readOnly: true})
    const ids = [rig.read(0), rig.flush(), rig.submit('GET_ID', 0, 20)]
    rig.settle()
    expect(ids.map((id) => rig.status(id))).toEqual(['OK', 'OK', 'OK'])
  })

  it('A3, A4: a range that ends beyond the device is IOERR, without a step', () => {
    const rig = new Rig({image: new Uint8Array(8192)})
    const ids = [
      rig.submit('IN', 7680, 1024),
      rig.submit('OUT', 8192, 512),
      rig.submit('OUT', 2 ** 64 - 512, 512, {memory: memoryOf(512)}),
      rig.submit('OUT', 8704, 0),
      rig.submit('DISCARD', 0, 8704),
      rig.submit('WRITE_ZEROES', 8192, 512),
    ]
    expect(ids.map((id) => rig.endings.get(id))).toEqual(ids.map(() => ({status: 'IOERR', errno: 0})))
    expect(rig.backend.steps).toEqual([])
  })

  it('A7: IN and OUT of parts of sectors are IOERR, without a step', () => {
    const rig = new Rig()
    const ids = [rig.submit('OUT', 0, 513), rig.submit('IN', 0, 511), rig.submit('OUT', 100, 512)]
    expect(ids.map((id) => rig.status(id))).toEqual(['IOERR', 'IOERR', 'IOERR'])
    expect(rig.backend.steps).toEqual([])
  })

  it('A29: a sector of a device with logical blocks of 4096 bytes is IOERR', () => {
    const rig = new Rig({logicalBlockBytes: 4096})
    const refused = rig.write(1)
    const taken = rig.submit('OUT', 4096, 4096)
    rig.settle()
    expect([rig.status(refused), rig.status(taken)]).toEqual(['IOERR', 'OK'])
  })

  it('A20: unknown segment flags, and unmap on a DISCARD, are UNSUPP', () => {
    const rig = new Rig()
    const ids = [
      rig.submit('DISCARD', 0, 512, {flags: FLAG_UNMAP}),
      rig.submit('WRITE_ZEROES', 0, 512, {flags: 2 * FLAG_UNMAP}),
    ]
    expect(ids.map((id) => rig.status(id))).toEqual(['UNSUPP', 'UNSUPP'])
    expect(rig.backend.steps).toEqual([])
  })

  it('transfers of nothing are OK without a step, up to the very end of the device', () => {
    const rig = new Rig({image: new Uint8Array(8192)})
    const ids = [rig.submit('IN', 0, 0), rig.submit('OUT', 8192, 0), rig.submit('DISCARD', 512, 0)]
    expect(ids.map((id) => rig.status(id))).toEqual(['OK', 'OK', 'OK'])
    expect(rig.backend.steps).toEqual([])
  })
})

describe('what each request asks of the backend', () => {
  it('A10, A11, A12: FLUSH and FLUSH_OUT are one sync, whatever their sector and data', () => {
    for (const mode of ['writeback', 'none'] as const) {
      for (const [name, offsetBytes, lengthBytes] of [
        ['FLUSH', 0, 0],
        ['FLUSH_OUT', 0, 0],
        ['FLUSH', 3584, 512],
      ] as const) {
        const rig = new Rig({mode})
        const id = rig.submit(name, offsetBytes, lengthBytes)
        expect(rig.outstanding).toEqual(['sync'])
        rig.settle()
        expect([rig.status(id), rig.backend.steps.length]).toEqual(['OK', 1])
      }
    }
  })

  it('A15: GET_ID gives 20 bytes, and fewer where there is less room', () => {
    const rig = new Rig({id: 'disk-1'})
    const memory = memoryOf(64, 0xff)
    rig.submit('GET_ID', 0, 20, {memory, memoryOffset: 8})
    rig.submit('GET_ID', 0, 4, {memory, memoryOffset: 40})
    expect(Buffer.from(memory.bytes.subarray(8, 28)).toString('hex')).toBe(`6469736b2d31${'00'.repeat(14)}`)
    expect([memory.bytes[7], memory.bytes[28]]).toEqual([0xff, 0xff])
    expect(Buffer.from(memory.bytes.subarray(40, 45)).toString('hex')).toBe('6469736bff')
    expect(rig.backend.steps).toEqual([])
  })

  it('A13: the BARRIER bit of an OUT where barriers are not offered leaves an ordinary OUT', () => {
    const rig = new Rig({ordering: 'none'})
    const first = rig.write(0)
    const second = rig.write(1, {flags: FLAG_BARRIER_BIT})
    const third = rig.write(2)
    expect(rig.outstanding).toEqual([first, second, third].map((id) => `write ${id}`))
    rig.settle()
    expect(rig.status(second)).toBe('OK')
  })

  it('A17, A18, A21: zeroes are made in place, blocks given back where that is asked for', () => {
    const rig = new Rig({image: new Uint8Array(8192).fill(9)})
    rig.submit('WRITE_ZEROES', 0, 1024)
    rig.submit('WRITE_ZEROES', 1024, 1024, {flags: FLAG_UNMAP})
    rig.submit('DISCARD', 4096, 512)
    expect(rig.outstanding).toEqual(['zero 1', 'punch 2', 'punch 3'])
    rig.settle()
    expect([...new Set(rig.backend.image.subarray(0, 2048))]).toEqual([0])
    expect([1, 2, 3].map((id) => rig.status(id))).toEqual(['OK', 'OK', 'OK'])
  })

  it('B13: a write is a stable write under a mode without a volatile cache, by its descriptor and not by its step', () => {
    for (const mode of ['writethrough', 'directsync'] as const) {
      const rig = new Rig({mode, depth: 1})
      rig.submit('OUT', 0, 4096)
      expect(rig.outstanding).toEqual(['write 1'])
      rig.settle()
      expect(rig.events.at(-1)).toMatchObject({kind: 'complete', stable: true})
      expect(rig.syncs).toBe(0)
    }
  })

  it('a stable write through the page cache is followed by a sync where several are in flight: only one of them would be told of lost pages', () => {
    for (const options of [{mode: 'writethrough'}, {mode: 'writeback', flags: FLAG_FUA}] as const) {
      const rig = new Rig({mode: options.mode, depth: 2})
      const flags = 'flags' in options ? options.flags : 0
      const [first, second] = [rig.write(0, {flags}), rig.write(8, {flags})]
      expect(rig.outstanding).toEqual(['write 1', 'write 2'])
      rig.end(first)
      rig.end(second)
      expect([rig.outstanding, rig.status(first)]).toEqual([['sync'], undefined])
      rig.endSync(-5)
      expect([rig.status(first), rig.status(second)]).toEqual(['IOERR', 'IOERR'])
    }
  })

  it('syncs after a change of allocation that must be stable: fallocate is not a write', () => {
    for (const [mode, flags] of [
      ['directsync', 0],
      ['writethrough', 0],
      ['writeback', FLAG_FUA],
      ['none', FLAG_FUA],
    ] as const) {
      for (const name of ['WRITE_ZEROES', 'DISCARD'] as const) {
        const rig = new Rig({mode})
        const id = rig.submit(name, 0, 4096, {flags})
        rig.end(id)
        expect([rig.status(id), rig.outstanding]).toEqual([undefined, ['sync']])
        rig.endSync()
        expect(rig.events.at(-1)).toMatchObject({kind: 'complete', status: 0, stable: true})
      }
    }
  })

  it('FUA is a stable write of its own range where the backend can, and a write with a sync behind it where not', () => {
    const able = new Rig({depth: 1})
    able.write(0, {flags: FLAG_FUA})
    expect(able.outstanding).toEqual(['write dsync 1'])
    able.end(1)
    expect([able.status(1), able.syncs]).toEqual(['OK', 0])
    const unable = new Rig({canDsync: false})
    unable.write(0, {flags: FLAG_FUA})
    expect(unable.outstanding).toEqual(['write 1'])
    unable.end(1)
    expect([unable.status(1), unable.outstanding]).toEqual([undefined, ['sync']])
    unable.endSync()
    for (const rig of [able, unable])
      expect(rig.events.at(-1)).toMatchObject({kind: 'complete', status: 0, stable: true})
  })

  it('B7: unsafe answers FLUSH and FUA without a sync, and says that it ignored them', () => {
    const rig = new Rig({mode: 'unsafe'})
    const write = rig.write(0, {flags: FLAG_FUA})
    expect(rig.outstanding).toEqual([`write ${write}`])
    rig.end(write)
    const flush = rig.flush()
    const plain = rig.write(1)
    rig.settle()
    const ends = rig.events.flatMap((event) => (event.kind === 'complete' ? [event] : []))
    expect(ends.map(({id, status, stable, ignored}) => ({id, status, stable, ignored}))).toEqual([
      {id: write, status: 0, stable: false, ignored: true},
      {id: flush, status: 0, stable: false, ignored: true},
      {id: plain, status: 0, stable: false, ignored: false},
    ])
    expect(rig.syncs).toBe(0)
  })
})

describe('the events of a run', () => {
  it('are these, for a write, a FLUSH beside a second write, and a refusal', () => {
    const rig = new Rig({mode: 'none'})
    rig.backend.clockNs = 100
    rig.engine.readClock()
    rig.submit('OUT', 512, 1024, {flags: FLAG_FUA})
    rig.backend.clockNs = 200
    rig.end(1)
    rig.write(8)
    rig.flush()
    rig.backend.clockNs = 300
    rig.end(2, -28)
    rig.backend.clockNs = 400
    rig.endSync()
    rig.submit(99)
    const plans = rig.events.flatMap((event) => (event.kind === 'submit' ? [event.plan?.kind.name] : []))
    expect(plans).toEqual(['OUT', 'OUT', 'FLUSH', undefined])
    expect(rig.events.map((event) => (event.kind === 'submit' ? withoutPlan(event) : event))).toEqual([
      {kind: 'submit', id: 1, type: 1, flags: FLAG_FUA, offsetBytes: 512, lengthBytes: 1024, atNs: 100},
      {kind: 'start', id: 1, held: false, fresh: undefined, atNs: 100},
      {kind: 'complete', id: 1, status: 0, errno: 0, stable: true, ignored: false, atNs: 200},
      {kind: 'submit', id: 2, type: 1, flags: 0, offsetBytes: 4096, lengthBytes: 512, atNs: 200},
      {kind: 'start', id: 2, held: false, fresh: undefined, atNs: 200},
      {kind: 'submit', id: 3, type: 4, flags: 0, offsetBytes: 0, lengthBytes: 0, atNs: 200},
      {kind: 'start', id: 3, held: false, fresh: undefined, atNs: 200},
      {kind: 'sync-start', sync: 1, atNs: 200},
      {kind: 'complete', id: 2, status: 1, errno: 28, stable: false, ignored: false, atNs: 300},
      {kind: 'sync-end', sync: 1, errno: 0, atNs: 400},
      {kind: 'complete', id: 3, status: 0, errno: 0, stable: false, ignored: false, atNs: 400},
      {kind: 'submit', id: 4, type: 99, flags: 0, offsetBytes: 0, lengthBytes: 0, atNs: 400},
      {kind: 'complete', id: 4, status: 2, errno: 0, stable: false, ignored: false, atNs: 400},
    ])
  })

  it('are these, for a barrier that syncs before and behind its data', () => {
    const rig = new Rig({ordering: 'drain-flush'})
    rig.write(0)
    rig.write(1, {flags: FLAG_BARRIER})
    rig.settle()
    expect(rig.events.map((event) => ('id' in event ? `${event.kind} ${event.id}` : event.kind))).toEqual([
      ...['submit 1', 'start 1', 'submit 2', 'complete 1'],
      ...['start 2', 'sync-start', 'sync-end', 'sync-start', 'sync-end', 'complete 2'],
    ])
    expect(rig.events.find((event) => event.kind === 'start' && event.id === 2)).toMatchObject({held: true})
  })

  it('B8: say where a write meets blocks without storage, in the mode where that matters', () => {
    const asked: [number, number][] = []
    const freshRanges = (offsetBytes: number, lengthBytes: number) => {
      asked.push([offsetBytes, lengthBytes])
      return [{offsetBytes, lengthBytes}]
    }
    const rig = new Rig({mode: 'none', freshRanges})
    rig.submit('OUT', 4096, 512)
    rig.read(0)
    rig.flush()
    rig.settle()
    expect(asked).toEqual([[4096, 512]])
    const starts = rig.events.flatMap((event) => (event.kind === 'start' ? [event.fresh] : []))
    expect(starts).toEqual([[{offsetBytes: 4096, lengthBytes: 512}], undefined, undefined])
    for (const mode of ['writeback', 'writethrough', 'directsync', 'unsafe'] as const) {
      new Rig({mode, freshRanges}).write(0)
    }
    expect(asked).toHaveLength(1)
  })
})

function engineOn(backend: ManualBackend, depth: number): Engine {
  return new Engine(engineOptions(backend, {depth}))
}

function withoutPlan({plan, ...event}: SubmitEvent): Omit<SubmitEvent, 'plan'> {
  void plan
  return event
}
