import fs from 'node:fs'
import {tmpdir} from 'node:os'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {ERRNO} from '../../src/base/index.js'
import {CACHE_MODES, cacheModeOf, type CacheModeName} from '../../src/cache-mode/index.js'
import {openImage} from '../../src/image/index.js'
import {loadUring} from '../../src/native/index.js'
import type {RunResult} from '../../src/run/result.js'
import {loopDevices, Scene} from '../image/scene.js'
import {capability, itNeeds, peer, root, type Need} from '../peers.js'
import {runLines, type Changes} from './batch-run.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => {
  vi.restoreAllMocks()
  scene.close()
})

/** O_DIRECT where temporary files are. */
async function directWorks(): Promise<boolean> {
  const place = new Scene()
  try {
    const options = {mode: cacheModeOf('none'), readOnly: false, forceShare: false}
    ;(await openImage(place.file('probe.img', 4096), options)).close()
    return true
  } catch {
    return false
  } finally {
    place.close()
  }
}

/** Why io_uring cannot be had; empty where it can. */
async function uringRefusal(): Promise<string> {
  const loaded = await loadUring()
  if (!loaded.ok) return loaded.reason
  const opened = loaded.uring.openRing(2)
  if (!opened.ok) return opened.reason
  opened.ring.close()
  return ''
}

const direct = capability(await directWorks(), `${tmpdir()} is on a file system without O_DIRECT`)
const refusal = await uringRefusal()
const uring = capability(refusal === '', refusal)

/** What became of a run, without times, words and places. */
function essence(result: RunResult): unknown {
  const {atRisk} = result
  return {
    openFlags: result.openFlags,
    stableBy: Array.from(result.outcomes, ({stable}) => stable.by),
    atRiskBytes: [atRisk.processKill.bytes, atRisk.osCrash.bytes, atRisk.powerLoss.bytes],
    atRiskOf: atRisk.powerLoss.ranges.map(({offsetBytes, requests}) => ({offsetBytes, requests})),
    syncs: result.aio.syncs,
    hazards: result.hazards.map(({code}) => code),
    // G-READ, G-PROC, G-STABLE, G-FLUSH, G-FUA, G-ALLOC, G-NOHOSTCACHE, G-ORDER-FLUSH, G-ORDER-BARRIER, G-ATOM-SECTOR, G-ERR
    guarantees: result.guarantees.map(({holds}) => (holds === 'assumed' ? '?' : holds ? '+' : '-')).join(''),
    closingSync: result.closingSync,
  }
}

/** Into holes: a flushed write, a FUA write, a write that nobody flushes, a read of the first. */
const BATCH = [
  'OUT 0 4k pattern=0xaa',
  'FLUSH',
  'OUT 8k 4k fua pattern=0xbb',
  'OUT 16k 4k pattern=0xcc',
  'IN 0 4k verify=0xaa',
]

/** By hand from semantics 3.1 (flags), 8.5 (what survives), 8.7 (guarantees), 10.B: B7, B8, B14. */
const GOLDEN: Record<CacheModeName, ReturnType<typeof essence>> = {
  writethrough: {
    openFlags: ['O_RDWR', 'O_DSYNC'],
    stableBy: ['completion', 'none', 'completion', 'completion', 'none'],
    atRiskBytes: [0, 0, 0],
    atRiskOf: [],
    syncs: 1,
    hazards: ['REDUNDANT_FLUSH'],
    guarantees: '++++++-++?+',
    closingSync: 'skipped',
  },
  writeback: {
    openFlags: ['O_RDWR'],
    stableBy: ['flush', 'none', 'fua', 'none', 'none'],
    atRiskBytes: [0, 4096, 4096],
    atRiskOf: [{offsetBytes: 16384, requests: [4]}],
    syncs: 1,
    hazards: ['NOT_FLUSHED'],
    guarantees: '++-++--+-?+',
    closingSync: 'done',
  },
  none: {
    openFlags: ['O_RDWR', 'O_DIRECT'],
    stableBy: ['flush', 'none', 'fua', 'none', 'none'],
    atRiskBytes: [0, 4096, 4096], // the drive has it, but its allocation dies with the host
    atRiskOf: [{offsetBytes: 16384, requests: [4]}],
    syncs: 1,
    hazards: ['HOLE_UNDER_NONE', 'NOT_FLUSHED'],
    guarantees: '++-++-++-?+',
    closingSync: 'done',
  },
  directsync: {
    openFlags: ['O_RDWR', 'O_DSYNC', 'O_DIRECT'],
    stableBy: ['completion', 'none', 'completion', 'completion', 'none'],
    atRiskBytes: [0, 0, 0],
    atRiskOf: [],
    syncs: 1,
    hazards: ['REDUNDANT_FLUSH'],
    guarantees: '+++++++++?+',
    closingSync: 'skipped',
  },
  unsafe: {
    openFlags: ['O_RDWR'],
    stableBy: ['none', 'none', 'none', 'none', 'none'],
    atRiskBytes: [0, 12288, 12288],
    atRiskOf: [
      {offsetBytes: 0, requests: [1]},
      {offsetBytes: 8192, requests: [3]},
      {offsetBytes: 16384, requests: [4]},
    ],
    syncs: 0,
    hazards: ['FLUSH_IGNORED', 'FUA_IGNORED', 'NOT_FLUSHED'],
    guarantees: '++-------?-',
    closingSync: 'skipped',
  },
}

