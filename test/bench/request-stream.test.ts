import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {FENCE_DRAIN, FENCE_FLUSH, FENCE_NONE, WorkloadStream, type Region} from '../../src/bench/request-stream.js'
import {PLAIN_WORKLOAD, type Workload} from '../../src/bench/workload.js'
import {FLAG_BARRIER, FLAG_FUA, FLUSH, IN, OUT} from '../../src/request/index.js'

interface Row {
  readonly type: number
  readonly flags: number
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly fence: number
}

/** All requests, or the first so many. */
function rowsOf(asked: Partial<Workload>, blocks: number, totalBlocks = blocks, job = 0, most = 100_000): Row[] {
  const workload = {...PLAIN_WORKLOAD, ...asked}
  const unit = workload.bs.minBytes
  const region: Region = {offsetBytes: 8192, sizeBytes: blocks * unit, totalBytes: totalBlocks * unit}
  const stream = new WorkloadStream(workload, region, job)
  const rows: Row[] = []
  while (rows.length < most && stream.next()) {
    const {type, flags, offsetBytes, lengthBytes, fence} = stream
    rows.push({type, flags, offsetBytes, lengthBytes, fence})
  }
  return rows
}

const offsets = (rows: readonly Row[]): number[] => rows.map(({offsetBytes}) => (offsetBytes - 8192) / 4096)
const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b)
const upTo = (count: number): number[] => Array.from({length: count}, (_, i) => i)

describe('the requests of a workload', () => {
  it('go over the region in order, and over it again', () => {
    expect(offsets(rowsOf({rw: 'read'}, 4, 10))).toEqual([0, 1, 2, 3, 0, 1, 2, 3, 0, 1])
  })

  it('take every block once in each pass when they are random', () => {
    fc.assert(
      fc.property(fc.integer({min: 1, max: 300}), fc.integer({min: 0, max: 2 ** 32 - 1}), (blocks, randseed) => {
        const places = offsets(rowsOf({rw: 'randwrite', randseed}, blocks, 2 * blocks))
        expect(sorted(places.slice(0, blocks))).toEqual(upTo(blocks))
        expect(sorted(places.slice(blocks))).toEqual(upTo(blocks))
      }),
    )
  })

  it('come in another order in another pass', () => {
    const places = offsets(rowsOf({rw: 'randwrite'}, 300, 600))
    expect(places.slice(0, 300)).not.toEqual(places.slice(300))
  })

  it('without a map take some blocks twice', () => {
    const places = offsets(rowsOf({rw: 'randread', norandommap: true}, 1000))
    expect(new Set(places).size).toBeLessThan(900)
    expect(Math.min(...places)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...places)).toBeLessThan(1000)
  })

  it('are the same each time, and others for another seed or job', () => {
    const first = rowsOf({rw: 'randrw'}, 500)
    expect(rowsOf({rw: 'randrw'}, 500)).toEqual(first)
    expect(rowsOf({rw: 'randrw', randseed: 2}, 500)).not.toEqual(first)
    expect(rowsOf({rw: 'randrw'}, 500, 500, 1)).not.toEqual(first)
  })

  it('read as often as the mix says', () => {
    const reads = rowsOf({rw: 'randrw', rwmixread: 70}, 10_000).filter(({type}) => type === IN.type).length
    expect(reads / 10_000).toBeCloseTo(0.7, 1)
    expect(rowsOf({rw: 'rw', rwmixread: 100}, 50).every(({type}) => type === IN.type)).toBe(true)
    expect(rowsOf({rw: 'rw', rwmixread: 0}, 50).every(({type}) => type === OUT.type)).toBe(true)
  })

  it('stay inside the region and on its blocks, whatever their length', () => {
    const bs = {minBytes: 512, maxBytes: 65_536}
    for (const rw of ['write', 'randwrite'] as const) {
      const rows = rowsOf({rw, bs}, 1000, 5000)
      for (const {offsetBytes, lengthBytes} of rows) {
        expect(offsetBytes).toBeGreaterThanOrEqual(8192)
        expect(offsetBytes + lengthBytes).toBeLessThanOrEqual(8192 + 1000 * 512)
        expect((offsetBytes % 512) + (lengthBytes % 512)).toBe(0)
        expect(lengthBytes).toBeGreaterThan(0)
      }
      expect(rows.reduce((sum, {lengthBytes}) => sum + lengthBytes, 0)).toBe(5000 * 512)
      expect(new Set(rows.map(({lengthBytes}) => lengthBytes)).size).toBeGreaterThan(50)
    }
  })

  it('flush behind every so many writes, with or without a drain, and mark FUA and barriers', () => {
    const rows = rowsOf({rw: 'write', flushEvery: 3, fuaEvery: 2, barrierEvery: 4}, 7)
    const words = rows.map(({type, flags, fence}) => {
      if (type === FLUSH.type) return fence === FENCE_DRAIN ? 'FLUSH' : '?'
      return `W${flags & FLAG_FUA ? ' fua' : ''}${flags & FLAG_BARRIER ? ' barrier' : ''}`
    })
    expect(words).toEqual(['W', 'W fua', 'W', 'FLUSH', 'W fua barrier', 'W', 'W fua', 'FLUSH', 'W'])
    const free = rowsOf({rw: 'write', flushEvery: 1, flushDrain: false}, 2)
    expect(free.map(({fence}) => fence)).toEqual([FENCE_NONE, FENCE_FLUSH, FENCE_NONE, FENCE_FLUSH])
  })

  it('count writes only towards the next flush', () => {
    const rows = rowsOf({rw: 'randrw', flushEvery: 5}, 1000)
    const writes = rows.filter(({type}) => type === OUT.type).length
    expect(rows.filter(({type}) => type === FLUSH.type)).toHaveLength(Math.floor(writes / 5))
  })

  it('commit a journal behind its data and nothing of the next transaction ahead of that', () => {
    const types = (commit: 'flush' | 'fua'): string => {
      const rows = rowsOf({rw: 'write', pattern: {dataWrites: 2, commitWrites: 1, commit}}, 6)
      return rows
        .map(({type, flags, fence}) => `${type === FLUSH.type ? 'F' : flags & FLAG_FUA ? 'C' : 'W'}${fence}`)
        .join(' ')
    }
    expect(types('flush')).toBe('W0 W0 F1 W0 F1 W0 W0 F1 W0 F1')
    expect(types('fua')).toBe('W0 W0 F1 C1 W0 W0 F1 C1')
  })
})
