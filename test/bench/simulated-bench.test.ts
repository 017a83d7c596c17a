import {describe, expect, it} from 'vitest'
import {DISK_MODELS} from '../../src/aio/index.js'
import type {RoundResult} from '../../src/bench/result.js'
import {WRITE_NS, FLUSH_NS, measure, firstRound, counts} from './measure.js'

describe('a bench on a simulated disk', () => {
  it('takes the time that adds up by hand: eight writes, each with a flush behind it', async () => {
    const round = firstRound(await measure({'io-size': '32k', 'flush-every': '1'}))
    expect(counts(round)).toEqual([0, 8, 8, 8, 8])
    expect(round.runtimeNs).toBe(8 * (WRITE_NS + FLUSH_NS))
    expect([round.write.latency.min, round.write.latency.max]).toEqual([WRITE_NS, WRITE_NS])
    expect([round.flush.latency.min, round.flush.latency.max]).toEqual([FLUSH_NS, FLUSH_NS])
    expect(round.write.bytes).toBe(32 << 10)
  })

  it('destages all that eight writes left with one flush behind the eighth', async () => {
    const round = firstRound(await measure({'io-size': '32k', 'flush-every': '8'}))
    expect(counts(round)).toEqual([0, 8, 1, 1, 1])
    expect(round.runtimeNs).toBe(8 * WRITE_NS + FLUSH_NS + 7 * 100_000)
  })

  it('counts what is submitted and completed together: every request once, no more than the depth at a time', async () => {
    const round = firstRound(await measure({'io-size': '128k', iodepth: '4', 'flush-every': '8'}))
    const requests = ({submits, completes}: RoundResult): number[] =>
      [submits, completes].map((counts) => counts.reduce((sum, count, many) => sum + many * count, 0))
    expect(requests(round)).toEqual([32 + 4, 32 + 4])
    expect([round.submits, round.completes].map(({length}) => length)).toEqual([5, 5])
    expect(round.submits[4]).toBeGreaterThan(0)
  })

  it('gives the same figures each time, and others with another seed', async () => {
    const words = {rw: 'randrw', iodepth: '4', 'flush-every': '4', 'io-size': '256k'} as const
    const figures = async (randseed: string): Promise<unknown> => {
      const {runtimeNs, read, write, ...rest} = firstRound(
        await measure({...words, randseed}, {diskModel: DISK_MODELS[0]}),
      )
      return [runtimeNs, read.latency.toJSON(), write.latency.toJSON(), rest.flushesSent]
    }
    expect(await figures('7')).toEqual(await figures('7'))
    expect(await figures('7')).not.toEqual(await figures('8'))
  })

  it('stops submitting when the time is up, and waits for what is in flight', async () => {
    const round = firstRound(await measure({runtime: '1ms'}))
    // The 63rd write ends behind the end: 62 x 16,000 ns are 992,000.
    expect(counts(round)).toEqual([0, 63, 0, 0, 0])
    expect(round.runtimeNs).toBe(63 * WRITE_NS)
  })

  it('counts nothing of the ramp', async () => {
    const round = firstRound(await measure({runtime: '1ms', 'ramp-time': '5ms', 'flush-every': '1'}))
    expect(round.runtimeNs).toBeLessThan(1e6 + WRITE_NS + FLUSH_NS)
    expect(round.flushesSent).toBe(round.flush.requests)
    expect(round.write.requests - round.flush.requests).toBeLessThanOrEqual(1)
  })

  it('measures each cell of the matrix under its own mode', async () => {
    const {result} = await measure({cache: 'writethrough,none,unsafe', 'flush-every': '1', 'io-size': '64k'})
    expect(result.cells.map(({settings}) => settings.name)).toEqual(['writethrough', 'none', 'unsafe'])
    // O_DSYNC leaves nothing to flush but the first time; unsafe answers and sends nothing.
    expect(result.cells.map(({rounds}) => counts(rounds[0] as RoundResult))).toEqual([
      [0, 16, 16, 16, 1],
      [0, 16, 16, 16, 16],
      [0, 16, 16, 16, 0],
    ])
    expect(result).toMatchObject({simulated: true, complete: true, allocation: 'preallocated'})
  })

  it('commits a journal: a flush behind the data, one behind the commit, or FUA in its place', async () => {
    // 6 transactions of 8 + 1 writes.
    const words = {'io-size': '216k', iodepth: '4'} as const
    const flushed = firstRound(await measure({...words, pattern: 'journal:8+1'}))
    expect(counts(flushed)).toEqual([0, 54, 12, 12, 12])
    const fua = firstRound(await measure({...words, pattern: 'journal:8+1:fua'}))
    expect(counts(fua)).toEqual([0, 54, 6, 6, 6])
  })

  it('sends for a barrier the flushes of its policy', async () => {
    const words = {'barrier-every': '4', 'io-size': '64k', iodepth: '4', ordering: 'drain,drain-flush,drain-fua'}
    const {result} = await measure(words)
    // 16 writes, 4 of them barriers: none, one before and one behind, one before (FUA is the write's own).
    expect(result.cells.map(({rounds}) => [rounds[0]?.flushesWanted, rounds[0]?.flushesSent])).toEqual([
      [0, 0],
      [8, 8],
      [4, 4],
    ])
  })

  it('keeps to a rate in simulated time: requests begin 100 us apart, and the last one ends as it would', async () => {
    for (const iodepth of ['1', '4']) {
      const round = firstRound(await measure({'io-size': '32k', 'rate-iops': '10000', iodepth}))
      expect(counts(round)).toEqual([0, 8, 0, 0, 0])
      expect(round.runtimeNs).toBe(7 * 100_000 + WRITE_NS)
      expect([round.write.latency.min, round.write.latency.max]).toEqual([WRITE_NS, WRITE_NS])
    }
    const fast = firstRound(await measure({'io-size': '32k', 'rate-iops': '1000000'}))
    expect(fast.runtimeNs).toBe(8 * WRITE_NS)
  })

  it('waits in simulated time for what holds a flush back, and for its turn in the rate', async () => {
    const words = {'io-size': '8k', 'flush-every': '1', 'rate-iops': '1000', iodepth: '4'} as const
    const round = firstRound(await measure(words))
    expect(counts(round)).toEqual([0, 2, 2, 2, 2])
    expect(round.runtimeNs).toBe(3e6 + FLUSH_NS)
    // Due every 2 us, and each waits for the one before it.
    const hurried = firstRound(await measure({...words, 'rate-iops': '500000'}))
    expect(hurried.runtimeNs).toBe(2 * (WRITE_NS + FLUSH_NS))
  })

  it('pauses in simulated time behind each completion, and no longer than it runs', async () => {
    const round = firstRound(await measure({'io-size': '32k', thinktime: '84us'}))
    expect(round.runtimeNs).toBe(8 * WRITE_NS + 7 * 84_000)
    const cut = firstRound(await measure({runtime: '1ms', thinktime: '10s'}))
    expect([counts(cut), cut.runtimeNs]).toEqual([[0, 1, 0, 0, 0], 1e6])
  })

  it('hears a signal while it waits in simulated time', async () => {
    const stop = new AbortController()
    const progress = ({requests}: {requests: number}): void => void (requests > 0 && stop.abort('SIGINT'))
    const {result} = await measure({runtime: '1000s', 'rate-iops': '3'}, {signal: stop.signal, progress})
    expect(result.cells[0]?.rounds[0]?.cutBy).toBe('signal')
  })

  it('verifies what the simulated disk holds, not what the image does', async () => {
    const {verified} = await measure({'io-size': '32k', verify: '1', cache: 'none,writeback'})
    expect(verified).toMatchObject([
      {cell: 'none', units: 8, wrong: 0},
      {cell: 'writeback', units: 8, wrong: 0},
    ])
  })

  it('flushes once more at the end where it is asked to', async () => {
    expect(counts(firstRound(await measure({'io-size': '32k', 'fsync-on-close': '1'})))).toEqual([0, 8, 1, 1, 1])
  })

  it('gives each cell its turn in each round, beginning with another one', async () => {
    const order: string[] = []
    const progress = ({cell, round}: {cell: string; round: number}): void => {
      if (order.at(-1) !== `${round} ${cell}`) order.push(`${round} ${cell}`)
    }
    const {result} = await measure({bs: '512,1k,2k', 'io-size': '4k'}, {rounds: 4, progress})
    expect(order).toEqual([
      ...['0 bs 512', '0 bs 1k', '0 bs 2k'],
      ...['1 bs 1k', '1 bs 2k', '1 bs 512'],
      ...['2 bs 2k', '2 bs 512', '2 bs 1k'],
      ...['3 bs 512', '3 bs 1k', '3 bs 2k'],
    ])
    for (const {rounds} of result.cells) expect(rounds.map(({round}) => round)).toEqual([0, 1, 2, 3])
  })

  it('keeps what was measured before a signal, and says that it is not all', async () => {
    const stop = new AbortController()
    const {result} = await measure(
      {runtime: '60s'},
      {
        signal: stop.signal,
        progress: ({requests}) => requests > 0 && stop.abort('SIGINT'),
      },
    )
    expect(result.complete).toBe(false)
    const round = firstRound({result, failure: undefined, verified: [], sync: undefined})
    expect(round.cutBy).toBe('signal')
    expect(round.write.requests).toBeGreaterThan(0)
    expect(round.runtimeNs).toBeLessThan(60e9)
  })
})