const BACKENDS: readonly {readonly aio: 'threads' | 'uring'; readonly needs: readonly Need[]}[] = [
  {aio: 'threads', needs: []},
  {aio: 'uring', needs: [uring]},
]

describe('a run', () => {
  for (const mode of CACHE_MODES) {
    it(`B7, B8, B14: under ${mode.name} on a simulated disk keeps what the mode promises, and no more`, async () => {
      const result = await runLines(BATCH, {mode: mode.name})
      expect(essence(result)).toEqual({...(GOLDEN[mode.name] as object), closingSync: 'skipped'})
      expect(result.counts).toMatchObject({total: 5, ran: 5, ok: 5, asExpected: 5, verifyFailed: 0, hostErrors: 0})
    })

    for (const {aio, needs} of BACKENDS) {
      itNeeds(
        [...needs, ...(mode.direct ? [direct] : [])],
        `under ${mode.name} through ${aio} tells the same, and the data is in the file`,
        async () => {
          const path = scene.path('disk.img')
          const result = await runLines(BATCH, {path, aio, mode: mode.name, createBytes: 1 << 20})
          expect(essence(result)).toEqual(GOLDEN[mode.name])
          expect(result.counts).toMatchObject({total: 5, ran: 5, ok: 5, asExpected: 5, verifyFailed: 0, hostErrors: 0})
          expect(result.aio).toMatchObject({asked: aio, backend: aio, depth: 1})
          expect(result.image).toMatchObject({path, sizeBytes: 1 << 20, sectors: 2048, created: true, snapshot: false})
          const expected = Buffer.alloc(1 << 20)
          expected.fill(0xaa, 0, 4096).fill(0xbb, 8192, 12288).fill(0xcc, 16384, 20480)
          expect(fs.readFileSync(path).equals(expected)).toBe(true)
        },
      )
    }
  }

  it('B20: reads its own completed writes, flushed or not, at any depth', async () => {
    const lines = ['REPEAT 16', 'OUT ${i}*4k 4k as=w${i}', 'IN ${i}*4k 4k verify=seed:2*${i}+1 after=w${i}', 'END']
    for (const {name} of CACHE_MODES) {
      const result = await runLines(lines, {mode: name, depth: 8})
      expect(result.counts).toMatchObject({ok: 32, verifyFailed: 0})
    }
  })

  itNeeds([root(), peer('losetup'), loopDevices], 'writes less than a block of a device under none', async () => {
    const file = scene.file('disk.img', 1 << 20, 0x11)
    const path = scene.loop(file, '--sector-size', '4096')
    const lines = ['OUT 512 1k pattern=0x22', 'IN 0 512 verify=0x11', 'IN 512 1k verify=0x22', 'FLUSH']
    for (const aio of ['threads', 'auto'] as const) {
      const result = await runLines(lines, {path, aio, mode: 'none', depth: 1})
      expect(result.counts).toMatchObject({ok: 4, verifyFailed: 0})
      expect(result.atRisk.powerLoss.bytes).toBe(0)
    }
    expect(
      fs
        .readFileSync(file)
        .subarray(512, 1536)
        .every((byte) => byte === 0x22),
    ).toBe(true)
    expect(
      fs
        .readFileSync(file)
        .subarray(1536)
        .every((byte) => byte === 0x11),
    ).toBe(true)
  })

  it('tells of each mark whether it was reached', async () => {
    const controller = new AbortController()
    const progress = (done: number): void => void (done === 1 && controller.abort('SIGINT'))
    const lines = ['MARK first', 'OUT 0 4k', 'MARK second', 'OUT 4k 4k', 'MARK third']
    const {marks} = await runLines(lines, {signal: controller.signal, progress})
    expect(marks).toEqual([
      {name: 'first', line: 1, reached: true},
      {name: 'second', line: 3, reached: true},
      {name: 'third', line: 5, reached: false},
    ])
  })

  it('is the same again on a simulated disk with the same seed', async () => {
    const lines = ['REPEAT 20', 'OUT ${i}*3k 3k', 'END', 'FLUSH']
    const told = async (seed: number): Promise<unknown> => {
      const {outcomes, atRisk} = await runLines(lines, {depth: 6, seed})
      return {latencies: Array.from(outcomes, ({latencyNs}) => latencyNs), atRisk}
    }
    expect(await told(7)).toEqual(await told(7))
    expect(await told(8)).not.toEqual(await told(7))
  })
})

