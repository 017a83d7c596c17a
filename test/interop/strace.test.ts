import {realpathSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, vi} from 'vitest'
import {CACHE_MODES, cacheModeOf, type CacheModeName} from '../../src/cache-mode/index.js'
import {loadUring} from '../../src/native/index.js'
import {direct, lines, runJson, TIMEOUT_MS, type RunDocument} from '../e2e/cli.js'
import {Scene} from '../image/scene.js'
import {capability, itNeeds, peer, type Need} from '../peers.js'
import {callsOn, descriptorOf, openingsOf, readSystemCalls, shortly, straceOf, type SystemCall} from './system-calls.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

const ring = await loadUring()
const uring = capability(ring.ok, ring.ok ? '' : ring.reason)
const traced = peer('strace')

function needsOf(mode: CacheModeName): Need[] {
  return cacheModeOf(mode).direct ? [traced, direct] : [traced]
}

let scene: Scene
let image: string
beforeEach(() => {
  scene = new Scene()
  image = realpathSync(scene.file('disk.img', 2 ** 20, 0x11)) // as strace prints it
})
afterEach(() => scene.close())

interface Traced {
  readonly calls: readonly SystemCall[]
  readonly document: RunDocument
  /** What was done to the image, in order; opening and closing aside. */
  readonly done: readonly string[]
}

async function trace(path: string, args: readonly string[]): Promise<Traced> {
  const log = scene.path('strace.log')
  const {exit, document} = await runJson([path, ...args], {through: straceOf(log)})
  expect(exit).toBe(0)
  const calls = readSystemCalls(log)
  return {calls, document, done: callsOn(calls, path).map(shortly)}
}

/** The flags of open(2) each mode has (semantics: one row per mode, step "open"). */
const OPEN_FLAGS: Readonly<Record<CacheModeName, readonly string[]>> = {
  writethrough: ['O_RDWR', 'O_DSYNC'],
  writeback: ['O_RDWR'],
  none: ['O_RDWR', 'O_DIRECT'],
  directsync: ['O_RDWR', 'O_DIRECT', 'O_DSYNC'],
  unsafe: ['O_RDWR'],
}

describe.each(['threads', 'uring'])('the flags an image is opened with, with --aio %s', (aio) => {
  for (const mode of CACHE_MODES) {
    const needs = [...needsOf(mode.name), ...(aio === 'uring' ? [uring] : [])]

    itNeeds(needs, `are those of ${mode.name}, as the report says, and there is one opening`, async () => {
      const {calls, document} = await trace(image, [
        ...lines('OUT 0 4k', 'IN 0 4k'),
        '--cache',
        mode.name,
        '--aio',
        aio,
      ])
      const openings = openingsOf(calls, image).map(({flags}) =>
        flags.filter((flag) => flag !== 'O_CLOEXEC').toSorted(),
      )
      expect(openings).toEqual([OPEN_FLAGS[mode.name].toSorted()])
      expect([...document.cache.openFlags].toSorted()).toEqual(OPEN_FLAGS[mode.name].toSorted())
      expect(calls.some(({name}) => name === 'io_uring_setup')).toBe(aio === 'uring')
    })
  }
})

const TWO_OUT_AND_FLUSH = lines('OUT 0 4k', 'OUT 8k 4k', 'FLUSH')

describe('two OUT and a FLUSH, with --aio threads', () => {
  const onThreads = (mode: string): string[] => [...TWO_OUT_AND_FLUSH, '--cache', mode, '--aio', 'threads']
  const synced = ['pwrite64 0+4096', 'pwrite64 8192+4096', 'fdatasync']

  for (const mode of ['writeback', 'none'] as const) {
    itNeeds(needsOf(mode), `B14: are two writes and then one fdatasync under ${mode}`, async () => {
      const {calls, done, document} = await trace(image, onThreads(mode))
      expect(done).toEqual(synced)
      const [first, second, sync] = callsOn(calls, image) as [SystemCall, SystemCall, SystemCall]
      expect(first.end).toBeLessThan(sync.begin)
      expect(second.end).toBeLessThan(sync.begin)
      expect(document.aio.syncs).toBe(1)
    })
  }

  for (const mode of ['writethrough', 'directsync'] as const) {
    itNeeds(
      needsOf(mode),
      `are two stable writes under ${mode}; the FLUSH may sync or have nothing to do`,
      async () => {
        const {done, document} = await trace(image, onThreads(mode))
        expect(done.slice(0, 2)).toEqual(synced.slice(0, 2))
        expect(done.slice(2)).toEqual(document.aio.syncs === 1 ? ['fdatasync'] : [])
      },
    )
  }

  itNeeds(
    [traced],
    'B7: are two writes and no sync of any kind under unsafe, also when the image is closed',
    async () => {
      const {calls, done, document} = await trace(image, onThreads('unsafe'))
      expect(done).toEqual(['pwrite64 0+4096', 'pwrite64 8192+4096'])
      // sync(2) and syncfs(2) name no file of their own.
      expect(calls.filter(({name}) => name === 'sync' || name === 'syncfs')).toEqual([])
      expect(document.aio.syncs).toBe(0)
    },
  )
})

describe('two OUT and a FLUSH, with --aio uring', () => {
  for (const mode of CACHE_MODES) {
    const needs = [...needsOf(mode.name), uring]

    itNeeds(needs, `reach the kernel through the ring alone, under ${mode.name}`, async () => {
      const {done, document} = await trace(image, [...TWO_OUT_AND_FLUSH, '--cache', mode.name, '--aio', 'uring'])
      expect(done).toEqual([])
      if (mode.noFlush) expect(document.aio.syncs).toBe(0)
      else if (!mode.dsync) expect(document.aio.syncs).toBe(1)
    })
  }
})

