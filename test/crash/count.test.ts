import {describe, expect, it} from 'vitest'
import {countStates, CrashModel, listStates, shownIn, type CrashOptions} from '../../src/crash/index.js'
import type {CacheModeName} from '../../src/cache-mode/index.js'
import {BARRIER, FUA, PREFLUSH_FUA, TraceWriter} from './traces.js'

interface Vector {
  readonly id: string
  readonly says: string
  readonly write: (writer: TraceWriter) => void
  readonly mode?: CacheModeName
  readonly options?: CrashOptions
  readonly images: number
}

/** Histories and counts: semantics 10.C. */
const VECTORS: readonly Vector[] = [
  {id: 'C1', says: 'a write in flight is there or not', write: (w) => w.flying(0), images: 2},
  {id: 'C2', says: 'a completed write is there or not', write: (w) => w.out(0), images: 2},
  {id: 'C3', says: 'a flushed write is there', write: (w) => [w.out(0), w.flush()], images: 1},
  {id: 'C5', says: 'either of two writes of a sector may be there', write: (w) => [w.out(0), w.out(0)], images: 3},
  {
    id: 'C6',
    says: 'a flush between them rules out the old content',
    write: (w) => [w.out(0), w.flush(), w.out(0)],
    images: 2,
  },
  {id: 'C7', says: 'eight sectors in flight tear in every way', write: (w) => w.flying(0, 8), images: 256},
  {
    id: 'C9',
    says: 'an order-only device keeps what a barrier keeps apart',
    write: (w) => [w.out(0), w.done('BARRIER'), w.out(1)],
    options: {device: 'epoch'},
    images: 3,
  },
  {
    id: 'C9',
    says: 'a barrier orders nothing on an ordinary cache',
    write: (w) => [w.out(0), w.done('BARRIER'), w.out(1)],
    images: 4,
  },
  {
    id: 'C10',
    says: 'of two overlapping writes in flight together either may win, also when both are flushed',
    write: (w) => {
      const [a, b] = [w.flying(0), w.flying(0)]
      w.complete(a).complete(b)
      w.flush()
    },
    images: 2,
  },
  {
    id: 'C11',
    says: 'a write that is flushed before shows only with what that flush covers',
    write: (w) => [w.out(0), w.flying(1, 1, PREFLUSH_FUA)],
    images: 3,
  },
  {
    id: 'C11',
    says: 'both are there when it has completed',
    write: (w) => [w.out(0), w.out(1, undefined, PREFLUSH_FUA)],
    images: 1,
  },
  {
    id: 'C15',
    says: 'writethrough keeps what has completed',
    mode: 'writethrough',
    write: (w) => [w.out(0), w.flying(1)],
    images: 2,
  },
  {id: 'C16', says: 'unsafe ignores a flush', mode: 'unsafe', write: (w) => [w.out(0), w.flush()], images: 2},
  {id: 'C17', says: 'unsafe ignores FUA', mode: 'unsafe', write: (w) => w.out(0, undefined, FUA), images: 2},
  {
    id: 'C18',
    says: 'the drive keeps direct writes into allocated blocks when the host crashes',
    mode: 'none',
    write: (w) => w.out(0),
    options: {kind: 'os'},
    images: 1,
  },
  {
    id: 'C19',
    says: 'and loses those into holes with their allocation',
    mode: 'none',
    write: (w) => {
      const id = w.submit('OUT')
      w.start(id, [{offsetBytes: 0, lengthBytes: 512}]).complete(id)
    },
    options: {kind: 'os'},
    images: 2,
  },
  {id: 'C20', says: 'a power cut loses what the drive had cached', mode: 'none', write: (w) => w.out(0), images: 2},
  {
    id: 'C21',
    says: 'unsafe survives the death of the process',
    mode: 'unsafe',
    write: (w) => w.out(0),
    options: {kind: 'process'},
    images: 1,
  },
  {
    id: 'C21',
    says: 'unsafe does not survive a crash of the host, flushed or not',
    mode: 'unsafe',
    write: (w) => [w.out(0), w.flush()],
    options: {kind: 'os'},
    images: 2,
  },
  {
    id: 'C23',
    says: 'after a failed flush only writing again and flushing settles a sector',
    write: (w) => {
      w.out(0)
      const failed = w.submit('FLUSH')
      w.start(failed).complete(failed, {status: 1, errno: 5})
      w.out(0)
      w.flush()
    },
    images: 1,
  },
  {
    id: 'C25',
    says: 'FUA makes its own write stable',
    write: (w) => [w.out(0), w.out(0, undefined, FUA)],
    images: 1,
  },
  {
    id: 'C27',
    says: 'eight sectors in flight are one atom of 4096 bytes',
    write: (w) => w.flying(0, 8),
    options: {atom: 4096},
    images: 2,
  },
  {
    id: 'C28',
    says: 'a flush covers what had completed when it was submitted, whatever completes before it does',
    write: (w) => {
      const [w1, w2, w3] = [w.flying(0), w.flying(1), w.flying(2)]
      w.complete(w3).complete(w2)
      const flush = w.submit('FLUSH')
      w.start(flush).complete(w1).complete(flush)
    },
    images: 2,
  },
]