describe('a run that is cut short', () => {
  it('has a complete result up to there, and the signal in it', async () => {
    const path = scene.file('disk.img', 1 << 20)
    const controller = new AbortController()
    const progress = (done: number): void => void (done === 2 && controller.abort('SIGTERM'))
    const lines = ['REPEAT 9', 'OUT ${i}*4k 4k', 'END', 'FLUSH']
    const result = await runLines(lines, {path, aio: 'threads', signal: controller.signal, progress})
    expect(result.interruptedBy).toBe('SIGTERM')
    expect(result.counts).toMatchObject({total: 10, ran: 2, ok: 2, writes: 2, stableWrites: 0})
    expect([...result.outcomes].map(({request}) => request.id)).toEqual([1, 2])
    expect(result.atRisk.powerLoss.bytes).toBe(8192)
    expect(result.closingSync).toBe('done')
  })

  it('before its first request has nothing to tell and nothing to sync', async () => {
    const result = await runLines(BATCH, {signal: AbortSignal.abort('SIGINT')})
    expect(result.counts).toMatchObject({total: 5, ran: 0, writes: 0})
    expect(result).toMatchObject({interruptedBy: 'SIGINT', closingSync: 'skipped', hazards: []})
  })
})

/** Makes every fdatasync of node:fs fail. */
function failSyncs(): void {
  vi.spyOn(fs, 'fdatasync').mockImplementation((_fd, done) => {
    setImmediate(() => done(Object.assign(new Error('EIO'), {errno: -ERRNO.EIO, code: 'EIO'})))
  })
}

describe('the closing sync', () => {
  const threads = (changes: Changes = {}): Changes => ({
    path: scene.file('disk.img', 1 << 20),
    aio: 'threads',
    ...changes,
  })

  it('is done when something is not stable, after the report and not counted in it', async () => {
    const sync = vi.spyOn(fs, 'fdatasync')
    const result = await runLines(['OUT 0 4k'], threads())
    expect(result).toMatchObject({closingSync: 'done', closingErrno: 0, aio: {syncs: 0}})
    expect(result.atRisk.powerLoss.bytes).toBe(4096)
    expect(sync).toHaveBeenCalledOnce()
  })

  it.each([
    ['everything is stable', ['OUT 0 4k', 'FLUSH'], {}, 1],
    ['nothing was written', ['IN 0 4k'], {}, 0],
    ['the mode ignores syncs', ['OUT 0 4k'], {mode: 'unsafe'}, 0],
    ['the copy is thrown away', ['OUT 0 4k'], {snapshot: true}, 0],
    ['nothing may be written', ['OUT 0 4k expect=IOERR'], {readOnly: true}, 0],
  ] as const)('is skipped when %s', async (_when, lines, changes, syncs) => {
    const sync = vi.spyOn(fs, 'fdatasync')
    expect((await runLines(lines, threads(changes))).closingSync).toBe('skipped')
    expect(sync).toHaveBeenCalledTimes(syncs)
  })

  it('that fails is told with its errno', async () => {
    failSyncs()
    const result = await runLines(['OUT 0 4k'], threads())
    expect(result).toMatchObject({closingSync: 'failed', closingErrno: ERRNO.EIO})
  })

  it('is not believed after a FLUSH failed, even if the kernel would call it a success', async () => {
    failSyncs()
    const sync = vi.mocked(fs.fdatasync)
    const progress = (done: number): void => {
      if (done === 2) sync.mockImplementation((_fd, answer) => setImmediate(() => answer(null)))
    }
    const result = await runLines(['OUT 0 4k', 'FLUSH'], threads({progress}))
    expect(result).toMatchObject({closingSync: 'failed', closingErrno: ERRNO.EIO, counts: {ok: 1, hostErrors: 1}})
    expect(sync).toHaveBeenCalledOnce()
  })
})

