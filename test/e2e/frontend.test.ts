import {readFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {callsOn, readSystemCalls, shortly, straceOf} from '../interop/system-calls.js'
import {Scene} from '../image/scene.js'
import {itNeeds, peer} from '../peers.js'
import {contents, direct, expectRefusal, flushpoint, lines, runJson, TIMEOUT_MS, type RunDocument} from './cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let scene: Scene
let image: string
beforeEach(() => {
  scene = new Scene()
  image = scene.file('disk.img', 2 ** 20, 0x11)
})
afterEach(() => scene.close())

async function documentOf(batch: readonly string[], ...flags: readonly string[]): Promise<RunDocument> {
  return (await runJson([image, ...lines(...batch), ...flags])).document
}

/** Since when each request is stable, as the document has it. */
function stableBy({requests}: RunDocument): string[] {
  return requests.map(({stable}) => stable.by)
}

function codesOf({hazards}: RunDocument): string[] {
  return hazards.map(({code}) => code)
}

const virtio = (...more: readonly string[]): string[] => ['--frontend', 'virtio-blk', ...more]

describe('what virtio negotiates', () => {
  itNeeds([direct], 'B1: nothing: every write is stable at its completion, also under none', async () => {
    const document = await documentOf(['OUT 0 4k'], ...virtio('--negotiate', 'none', '--cache', 'none'))
    expect(stableBy(document)).toEqual(['fua'])
    expect(document.atRisk.powerLoss.bytes).toBe(0)
    expect(document.guarantees).toContainEqual(expect.objectContaining({id: 'G-STABLE', holds: true}))
    expect(document.notes.join(' ')).toContain('every write has to be stable when it completes')
  })

  it('B2: FLUSH alone: a completed write is volatile', async () => {
    const document = await documentOf(['OUT 0 4k'], ...virtio('--negotiate', 'FLUSH'))
    expect(stableBy(document)).toEqual(['none'])
    expect(document.atRisk.powerLoss.bytes).toBe(4096)
  })

  it('B3: CONFIG_WCE without FLUSH: the write cache starts switched off', async () => {
    const document = await documentOf(['OUT 0 4k'], ...virtio('--negotiate', 'CONFIG_WCE'))
    expect(document.cache.writeCacheEnabled).toBe(false)
    expect(stableBy(document)).toEqual(['fua'])
  })

  it('FLUSH that is not offered is answered UNSUPP, and promised to nobody', async () => {
    const document = await documentOf(['OUT 0 4k', 'FLUSH'], ...virtio('--features', 'none'))
    expect(document.requests[1]).toMatchObject({status: 'UNSUPP', reason: 'the device does not offer FLUSH'})
    expect(stableBy(document)).toEqual(['none', 'none'])
    expect(document.guarantees).toContainEqual(expect.objectContaining({id: 'G-FLUSH', holds: false}))
  })
})

describe('SET writeback=0', () => {
  it('B4: makes no earlier write stable on virtio', async () => {
    const document = await documentOf(['OUT 0 4k', 'SET writeback=0', 'OUT 8k 4k'], ...virtio())
    expect(stableBy(document)).toEqual(['none', 'none', 'fua'])
    expect(document.atRisk.powerLoss.bytes).toBe(4096)
    expect(document.aio.syncs).toBe(0)
  })

  it.each(['sim', 'threads'])('B5: a write in flight beside it is not counted stable, with --aio %s', async (aio) => {
    const document = await documentOf(['OUT 0 512k', 'SET writeback=0'], ...virtio('--depth', '4', '--aio', aio))
    expect(stableBy(document)).toEqual(['none', 'none'])
    expect(document.atRisk.powerLoss.bytes).toBe(512 * 1024)
  })

  it.each(['scsi', 'ide'])('B6: makes what was written before stable on %s', async (frontend) => {
    const document = await documentOf(['OUT 0 4k', 'SET writeback=0', 'OUT 8k 4k'], '--frontend', frontend)
    expect(stableBy(document)).toEqual(['flush', 'none', 'fua'])
    expect(document.aio.syncs).toBe(1)
    const {stdout} = await flushpoint([
      'run',
      image,
      ...lines('OUT 0 4k', 'SET writeback=0', 'OUT 8k 4k'),
      '--frontend',
      frontend,
    ])
    expect(stdout).toContain('SET writeback=0 #2')
    expect(stdout).toContain('its completion (write cache off)')
  })

  it('is refused where nothing can switch the cache', async () => {
    const document = await documentOf(['SET writeback=0'], '--frontend', 'xen-blkback')
    expect(document.requests[0]).toMatchObject({status: 'UNSUPP'})
  })
})

describe('--direct-io-safe', () => {
  const batch = ['OUT 0 4k', 'FSYNC']

  itNeeds([direct], 'B11: without it none is run as writeback, which the report says', async () => {
    const document = await documentOf(batch, '--frontend', 'xen-blkback', '--cache', 'none')
    expect(document.cache).toMatchObject({mode: 'writeback', asked: 'none', openFlags: ['O_RDWR']})
    expect(document.notes.join(' ')).toContain('none is downgraded to writeback')
    const {stdout} = await flushpoint([
      'run',
      image,
      ...lines(...batch),
      '--frontend',
      'xen-blkback',
      '--cache',
      'none',
    ])
    expect(stdout).toMatch(/downgraded: +from none to writeback/)
  })

  itNeeds([direct], 'B12: with it none stays none, and writeback stays writeback', async () => {
    const flags = ['--frontend', 'xen-blkback', '--direct-io-safe']
    expect((await documentOf(batch, ...flags, '--cache', 'none')).cache).toMatchObject({mode: 'none', asked: 'none'})
    expect((await documentOf(batch, ...flags)).cache).toMatchObject({mode: 'writeback', asked: 'writeback'})
  })

  it('a comparison keeps the name of the mode asked for and says which is in force', async () => {
    const flags = ['--frontend', 'xen-blkback', '--cache', 'writethrough,none']
    const {stdout, exit} = await flushpoint(['run', image, ...lines(...batch), ...flags])
    expect(exit).toBe(0)
    expect(stdout).toMatch(/cache mode in force +writethrough +writeback/)
  })
})

describe('the flushes of a guest', () => {
  it('E3: IDE in 2009 sends none for an fsync, which is a hazard', async () => {
    const document = await documentOf(['OUT 0 4k', 'FSYNC'], '--frontend', 'ide', '--era', '2009')
    expect(document.commands).toMatchObject({flushes: 0, flushesNotSent: 1})
    expect(codesOf(document)).toContain('FLUSH_NOT_SENT')
    expect(document.aio.syncs).toBe(0)
    expect(document.closingSync).toBe('done')
  })

  it('E2: virtio in 2009 has every write stable under writethrough, and no barrier', async () => {
    const batch = ['OUT 0 4k', 'BARRIER', 'OUT 8k 4k']
    const document = await documentOf(batch, ...virtio('--era', '2009', '--cache', 'writethrough', '--depth', '4'))
    expect(stableBy(document)).toEqual(['completion', 'none', 'completion'])
    expect(document.requests[1]?.status).toBe('UNSUPP')
    expect(codesOf(document)).toContain('BARRIER_REFUSED')
  })

  it('E2: with the first step of the plan it drains', async () => {
    const batch = ['OUT 0 4k', 'BARRIER', 'OUT 8k 4k']
    const flags = virtio('--era', '2009', '--with', 'virtio-drain', '--cache', 'writethrough', '--depth', '4')
    const document = await documentOf(batch, ...flags)
    expect(document).toMatchObject({ordering: 'drain', counts: {ok: 3, stableWrites: 2}, hazards: []})
  })

  it('E8: an empty barrier under tag sends nothing, which is a hazard while something is volatile', async () => {
    const document = await documentOf(['OUT 0 4k', 'FSYNC'], '--frontend', 'xen-blkback', '--era', '2009')
    expect(document).toMatchObject({ordering: expect.stringMatching(/tag|drain/) as unknown, orderingAsked: 'tag'})
    expect(document.requests[1]?.status).toBe('OK')
    expect(document.commands).toMatchObject({flushes: 0, flushesNotSent: 1})
    expect(codesOf(document)).toContain('FLUSH_NOT_SENT')
  })

  it.each([
    ['E9', 'tag-flush', 1],
    ['E9', 'tag-fua', 1],
    ['E9', 'drain-flush', 1],
    ['E9', 'drain-fua', 1],
    ['E10', 'drain', 0],
  ])('%s: an empty barrier under %s sends %i flushes', async (_id, ordering, flushes) => {
    const document = await documentOf(['OUT 0 4k', 'BARRIER'], '--ordering', ordering)
    expect(document.commands.flushes).toBe(flushes)
    expect(document.aio.syncs).toBe(flushes)
    expect(stableBy(document)[0]).toBe(flushes === 1 ? 'flush' : 'none')
  })

  it('E12: a barrier with data under none is refused, and writes nothing', async () => {
    const document = await documentOf(['OUT 0 4k barrier pattern=0xaa', 'BARRIER'], '--ordering', 'none')
    expect(document.requests).toMatchObject([
      {status: 'UNSUPP', reason: 'the driver declares no barriers (EOPNOTSUPP)'},
      {status: 'UNSUPP', reason: 'the driver declares no barriers (EOPNOTSUPP)'},
    ])
    expect(readFileSync(image).every((byte) => byte === 0x11)).toBe(true)
    expect(document.commands).toEqual({reads: 0, writes: 0, flushes: 0, flushesNotSent: 0})
  })

  it('E13: an fsync without a write cache sends nothing, and nothing is missing', async () => {
    const document = await documentOf(['OUT 0 4k', 'FSYNC'], ...virtio('--cache', 'writethrough'))
    expect(document.commands).toMatchObject({flushes: 0, flushesNotSent: 0})
    expect(document).toMatchObject({hazards: [], counts: {ok: 2, stableWrites: 1}})
  })

  it('E14: FUA on a device without it is a write and a flush', async () => {
    const document = await documentOf(['OUT 0 4k fua'], ...virtio())
    expect(document.commands).toMatchObject({writes: 1, flushes: 1})
    expect(document.aio.syncs).toBe(1)
    expect(document.atRisk.powerLoss.bytes).toBe(0)
  })

  it('E15: a hundred flushes that arrive beside a running one are one sync more', async () => {
    const batch = ['OUT 0 4k', 'WAIT', 'REPEAT 101', 'FLUSH', 'END']
    const document = await documentOf(batch, ...virtio('--depth', '128'))
    expect(document.commands.flushes).toBe(101)
    expect(document.aio.syncs).toBe(2)
  })

  it('E17: WRITE_BARRIER behind QEMU is an error, after which an fsync sends its flush', async () => {
    const document = await documentOf(['OUT 0 4k', 'OUT 4k 4k barrier', 'FSYNC'], '--frontend', 'xen-blkback')
    expect(document.requests[1]?.status).toBe('UNSUPP')
    expect(document.commands).toMatchObject({writes: 1, flushes: 1, flushesNotSent: 0})
    expect(stableBy(document)[0]).toBe('flush')
    expect(document.notes.join(' ')).toContain('WRITE_BARRIER is answered with an error')
  })

  it('E18: a flush that carries data leaves the data itself volatile', async () => {
    const document = await documentOf(['OUT 0 4k', 'OUT 4k 4k preflush'], '--frontend', 'xen-blkback')
    expect(document.commands).toMatchObject({writes: 2, flushes: 1})
    expect(stableBy(document)).toEqual(['flush', 'none'])
  })
})

describe('on the host', () => {
  const traced = peer('strace')

  async function syncsAndWrites(...args: readonly string[]): Promise<string[]> {
    const log = scene.path('strace.log')
    const {exit} = await runJson([image, '--aio', 'threads', ...args], {through: straceOf(log)})
    expect(exit).toBe(0)
    return callsOn(readSystemCalls(log), image).map(shortly)
  }

  itNeeds([traced], 'E11: a barrier with data under drain-flush is sync, write, sync', async () => {
    const done = await syncsAndWrites(...lines('OUT 0 4k', 'OUT 8k 4k barrier'), '--ordering', 'drain-flush')
    expect(done).toEqual(['pwrite64 0+4096', 'fdatasync', 'pwrite64 8192+4096', 'fdatasync'])
  })

  itNeeds([traced], 'E13: an fsync without a write cache never becomes a sync', async () => {
    const done = await syncsAndWrites(...lines('OUT 0 4k', 'FSYNC'), ...virtio('--cache', 'writethrough'))
    expect(done.some((call) => call.includes('sync'))).toBe(false)
  })
})

describe('several policies', () => {
  it('are compared under one mode, each on a copy', async () => {
    const before = contents(scene.folder)
    const args = ['run', image, ...lines('OUT 0 4k', 'BARRIER', 'OUT 8k 4k'), '--ordering', 'drain,drain-flush']
    const {stdout, exit} = await flushpoint(args)
    expect(exit).toBe(0)
    expect(stdout).toContain('3 requests under writeback: drain, drain-flush')
    expect(stdout).toMatch(/flushes sent +0 +1/)
    expect(contents(scene.folder)).toEqual(before)
    const json = JSON.parse((await flushpoint([...args, '--json'])).stdout) as {runs: RunDocument[]}
    expect(json.runs.map(({orderingAsked}) => orderingAsked)).toEqual(['drain', 'drain-flush'])
  })
})

describe('a front end that cannot be', () => {
  const WRITE = lines('OUT 0 4k pattern=0xaa')

  it.each([
    [['--frontend', 'floppy'], 'Expected --frontend=floppy to be one of'],
    [['--frontend', 'ide', '--era', '1999'], 'Expected --era=1999 to be one of'],
  ])('%o is refused as any other flag', async (flags, says) => {
    const {exit, stderr} = await flushpoint(['run', image, ...WRITE, ...flags])
    expect(exit).toBe(2)
    expect(stderr).toContain(says)
  })

  it.each([
    [['--era', '2009'], 'E_RUN_FLAGS', '--era is about a front end, and none is named'],
    [['--with', 'virtio-drain'], 'E_RUN_FLAGS', '--with is about a front end'],
    [['--direct-io-safe'], 'E_RUN_FLAGS', '--direct-io-safe is about a front end'],
    [['--no-direct-io-safe'], 'E_RUN_FLAGS', '--direct-io-safe is about a front end'],
    [virtio('--direct-io-safe'), 'E_DIRECT_IO_SAFE', 'virtio-blk has no direct-io-safe (today)'],
    [virtio('--with', 'virtio-drain'), 'E_RUN_FLAGS', '--with virtio-drain needs --era 2009, not today'],
    [virtio('--era', '2009', '--with', 'nothing'), 'E_STEP', '"nothing" is not a step'],
    [['--features', 'FLSH'], 'E_FEATURE', '"FLSH" is not a feature of virtio-blk'],
    [['--features', 'CONFIG_WCE'], 'E_FEATURE', 'has to offer FLUSH as well'],
    [['--features', 'SCSI,VERSION_1'], 'E_FEATURE', 'cannot offer SCSI together with VERSION_1'],
    [virtio('--era', '2009', '--features', 'DISCARD'), 'E_FEATURE', 'DISCARD came in 2018'],
    [['--features', 'FLUSH', '--negotiate', 'BARRIER'], 'E_FEATURE', 'the driver cannot accept BARRIER'],
    [['--negotiate', 'FLUSH,flush'], 'E_FEATURE', 'the feature FLUSH is named twice'],
    [['--ordering', 'drain,drain'], 'E_RUN_FLAGS', '--ordering names drain twice'],
    [['--ordering', 'drain,fence'], 'E_ORDERING', '"fence" is not an ordering mode'],
    [['--ordering', ''], 'E_ORDERING', '"" is not an ordering mode'],
    [['--frontend', 'ide', '--ordering', 'tag'], 'E_ORDERING_NEEDS', 'tag is not possible on ide (today)'],
    [['--frontend', 'ide', '--ordering', 'drain,tag'], 'E_ORDERING_NEEDS', 'tag is not possible on ide (today)'],
  ])('%o is refused before anything is touched', async (flags, code, says) => {
    await expectRefusal(scene, ['run', image, ...WRITE, ...flags], {exit: 2, code, says})
    await expectRefusal(scene, ['run', scene.path('new.img'), ...WRITE, ...flags, '--create', '1M'], {
      exit: 2,
      code,
      says,
    })
  })
})
