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
import {ToolError} from '../../src/base/index.js'
import {cellsOf, runBench, verifyImage, type BenchWords, type FinishedBench} from '../../src/bench/index.js'
import {Scene} from '../image/scene.js'
import {measure, firstRound, counts} from './measure.js'

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
    expect(
      await verifyImage(
        {path},
        cells.map((cell) => [cell]),
      ),
    ).toMatchObject([{units: 64, wrong: 0}])
    const content = readFileSync(path)
    const at = content.indexOf('fpverify') + 4095
    content[at] = (content[at] ?? 0) ^ 0x10
    writeFileSync(path, content)
    expect(
      await verifyImage(
        {path},
        cells.map((cell) => [cell]),
      ),
    ).toMatchObject([{units: 64, wrong: 1, first: {offsetBytes: at}}])
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
