import {describe, expect, it} from 'vitest'
import {FLAG_FUA} from '../../src/request/index.js'
import {Rig} from './rig.js'

const FUA = {flags: FLAG_FUA}

describe('a FLUSH', () => {
  it('B14: after two writes is one sync, queued after both have completed', () => {
    const rig = new Rig()
    rig.end(rig.write(0))
    rig.end(rig.write(1))
    rig.flush()
    rig.settle()
    expect(rig.log.filter((line) => !line.startsWith('s') || line === 'sync')).toEqual([
      ...['write 1', 'complete 1 OK', 'write 2', 'complete 2 OK', 'sync', 'complete 3 OK'],
    ])
  })

  it('H1: neither waits for a write in flight nor is taken to cover it', () => {
    const rig = new Rig({soleWriter: true})
    const write = rig.write(0)
    const first = rig.flush()
    rig.end(write)
    rig.endSync()
    expect([rig.status(first), rig.syncs]).toEqual(['OK', 1])
    const second = rig.flush()
    expect([rig.status(second), rig.outstanding]).toEqual([undefined, ['sync']])
    rig.settle()
  })

  it('is never answered by a sync that was queued before it was submitted', () => {
    const rig = new Rig()
    const [first, write] = [rig.flush(), rig.write(0)]
    rig.end(write)
    const second = rig.flush()
    expect(rig.outstanding).toEqual(['sync'])
    rig.endSync()
    expect([rig.status(first), rig.status(second), rig.outstanding]).toEqual(['OK', undefined, ['sync']])
    rig.endSync()
    expect(rig.status(second)).toBe('OK')
  })

  it('E15: shares one more sync with 99 others that arrive while one sync runs', () => {
    const rig = new Rig()
    rig.end(rig.write(0))
    const first = rig.flush()
    const others = Array.from({length: 100}, () => rig.flush())
    expect(rig.syncs).toBe(1)
    rig.endSync()
    expect([rig.status(first), rig.syncs]).toEqual(['OK', 2])
    rig.endSync()
    expect(others.map((id) => rig.status(id))).toEqual(others.map(() => 'OK'))
    expect([rig.syncs, rig.engine.syncs]).toEqual([2, 2])
  })

  it('needs no sync of a sole writer who has written nothing since the last one, except for the first FLUSH', () => {
    const rig = new Rig({soleWriter: true})
    rig.flush()
    expect(rig.outstanding).toEqual(['sync'])
    rig.endSync()
    expect([rig.status(rig.flush()), rig.syncs]).toEqual(['OK', 1])
    rig.end(rig.read(0))
    expect([rig.status(rig.flush()), rig.syncs]).toEqual(['OK', 1])
    rig.end(rig.write(0))
    rig.flush()
    expect(rig.syncs).toBe(2)
    rig.settle()
  })

  it('always needs a sync where others may write too', () => {
    const rig = new Rig({soleWriter: false})
    for (const count of [1, 2, 3]) {
      rig.flush()
      rig.settle()
      expect(rig.syncs).toBe(count)
    }
  })

  it('needs a sync after a write that failed: nobody knows how far it got', () => {
    const rig = new Rig({soleWriter: true})
    rig.flush()
    rig.settle()
    rig.end(rig.write(0), -5)
    rig.flush()
    expect(rig.outstanding).toEqual(['sync'])
    rig.settle()
  })

  it('needs a sync after zeroes and discards, as after any write', () => {
    for (const name of ['WRITE_ZEROES', 'DISCARD'] as const) {
      const rig = new Rig({soleWriter: true})
      rig.flush()
      rig.settle()
      rig.end(rig.submit(name, 0, 4096))
      rig.flush()
      expect(rig.outstanding).toEqual(['sync'])
      rig.settle()
    }
  })

  it('H7: is still needed for one write when another one was made stable by FUA', () => {
    const rig = new Rig({soleWriter: true, mode: 'none'})
    rig.flush()
    rig.settle()
    const [volatile, stable] = [rig.write(0), rig.write(8, FUA)]
    rig.end(volatile)
    rig.end(stable)
    rig.flush()
    expect(rig.outstanding).toEqual(['sync'])
    rig.settle()
    rig.end(rig.write(8, FUA))
    expect([rig.status(rig.flush()), rig.outstanding]).toEqual(['OK', []])
  })
})