function countOf(write: (writer: TraceWriter) => void, mode: CacheModeName, options: CrashOptions = {}): bigint {
  const writer = new TraceWriter()
  write(writer)
  const model = new CrashModel(writer.trace({mode}), options)
  const count = countStates(model.at(model.lastPoint))
  expect(count.isExact).toBe(true)
  return count.atLeast
}

describe('the number of images', () => {
  it.each(VECTORS)('$id: $says', ({write, mode = 'writeback', options, images}) => {
    expect(countOf(write, mode, options)).toBe(BigInt(images))
  })

  it.each(VECTORS)('is the length of the list of images ($id)', ({write, mode = 'writeback', options, images}) => {
    const writer = new TraceWriter()
    write(writer)
    const model = new CrashModel(writer.trace({mode}), options)
    const listed = [...listStates(model.at(model.lastPoint))]
    const texts = listed.map((state) =>
      shownIn(state)
        .map(({content}) => `${content.writer}${content.part}`)
        .join(' '),
    )
    expect(new Set(texts).size).toBe(images)
    expect(listed).toHaveLength(images)
  })

  it('is exact where it is far too large to list: 2^1000', () => {
    const writer = new TraceWriter()
    for (let sector = 0; sector < 1000; sector++) writer.out(sector)
    const model = new CrashModel(writer.trace())
    expect(countStates(model.at(model.lastPoint))).toEqual({atLeast: 2n ** 1000n, atMost: 2n ** 1000n, isExact: true})
  })

  it('counts prefixes of the completion order on a device with one queue', () => {
    const write = (w: TraceWriter): void => {
      const [a, b, c] = [w.flying(0), w.flying(1), w.flying(2)]
      w.complete(c)
      w.flying(3)
      w.complete(a)
      expect(b).toBe(2)
    }
    // In order: #3, #1, then in flight #2 and #4. Nothing, or any prefix.
    expect(countOf(write, 'writeback', {device: 'fifo'})).toBe(5n)
    expect(countOf(write, 'writeback')).toBe(16n)
  })

  it('has what was held back behind what was issued before it, where the device has one queue', () => {
    const write = (w: TraceWriter): void => {
      const held = w.submit('OUT', 0)
      w.flying(1)
      w.start(held, [], true)
    }
    const writer = new TraceWriter()
    write(writer)
    const model = new CrashModel(writer.trace(), {device: 'fifo'})
    const states = [...listStates(model.at(model.lastPoint))].map((state) =>
      shownIn(state).map(({content}) => content.writer),
    )
    // The queue has #2, then #1.
    expect(states).toEqual([
      [1, 2],
      [0, 2],
      [0, 0],
    ])
  })

  it('says bounds, and that they are bounds, where bound images are too many to count', () => {
    const writer = new TraceWriter()
    for (let sector = 0; sector < 20; sector++) writer.out(sector)
    writer.done('BARRIER')
    writer.out(30)
    const model = new CrashModel(writer.trace(), {device: 'epoch'})
    const {atLeast, atMost, isExact} = countStates(model.at(model.lastPoint))
    expect(isExact).toBe(false)
    // By hand: every subset of the first epoch, and the second only with all of it.
    expect(atLeast).toBeLessThanOrEqual(2n ** 20n + 1n)
    expect(atMost).toBeGreaterThanOrEqual(2n ** 20n + 1n)
  })

  it('is two for a request that is lost or kept as a whole', () => {
    expect(countOf((w) => w.flying(3, 40), 'writeback', {atom: 'request'})).toBe(2n)
    // #2 overlaps a part of #1: neither, one of them, or both.
    expect(countOf((w) => [w.flying(0, 4), w.flying(2, 4)], 'writeback', {atom: 'request'})).toBe(5n)
  })

  it('grows by halves and garbage where a sector itself tears', () => {
    // Old, new, left new, right new, garbage.
    expect(countOf((w) => w.flying(0), 'writeback', {atom: 'torn'})).toBe(5n)
    expect(countOf((w) => [w.out(0), w.flush()], 'writeback', {atom: 'torn'})).toBe(1n)
  })

  it('counts a discarded sector as old, zero or anything', () => {
    expect(countOf((w) => w.done('DISCARD'), 'writeback')).toBe(3n)
    expect(countOf((w) => [w.done('DISCARD'), w.flush()], 'writeback')).toBe(3n)
    expect(countOf((w) => [w.done('WRITE_ZEROES'), w.flush()], 'writeback')).toBe(1n)
  })

  it('knows that a barrier with data orders as one without', () => {
    expect(countOf((w) => [w.out(0), w.out(1, undefined, BARRIER)], 'writeback', {device: 'epoch'})).toBe(3n)
  })
})