describe('one OUT', () => {
  const one = [...lines('OUT 4k 4k'), '--aio', 'threads']

  itNeeds([traced], 'B13: goes through a descriptor with O_DSYNC under writethrough and needs no sync', async () => {
    const {calls, done, document} = await trace(image, [...one, '--cache', 'writethrough'])
    expect(done).toEqual(['pwrite64 4096+4096'])
    expect(openingsOf(calls, image)[0]?.flags).toContain('O_DSYNC')
    expect(document.requests[0]?.stable.by).toBe('completion')
  })

  for (const mode of ['writeback', 'none'] as const) {
    itNeeds(needsOf(mode), `without a FLUSH is synced before the image is closed, under ${mode}`, async () => {
      const {done, document} = await trace(image, [...one, '--cache', mode])
      expect(done).toEqual(['pwrite64 4096+4096', 'fdatasync'])
      // The report is about the moment before.
      expect(document).toMatchObject({closingSync: 'done', aio: {syncs: 0}, atRisk: {powerLoss: {bytes: 4096}}})
    })
  }
})

describe('a FUA write, with --aio threads', () => {
  const fua = [...lines('OUT 0 4k', 'OUT 8k 4k fua'), '--aio', 'threads', '--cache']

  for (const mode of ['writeback', 'none'] as const) {
    itNeeds(
      needsOf(mode),
      `goes through a second descriptor with O_DSYNC under ${mode}; the write beside it does not`,
      async () => {
        const {calls} = await trace(image, [...fua, mode])
        const [plain, dsync] = openingsOf(calls, image)
        expect(plain?.flags).not.toContain('O_DSYNC')
        expect(dsync?.flags).toContain('O_DSYNC')
        expect(dsync?.flags.includes('O_DIRECT')).toBe(mode === 'none')
        const writes = callsOn(calls, image).filter(({name}) => name === 'pwrite64')
        expect(writes.map((call) => [shortly(call), descriptorOf(call)])).toEqual([
          ['pwrite64 0+4096', plain?.descriptor],
          ['pwrite64 8192+4096', dsync?.descriptor],
        ])
      },
    )
  }

  itNeeds([traced], 'needs no second descriptor under writethrough', async () => {
    const {calls, done} = await trace(image, [...fua, 'writethrough'])
    expect(openingsOf(calls, image)).toHaveLength(1)
    expect(done).toEqual(['pwrite64 0+4096', 'pwrite64 8192+4096'])
  })

  itNeeds([traced], 'is a write like any other under unsafe', async () => {
    const {calls, done} = await trace(image, [...fua, 'unsafe'])
    expect(openingsOf(calls, image).flatMap(({flags}) => flags)).not.toContain('O_DSYNC')
    expect(done).toEqual(['pwrite64 0+4096', 'pwrite64 8192+4096'])
  })
})

describe('BARRIER, with --aio threads', () => {
  const batch = [
    ...lines('OUT 0 4k', 'OUT 8k 4k barrier', 'OUT 16k 4k'),
    '--aio',
    'threads',
    '--depth',
    '4',
    '--ordering',
  ]
  const writes = ['pwrite64 0+4096', 'pwrite64 8192+4096', 'pwrite64 16384+4096']

  itNeeds([traced], 'drained only orders the writes and syncs nothing before the image is closed', async () => {
    expect((await trace(image, [...batch, 'drain'])).done).toEqual([...writes, 'fdatasync'])
  })

  itNeeds([traced], 'drained with flushes syncs before it and after it', async () => {
    const {done} = await trace(image, [...batch, 'drain-flush'])
    expect(done.slice(0, 5)).toEqual([writes[0], 'fdatasync', writes[1], 'fdatasync', writes[2]])
  })
})

describe('--create', () => {
  itNeeds(
    [traced],
    'B19: syncs the new file and its folder before the batch, and the data before it ends',
    async () => {
      const path = join(realpathSync(scene.folder), 'new.img')
      const {calls} = await trace(path, [...lines('OUT 0 4k'), '--create', '1M', '--aio', 'threads'])
      const folder = realpathSync(scene.folder)
      const relevant = calls.filter(
        ({args}) => args.includes(`<${path}>`) || (/^\d+</.test(args) && args.includes(`<${folder}>`)),
      )
      const done = relevant
        .filter(({name}) => ['ftruncate', 'fsync', 'fdatasync', 'pwrite64'].includes(name))
        .map((call) => `${shortly(call)}${call.args.includes(`<${folder}>`) ? ' of the folder' : ''}`)
      expect(done).toEqual(['ftruncate', 'fsync', 'fsync of the folder', 'pwrite64 0+4096', 'fdatasync'])
    },
  )
})

describe('--snapshot and --read-only', () => {
  for (const flag of ['--snapshot', '--read-only']) {
    itNeeds([traced], `${flag} opens the image for reading only and writes nothing to it`, async () => {
      const {calls, done} = await trace(image, [...lines('IN 0 4k', 'FLUSH'), flag, '--aio', 'threads'])
      expect(openingsOf(calls, image).map(({flags}) => flags[0])).toEqual(['O_RDONLY'])
      expect(done.filter((call) => /write|fallocate|truncate/.test(call))).toEqual([])
    })
  }
})
