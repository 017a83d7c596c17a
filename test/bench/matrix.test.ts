import {describe, expect, it} from 'vitest'
import {ToolError} from '../../src/base/index.js'
import {cellsOf, type BenchWords} from '../../src/bench/index.js'

const names = (words: BenchWords, name?: string): string[] => cellsOf(words, name).map(({settings}) => settings.name)

function refusalOf(words: BenchWords): ToolError {
  try {
    cellsOf(words)
  } catch (error) {
    if (error instanceof ToolError) return error
    throw error
  }
  throw new Error(`${JSON.stringify(words)} was not refused`)
}

describe('the matrix', () => {
  it('is one cell of random reads for a second when nothing is said', () => {
    const [cell, ...more] = cellsOf({})
    expect(more).toEqual([])
    expect(cell).toMatchObject({
      settings: {name: 'randread', mode: 'writeback', aio: 'auto'},
      workload: {rw: 'randread', runtimeNs: 1e9, iodepth: 1},
    })
  })

  it('has a cell for each combination of the values of its lists, the first word slowest', () => {
    expect(names({rw: 'randwrite', cache: 'writethrough, writeback,none', 'flush-every': '0,8'})).toEqual([
      'writethrough, no flush',
      'writethrough, flush every 8',
      'writeback, no flush',
      'writeback, flush every 8',
      'none, no flush',
      'none, flush every 8',
    ])
    expect(names({bs: '4k,512-64k', iodepth: '1,32'}, 'job1')).toEqual([
      'job1, bs 4k, depth 1',
      'job1, bs 4k, depth 32',
      'job1, bs 512-64k, depth 1',
      'job1, bs 512-64k, depth 32',
    ])
  })

  it('understands every word', () => {
    const [cell] = cellsOf({
      cache: 'off',
      aio: 'uring',
      submit: 'ring',
      rw: 'randrw',
      rwmixread: '70',
      bs: '4k-1M',
      iodepth: '8',
      numjobs: '2',
      'flush-every': '16',
      'fua-every': '3',
      'barrier-every': '5',
      ordering: 'drain-fua',
      'random-distribution': 'zipf:1.2',
      'rate-iops': '1000',
      thinktime: '50',
      size: '1G',
      offset: '1M',
      'io-size': '64M',
      loops: '2',
      runtime: '1.5',
      'ramp-time': '500ms',
      randseed: '9',
      norandommap: '1',
      'flush-drain': '0',
      'fsync-on-close': '1',
      verify: '1',
    })
    expect(cell).toMatchObject({
      mode: {name: 'none'},
      ordering: {name: 'drain-fua'},
      aio: 'uring',
      submit: 'ring',
      workload: {
        rw: 'randrw',
        rwmixread: 70,
        bs: {minBytes: 4096, maxBytes: 1 << 20},
        iodepth: 8,
        numjobs: 2,
        flushEvery: 16,
        fuaEvery: 3,
        barrierEvery: 5,
        ordering: 'drain-fua',
        distribution: {kind: 'zipf', theta: 1.2},
        rateIops: 1000,
        thinktimeNs: 50_000,
        sizeBytes: 2 ** 30,
        offsetBytes: 2 ** 20,
        ioSizeBytes: 64 * 2 ** 20,
        loops: 2,
        runtimeNs: 1.5e9,
        rampNs: 500e6,
        randseed: 9,
        norandommap: true,
        flushDrain: false,
        fsyncOnClose: true,
        verify: true,
      },
    })
    expect(cellsOf({rw: 'readwrite'})[0]?.workload.rw).toBe('rw')
    expect(cellsOf({pattern: 'journal:8+2:fua'})[0]?.workload.pattern).toEqual({
      dataWrites: 8,
      commitWrites: 2,
      commit: 'fua',
    })
  })

  it('has no runtime of its own where something says how much, or where it is to be verified', () => {
    for (const words of [{'io-size': '1M'}, {loops: '1'}, {verify: '1', rw: 'write'}] as const) {
      expect(cellsOf(words)[0]?.workload.runtimeNs).toBeUndefined()
    }
  })

  it.each<[BenchWords, string]>([
    [{runtime: '0'}, '--runtime 0'],
    [{runtime: 'soon'}, '--runtime soon'],
    [{iodepth: '0'}, '--iodepth 0'],
    [{iodepth: '1,,2'}, '--iodepth 1,,2'],
    [{iodepth: '8,8'}, '8 is named twice'],
    [{bs: '4q'}, '--bs 4q'],
    [{bs: '64k-4k'}, '--bs 64k-4k'],
    [{rw: 'randomly'}, '--rw randomly'],
    [{rwmixread: '101'}, '--rwmixread 101'],
    [{'random-distribution': 'zipf:1'}, 'zipf:1'],
    [{'random-distribution': 'normal:2'}, 'normal:2'],
    [{pattern: 'journal:0+1'}, 'journal:0+1'],
    [{pattern: 'journal:8+1', 'flush-every': '8'}, '--pattern says itself'],
    [{rw: 'read', 'flush-every': '8'}, 'writes nothing'],
    [{rw: 'write', 'barrier-every': '8', ordering: 'none'}, 'none has none'],
    [{rw: 'read', 'random-distribution': 'zipf:2'}, 'not --rw read'],
    [{aio: 'sim', numjobs: '2'}, '--numjobs'],
    [{aio: 'sim', submit: 'ring'}, '--submit'],
    [{aio: 'threads', submit: 'poll'}, '--submit poll is about io_uring'],
    [{submit: 'polled'}, '--submit polled'],
    [{cache: 'writearound'}, 'writearound'],
    [{verify: 'maybe'}, '--verify maybe'],
    [
      {
        iodepth: Array.from({length: 40}, (_, i) => i + 1).join(),
        'rate-iops': Array.from({length: 40}, (_, i) => i + 1).join(),
      },
      '1600 runs',
    ],
  ])('refuses %j, naming %s', (words, says) => {
    const error = refusalOf(words)
    expect(error).toMatchObject({kind: 'usage'})
    expect(error.message).toContain(says)
    expect(error.hint).toMatch(/\S/)
  })
})