describe('a host error', () => {
  it('is an IOERR with its errno, and the batch goes on', async () => {
    const write = fs.write
    vi.spyOn(fs, 'write').mockImplementation(((...args: unknown[]) => {
      const done = args.at(-1) as (error: unknown) => void
      if (args[4] === 4096) setImmediate(() => done(Object.assign(new Error('full'), {errno: -ERRNO.ENOSPC})))
      else Reflect.apply(write, fs, args)
    }) as typeof fs.write)
    const lines = ['OUT 0 4k', 'OUT 4k 4k', 'OUT 8k 4k', 'FLUSH']
    const path = scene.file('disk.img', 1 << 20)
    const result = await runLines(lines, {path, aio: 'threads'})
    expect(Array.from(result.outcomes, ({status, errno}) => ({status, errno}))).toEqual([
      {status: 'OK', errno: 0},
      {status: 'IOERR', errno: ERRNO.ENOSPC},
      {status: 'OK', errno: 0},
      {status: 'OK', errno: 0},
    ])
    expect(result.counts).toMatchObject({ok: 3, asExpected: 3, hostErrors: 1, writes: 2, stableWrites: 2})
    expect(result.atRisk.powerLoss.ranges).toEqual([{offsetBytes: 4096, lengthBytes: 4096, requests: [2]}])
    const expected = await runLines(['OUT 4k 4k expect=IOERR'], {path, aio: 'threads'})
    expect(expected.counts).toMatchObject({ok: 0, asExpected: 1, hostErrors: 0})
  })

  it('is no host error when the device itself refused, nor when the batch expects it', async () => {
    const lines = ['OUT 2M 4k', 'OUT 0 100 expect=IOERR', 'TYPE 99 0 0 expect=UNSUPP']
    const {counts} = await runLines(lines)
    expect(counts).toMatchObject({ran: 3, ok: 0, asExpected: 2, hostErrors: 0, writes: 0})
  })
})

describe('an image that changes size meanwhile', () => {
  it.each([
    ['shrunk', 4096],
    ['grown', 8192 + 512],
  ])('is noted when it has %s', async (_how, toBytes) => {
    const path = scene.file('disk.img', 8192)
    const progress = (done: number): void => void (done === 1 && fs.truncateSync(path, toBytes))
    const {notes} = await runLines(['OUT 0 512', 'IN 0 512'], {path, aio: 'threads', progress})
    expect(notes.filter((note) => note.includes(`from 8192 to ${toBytes} bytes`))).toHaveLength(1)
  })

  it('makes a read beyond its new end an IOERR, not a short success', async () => {
    const path = scene.file('disk.img', 8192, 0xaa)
    const progress = (done: number): void => void (done === 1 && fs.truncateSync(path, 4096))
    const {outcomes} = await runLines(['IN 0 512', 'IN 4k 4k'], {path, aio: 'threads', progress})
    expect(Array.from(outcomes, ({status}) => status)).toEqual(['OK', 'IOERR'])
  })
})

describe('a snapshot', () => {
  it('is written and read as the image would be, and the image and its folder stay as they were', async () => {
    const path = scene.file('disk.img', 1 << 20, 0x11)
    const lines = ['IN 0 4k verify=0x11', 'OUT 0 4k pattern=0x22', 'FLUSH', 'IN 0 8k verify=0x22']
    const result = await runLines(lines, {path, aio: 'threads', snapshot: true})
    const wrong = Array.from(result.outcomes, ({verification}) => verification?.offsetBytes)
    expect(wrong).toEqual([undefined, undefined, undefined, 4096])
    expect(result.image.snapshot).toBe(true)
    expect(fs.readFileSync(path).every((byte) => byte === 0x11)).toBe(true)
    expect(fs.readdirSync(scene.folder)).toEqual(['disk.img'])
  })
})
