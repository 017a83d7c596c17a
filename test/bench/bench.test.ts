import fs, {
  closeSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {DISK_MODELS, type DiskModel} from '../../src/aio/index.js'
import {ToolError} from '../../src/base/index.js'
import {cellsOf, runBench, verifyImage, type BenchWords, type FinishedBench} from '../../src/bench/index.js'
import type {RoundResult} from '../../src/bench/result.js'
import {Scene} from '../image/scene.js'

/**
 * Round numbers: 4096 bytes take 1000 ns on the cable and 100,000 ns at the medium, a command 10,000 ns, its answer 5,000 ns, a flush
 * 100,000 ns beside what it destages.
 */
const PLAIN_DRIVE: DiskModel = {
  ...(DISK_MODELS[0] as DiskModel),
  name: 'plain',
  channels: 1,
  scheduling: 'fifo',
  roundTripNs: 5_000,
  commandNs: 10_000,
  trackToTrackNs: 0,
  fullStrokeNs: 0,
  rotationNs: 0,
  mediumBytesPerSecond: 40.96e6,
  interfaceBytesPerSecond: 4096e6,
  flushNs: 100_000,
}
/** One at a time: cable, command, answer. */
const WRITE_NS = 1_000 + 10_000 + 5_000
/** Command, one dirty block to the medium, the flush, answer. */
const FLUSH_NS = 10_000 + 100_000 + 100_000 + 5_000

function measure(words: BenchWords, more: Partial<Parameters<typeof runBench>[0]> = {}): Promise<FinishedBench> {
  return runBench({
    path: 'simulated.img',
    turns: cellsOf({aio: 'sim', cache: 'none', rw: 'randwrite', ...words}).map((cell) => [cell]),
    rounds: 1,
    createBytes: 1 << 20,
    preallocate: false,
    diskModel: PLAIN_DRIVE,
    stream: undefined,
    timed: false,
    signal: new AbortController().signal,
    progress: () => {},
    ...more,
  })
}

const firstRound = ({result}: FinishedBench, cell = 0): RoundResult => result.cells[cell]?.rounds[0] as RoundResult
const counts = ({read, write, flush, flushesWanted, flushesSent}: RoundResult): number[] => [
  read.requests,
  write.requests,
  flush.requests,
  flushesWanted,
  flushesSent,
]

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

describe('a bench on a file', () => {
  let scene: Scene
  let path: string
  beforeEach(() => {
    scene = new Scene()
    path = scene.file('disk.img', 1 << 20, 0)
  })
  afterEach(() => scene.close())

  const threads = (words: BenchWords): BenchWords => ({aio: 'threads', cache: 'writeback', ...words})
  const onFile = (words: BenchWords, more: Partial<Parameters<typeof runBench>[0]> = {}): Promise<FinishedBench> =>
    measure(threads(words), {path, createBytes: undefined, diskModel: undefined, ...more})

  it('measures by a clock that nobody can set: a jump of the time of day changes nothing', async () => {
    const today = vi.spyOn(Date, 'now')
    let jumps = 0
    today.mockImplementation(() => (jumps++ % 2 === 0 ? 0 : 4e12))
    try {
      const round = firstRound(await onFile({runtime: '100ms', 'ramp-time': '20ms'}))
      expect(round.runtimeNs).toBeGreaterThanOrEqual(100e6)
      expect(round.runtimeNs).toBeLessThan(10e9)
      expect(round.write.latency.min).toBeGreaterThan(0)
      expect(round.write.latency.max).toBeLessThanOrEqual(round.runtimeNs)
    } finally {
      today.mockRestore()
    }
  })

  for (const drain of ['0', '1']) {
    it(`sends exactly the flushes that were asked for at depth 16, draining ${drain}`, async () => {
      const words = {'io-size': '1M', iodepth: '16', 'flush-every': '16', 'flush-drain': drain}
      expect(counts(firstRound(await onFile(words)))).toEqual([0, 256, 16, 16, 16])
    })
  }

  it('reports that an image is sparse, and allocates it where it is told to without changing it', async () => {
    const sparse = scene.file('sparse.img', 1 << 20)
    const words = {rw: 'read', 'io-size': '4k'} as const
    const {result} = await onFile(words, {path: sparse})
    expect(result.allocation).toBe('sparse')
    writeFileSync(sparse, Buffer.alloc(4096, 7), {flag: 'r+'})
    const {result: after} = await onFile(words, {path: sparse, preallocate: true})
    expect(after.allocation).toBe('preallocated')
    const content = readFileSync(sparse)
    expect([content.length, content[0], content[4095], content[4096]]).toEqual([1 << 20, 7, 7, 0])
  })

  it('makes an image of its own and removes it, also when the workload does not fit', async () => {
    const own = scene.path('own.img')
    const {result} = await onFile({'io-size': '64k'}, {path: own, createBytes: 1 << 20, preallocate: true})
    expect(result).toMatchObject({allocation: 'preallocated', sizeBytes: 1 << 20})
    expect(() => readFileSync(own)).toThrow('ENOENT')
    await expect(onFile({size: '2M'}, {path: own, createBytes: 1 << 20})).rejects.toThrow('less than --size')
    expect(() => readFileSync(own)).toThrow('ENOENT')
  })

  it('verifies what it wrote, and finds a flipped bit on a later run at its byte', async () => {
    const words = threads({rw: 'randwrite', verify: '1', 'io-size': '256k', bs: '4k'})
    const {verified} = await onFile(words)
    expect(verified).toMatchObject([{units: 64, wrong: 0}])
    const cells = cellsOf(words)
    expect(await verifyImage({path}, cells)).toMatchObject([{units: 64, wrong: 0}])
    const content = readFileSync(path)
    const at = content.indexOf('fpverify') + 4095
    content[at] = (content[at] ?? 0) ^ 0x10
    writeFileSync(path, content)
    expect(await verifyImage({path}, cells)).toMatchObject([{units: 64, wrong: 1, first: {offsetBytes: at}}])
  })

  it('finds in the same run what does not read back as it was written, and fails', async () => {
    const read = fs.readSync.bind(fs)
    const spy = vi.spyOn(fs, 'readSync').mockImplementation(((fd: number, bytes: Uint8Array, ...rest: number[]) => {
      const done = read(fd, bytes, ...(rest as [number, number, number]))
      if (rest[2] === 8192) bytes[100] = (bytes[100] ?? 0) ^ 1
      return done
    }) as typeof fs.readSync)
    try {
      const {verified, failure} = await onFile({rw: 'write', verify: '1', 'io-size': '64k'})
      expect(spy).toHaveBeenCalled()
      expect(verified).toMatchObject([{units: 16, wrong: 1, first: {offsetBytes: 8192 + 100}}])
      expect(failure).toMatch(/^write: verify found [\da-f]{8} in place of [\da-f]{8} at byte 8292$/)
    } finally {
      spy.mockRestore()
    }
  })

  it('ends with the first request that fails, and keeps the count of those before it', async () => {
    const words = {rw: 'read', runtime: '5s', bs: '4k'} as const
    let isCut = false
    const cut = ({requests}: {requests: number}): void => {
      if (requests === 0) return
      if (!isCut) truncateSync(path, 512)
      isCut = true
    }
    const {result, failure} = await onFile(words, {progress: cut})
    expect(failure).toMatch(/a read failed: EIO/)
    expect(result.complete).toBe(false)
    expect(result.notes.join()).toMatch(/size of the image changed/)
    const round = firstRound({result, failure, verified: [], sync: undefined})
    expect(round).toMatchObject({cutBy: 'error', read: {errors: 1}})
    expect(round.read.requests).toBeGreaterThan(0)
  })

  it('says so when the image was cut and written to its old length again', async () => {
    const cutOnce = ({requests}: {requests: number}): void => {
      if (requests === 0 || isCut) return
      isCut = true
      truncateSync(path, 4096)
      truncateSync(path, 1 << 20)
    }
    let isCut = false
    const words = {rw: 'write', size: '64k', runtime: '600ms'} as const
    const {result, failure} = await onFile(words, {progress: cutOnce})
    expect(failure).toBeUndefined()
    expect(result.notes.join()).toMatch(/lost blocks while it was measured/)
  })

  it('goes on when the image disappears, and says so', async () => {
    const {result, failure} = await onFile(
      {rw: 'read', runtime: '600ms'},
      {progress: () => rmSync(path, {force: true})},
    )
    expect(failure).toBeUndefined()
    expect(result.notes.join()).toMatch(/was removed/)
  })

  const cutAfterFirst = async (cut: () => void, words: BenchWords = {}): Promise<FinishedBench> => {
    let isCut = false
    return onFile(
      {rw: 'randwrite', 'io-size': '64k', ...words},
      {
        rounds: 3,
        progress({round}) {
          if (round === 1 && !isCut) cut()
          isCut ||= round === 1
        },
      },
    )
  }

  it('keeps what was measured when the image is not there in a later round', async () => {
    // Removed when the second round has opened it: the third finds nothing.
    const {result, failure} = await cutAfterFirst(() => rmSync(path))
    expect(failure).toMatch(/^randwrite, round 3: .*does not exist/)
    expect(result).toMatchObject({complete: false, cells: [{rounds: [{cutBy: undefined}, {cutBy: undefined}]}]})
    expect(result.notes.join()).toMatch(/was removed/)
  })

  it('does not touch another file that comes to stand under the name of the image', async () => {
    const other = scene.file('other.img', 1 << 20, 0x77)
    const {result, failure} = await cutAfterFirst(() => renameSync(other, path))
    expect(failure).toMatch(/round 3: .* is another file than it was when the bench began/)
    expect(result.cells[0]?.rounds).toHaveLength(2)
    expect(readFileSync(path).every((byte) => byte === 0x77)).toBe(true)
  })

  it('does not go on with an image of another size', async () => {
    const {result, failure} = await cutAfterFirst(() => truncateSync(path, 2 << 20))
    expect(failure).toMatch(/round 3: .* has 2097152 bytes, and had 1048576/)
    expect(result.cells[0]?.rounds).toHaveLength(2)
  })

  it('asks no clock that can jump', async () => {
    const now = vi.spyOn(Date, 'now').mockImplementation(() => {
      throw new Error('somebody asked the time of day')
    })
    try {
      const {result} = await onFile({rw: 'read', runtime: '50ms'})
      expect(firstRound({result, failure: undefined, verified: [], sync: undefined}).runtimeNs).toBeLessThan(10e9)
    } finally {
      now.mockRestore()
    }
  })

  it('paces requests: not above the rate, not before the pause is over', async () => {
    const rated = firstRound(
      (await onFile({rw: 'randread', runtime: '300ms', 'rate-iops': '100', iodepth: '4'})) as never,
    )
    expect(rated.read.requests).toBeLessThanOrEqual(31)
    const paused = firstRound((await onFile({rw: 'randread', runtime: '300ms', thinktime: '10ms'})) as never)
    expect(paused.read.requests).toBeLessThanOrEqual(31)
    expect(paused.read.requests).toBeGreaterThan(0)
  })

  it('refuses blocks that O_DIRECT cannot transfer, and an image that is too small', async () => {
    const refused = (words: BenchWords): Promise<unknown> => onFile(words).catch((error: unknown) => error)
    for (const words of [{size: '2M'}, {offset: '1M'}, {bs: '2M'}, {offset: '100'}] as const) {
      const error = await refused(words)
      expect(error).toBeInstanceOf(ToolError)
      expect(error).toMatchObject({kind: 'usage'})
    }
    const fd = openSync(path, 'r+')
    ftruncateSync(fd, 4096 * 3)
    closeSync(fd)
    expect(await refused({size: '64k'})).toMatchObject({
      code: 'E_BENCH_SIZE',
      message: expect.stringContaining('12288'),
    })
  })
})