describe('after a sync has failed', () => {
  it('its FLUSH and every later one fail, and the backend is not asked again', () => {
    const rig = new Rig({soleWriter: true})
    rig.end(rig.write(0))
    const first = rig.flush()
    expect(rig.engine.poison).toBe(0)
    rig.endSync(-5)
    expect([rig.endings.get(first), rig.engine.poison]).toEqual([{status: 'IOERR', errno: 5}, 5])
    rig.end(rig.write(0))
    for (const id of [rig.flush(), rig.submit('FLUSH_OUT'), rig.flush()]) {
      expect(rig.endings.get(id)).toEqual({status: 'IOERR', errno: 5})
    }
    expect([rig.syncs, rig.outstanding]).toEqual([1, []])
  })

  it('so do those that arrived while it ran', () => {
    const rig = new Rig()
    const ids = [rig.flush(), rig.flush(), rig.flush()]
    rig.endSync(-28)
    expect(ids.map((id) => rig.endings.get(id))).toEqual(ids.map(() => ({status: 'IOERR', errno: 28})))
    expect(rig.syncs).toBe(1)
  })

  it('reads and plain writes go on', () => {
    const rig = new Rig()
    rig.flush()
    rig.endSync(-5)
    const ids = [rig.write(0), rig.read(0)]
    rig.settle()
    expect(ids.map((id) => rig.status(id))).toEqual(['OK', 'OK'])
  })

  it('what needs a sync of its own fails: FUA without stable writes, zeroes and discards that must be stable', () => {
    const rig = new Rig({canDsync: false})
    rig.flush()
    rig.endSync(-5)
    const ids = [rig.write(0, FUA), rig.submit('WRITE_ZEROES', 0, 512, FUA), rig.submit('DISCARD', 0, 512, FUA)]
    rig.settle()
    expect(ids.map((id) => rig.endings.get(id))).toEqual(ids.map(() => ({status: 'IOERR', errno: 5})))
    expect(rig.syncs).toBe(1)
  })

  it('the end of a second sync is not believed: there is none', () => {
    const rig = new Rig()
    rig.flush()
    rig.end(rig.write(0))
    rig.flush()
    rig.endSync(-5)
    expect([rig.outstanding, rig.engine.pending]).toEqual([[], 0])
  })
})

describe('a failed write', () => {
  it('poisons when it was to be stable: the kernel tells of lost pages once, and it has told this write', () => {
    for (const rig of [new Rig({mode: 'writethrough', depth: 1}), new Rig({mode: 'directsync'})]) {
      rig.end(rig.write(0), -5)
      expect(rig.engine.poison).toBe(5)
      expect([rig.endings.get(rig.flush()), rig.syncs]).toEqual([{status: 'IOERR', errno: 5}, 0])
    }
    const fua = new Rig({depth: 1})
    fua.end(fua.write(0, FUA), -28)
    expect(fua.endings.get(fua.flush())).toEqual({status: 'IOERR', errno: 28})
  })

  it('does not poison for want of space under O_DIRECT, which leaves no pages behind', () => {
    const rig = new Rig({mode: 'directsync'})
    rig.end(rig.write(0), -28)
    expect(rig.engine.poison).toBe(0)
  })

  it('poisons the FLUSH whose sync runs at that moment too', () => {
    const rig = new Rig({mode: 'none'})
    const [flush, write] = [rig.flush(), rig.write(0, FUA)]
    rig.end(write, -5)
    rig.endSync()
    expect(rig.endings.get(flush)).toEqual({status: 'IOERR', errno: 5})
  })

  it('does not poison when it was a plain write, and neither does a failed read', () => {
    const rig = new Rig()
    const [write, read] = [rig.write(0), rig.read(0)]
    rig.end(write, -5)
    rig.end(read, -5)
    expect([rig.endings.get(write), rig.endings.get(read)]).toEqual([
      {status: 'IOERR', errno: 5},
      {status: 'IOERR', errno: 5},
    ])
    const flush = rig.flush()
    rig.settle()
    expect([rig.status(flush), rig.engine.poison]).toEqual(['OK', 0])
  })
})
