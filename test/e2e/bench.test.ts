import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {openTrace} from '../../src/archive/index.js'
import {loadUring} from '../../src/native/index.js'
import {FLUSH} from '../../src/request/index.js'
import {loopDevices, procFd, Scene} from '../image/scene.js'
import {capability, itNeeds, peer, root} from '../peers.js'
import {direct, endOf, expectRefusal, flushpoint, hashOf, start, TIMEOUT_MS} from './cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

const ring = await loadUring()
const uring = capability(ring.ok, ring.ok ? '' : ring.reason)

let scene: Scene
let image: string
beforeEach(() => {
  scene = new Scene()
  image = scene.file('disk.img', 1 << 20, 0x11)
})
afterEach(() => scene.close())

interface Round {
  readonly round: number
  readonly runtimeNs: number
  readonly read: {readonly requests: number; readonly errors: number}
  readonly write: {readonly requests: number; readonly errors: number}
  readonly flush: {readonly requests: number}
  readonly flushesWanted: number
  readonly flushesSent: number
  readonly cutBy: string | null
}

interface BenchJson {
  readonly complete: boolean
  readonly allocation: string
  readonly cells: readonly {readonly name: string; readonly backend: string; readonly rounds: readonly Round[]}[]
  readonly notes: readonly string[]
}

/** What is ours of the document, with the rounds of all cells in a row. */
function ownPart(stdout: string): BenchJson & {readonly rounds: readonly Round[]} {
  const {flushpoint: own} = JSON.parse(stdout) as {flushpoint: BenchJson}
  return {...own, rounds: own.cells.flatMap(({rounds}) => rounds)}
}

async function bench(...args: string[]) {
  const ended = await flushpoint(['bench', ...args, '--json'])
  return {exit: ended.exit, stderr: ended.stderr, document: ownPart(ended.stdout)}
}

const counts = ({read, write, flush, flushesWanted, flushesSent}: Round): number[] => [
  read.requests,
  write.requests,
  flush.requests,
  flushesWanted,
  flushesSent,
]

describe('flushpoint bench', () => {
  it('measures reads without being allowed anything, and changes nothing', async () => {
    const before = hashOf(image)
    const {exit, document} = await bench(image, '--rw', 'randread', '--io-size', '1M', '--rounds', '2')
    expect(exit).toBe(0)
    expect(document).toMatchObject({complete: true, allocation: 'preallocated'})
    expect(document.rounds.map(counts)).toEqual([
      [256, 0, 0, 0, 0],
      [256, 0, 0, 0, 0],
    ])
    expect(hashOf(image)).toBe(before)
  })

  it('prints tables for people, with a row for each run', async () => {
    const {stdout, exit} = await flushpoint([
      ...['bench', 'none.img', '--create', '1M', '--aio', 'sim', '--disk', 'ssd', '--rw', 'randwrite'],
      ...['--flush-every', '1,8', '--io-size', '64k'],
    ])
    expect(exit).toBe(0)
    expect(stdout).toMatch(/^flush every 1 +16 +16$/m)
    expect(stdout).toMatch(/^flush every 8 +2 +2$/m)
    expect(existsSync('none.img')).toBe(false)
  })

  it('runs several jobs on threads, which share the work of a round and the time it begins', async () => {
    const flags = ['--rw', 'randwrite', '--numjobs', '3', '--iodepth', '4', '--io-size', '256k', '--flush-every', '16']
    for (const aio of ['threads', 'auto']) {
      const {exit, document} = await bench(image, ...flags, '--aio', aio, '--rounds', '1', '--allow-write')
      expect(exit).toBe(0)
      expect(document.rounds.map(counts)).toEqual([[0, 192, 12, 12, 12]])
    }
  })

  it('makes an image of its own and leaves nothing behind', async () => {
    const own = scene.path('own.img')
    const flags = ['--create', '1M', '--preallocate', '--rw', 'randwrite', '--io-size', '256k', '--rounds', '1']
    const {document} = await bench(own, ...flags)
    expect(document.allocation).toBe('preallocated')
    expect(existsSync(own)).toBe(false)
  })

  it('finds a flipped bit on a later run, at its byte, and ends with 1', async () => {
    const flags = ['--rw', 'randwrite', '--io-size', '128k']
    const written = await bench(image, ...flags, '--verify', '--rounds', '1', '--allow-write')
    expect(written).toMatchObject({exit: 0, stderr: expect.stringContaining('all 32 blocks')})
    expect(await flushpoint(['bench', image, ...flags, '--verify-only'])).toMatchObject({exit: 0})
    const content = readFileSync(image)
    const at = content.indexOf('fpverify') + 2049
    content[at] = (content[at] ?? 0) ^ 4
    writeFileSync(image, content)
    const found = await flushpoint(['bench', image, ...flags, '--verify-only'])
    expect(found.exit).toBe(1)
    expect(found.stdout.replaceAll(/\s+/g, ' ')).toContain(
      `1 of 32 blocks do not hold what was written to them; the first at byte ${at}`,
    )
    const lines = await flushpoint(['bench', image, ...flags, '--verify-only', '--format', 'csv'])
    expect(lines.stdout).toBe(`cell,blocks,blockBytes,wrong,firstWrongByte\nrandwrite,32,4096,1,${at}\n`)
  })

  it('replays the requests of a trace', async () => {
    const trace = scene.path('t.trace')
    const lines = ['OUT 0 4k', 'OUT 8k 4k', 'FLUSH', 'IN 0 4k'].flatMap((line) => ['-c', line])
    await flushpoint(['run', image, ...lines, '--trace', trace])
    for (const timing of ['speed', 'trace']) {
      const {exit, document} = await bench(
        image,
        ...['--trace', trace, '--timing', timing, '--rounds', '2', '--allow-write'],
      )
      expect(exit).toBe(0)
      expect(document.rounds.map(counts)).toEqual([
        [1, 2, 1, 1, 1],
        [1, 2, 1, 1, 1],
      ])
      expect(document.cells).toMatchObject([{name: 'replay', options: {read_iolog: trace}}])
    }
    const small = scene.file('small.img', 8192)
    const refused = {exit: 2, code: 'E_BENCH_SIZE', says: `requests of ${trace} reach to byte 12288`}
    await expectRefusal(scene, ['bench', small, '--trace', trace, '--allow-write'], refused)
  })

  it('replays a trace with its own timing in simulated time too: it takes as long as it took', async () => {
    const trace = scene.path('sim.trace')
    const sim = ['--create', '1M', '--aio', 'sim', '--disk', 'ssd']
    const flags = ['--rw', 'randwrite', '--io-size', '64k', '--flush-every', '4', '--rate-iops', '100']
    const recorded = await bench('none.img', ...sim, ...flags, '--record', trace)
    const [round] = recorded.document.rounds
    expect(round?.runtimeNs).toBeGreaterThan(190e6) // 20 requests, 10 ms apart
    const {reading, close} = openTrace(trace)
    expect(reading.header.knownBefore).toBe('whole') // a disk that was made for it
    close()
    const again = await bench('none.img', ...sim, '--trace', trace, '--timing', 'trace')
    expect(again.document.rounds).toMatchObject([{runtimeNs: round?.runtimeNs}])
    const fast = await bench('none.img', ...sim, '--trace', trace)
    expect(fast.document.rounds[0]?.runtimeNs).toBeLessThan(20e6)
  })

  it('records a round as a trace: what was there before, and from there every write with its data', async () => {
    const before = readFileSync(image)
    const name = scene.path('b.trace')
    const flags = ['--rw', 'randwrite', '--bs', '64k', '--iodepth', '4', '--flush-every', '4', '--size', '512k']
    expect(await bench(image, ...flags, '--loops', '1', '--record', name, '--allow-write')).toMatchObject({exit: 0})
    const {reading, close} = openTrace(name)
    expect(reading.header.knownBefore).toBe('touched')
    const replayed = Buffer.from(before).fill(0, 0, 512 << 10)
    for (const {offsetBytes, bytes} of reading.before) replayed.set(bytes, offsetBytes)
    expect(replayed.equals(before)).toBe(true)
    let flushes = 0
    for (const {event, data} of reading.events) {
      if (event.kind === 'submit' && data) replayed.set(data, event.offsetBytes)
      if (event.kind === 'submit' && event.type === FLUSH.type) flushes++
    }
    close()
    expect(flushes).toBe(2)
    expect(replayed.equals(readFileSync(image))).toBe(true)
    expect(replayed.equals(before)).toBe(false)
  })

  itNeeds([uring, direct], 'measures the ways to make a write stable', async () => {
    const flags = ['--sync-methods', '--runtime', '20ms', '--rounds', '1', '--allow-write', '--json']
    const {stdout, exit} = await flushpoint(['bench', image, ...flags])
    expect(exit).toBe(0)
    const {methods, complete} = JSON.parse(stdout) as {
      complete: boolean
      methods: {method: string; usPerOperation: number | null}[]
    }
    expect(complete).toBe(true)
    const ways = ['O_DSYNC', 'fdatasync', 'fsync', 'RWF_DSYNC', 'O_DIRECT + fdatasync']
    expect(methods.map(({method}) => method)).toEqual(ways)
    for (const {usPerOperation} of methods) expect(usPerOperation).toBeGreaterThan(0)
  })

  itNeeds([procFd], 'at a signal prints what was measured so far, says so, and ends with its status', async () => {
    const child = start(['bench', image, '--rw', 'randread', '--runtime', '300', '--rounds', '5', '--json'])
    const ended = endOf(child)
    // It is measuring once it has opened the image.
    await vi.waitUntil(() => isOpen(child.pid ?? 0, image), {timeout: TIMEOUT_MS, interval: 20})
    child.kill('SIGINT')
    const {exit, stdout, stderr} = await ended
    expect(exit).toBe(130)
    expect(stderr).toContain('cut short by a signal')
    const document = ownPart(stdout)
    expect(document.complete).toBe(false)
    for (const {cutBy} of document.rounds) expect(cutBy).toBe('signal')
  })

  itNeeds([procFd, uring], 'at a signal says so of sync methods too', async () => {
    const child = start(['bench', image, '--sync-methods', '--runtime', '300', '--allow-write'])
    const ended = endOf(child)
    await vi.waitUntil(() => isOpen(child.pid ?? 0, image), {timeout: TIMEOUT_MS, interval: 20})
    child.kill('SIGTERM')
    const {exit, stdout, stderr} = await ended
    expect([exit, stderr]).toEqual([143, expect.stringContaining('cut short by a signal')])
    expect(stdout).toMatch(/disk\.img, cut short$/m)
  })

  itNeeds([root(), peer('losetup'), loopDevices], 'overwrites a block device only by its name', async () => {
    const device = scene.loop(image)
    const flags = ['--rw', 'randwrite', '--io-size', '64k', '--flush-every', '8', '--rounds', '1', '--allow-write']
    const before = hashOf(device)
    await expectRefusal(scene, ['bench', device, ...flags], {exit: 2, code: 'E_BENCH_OVERWRITE', says: device})
    expect(hashOf(device)).toBe(before)
    const name = device.replace('/dev/', '')
    const {exit, document} = await bench(device, ...flags, '--device-name', name)
    expect([exit, document.allocation, document.rounds.map(counts)]).toEqual([0, 'block device', [[0, 16, 2, 2, 2]]])
    expect(hashOf(device)).not.toBe(before)
  })

  itNeeds([root(), peer('mount')], 'ends with 4 when there is no space, and keeps what was measured', async () => {
    const point = scene.mount('tmpfs', '-t', 'tmpfs', '-o', 'size=1m')
    const small = `${point}/small.img`
    writeFileSync(small, '')
    truncateSync(small, 8 << 20)
    const flags = ['--rw', 'write', '--io-size', '8M', '--rounds', '2', '--allow-write']
    const {exit, document, stderr} = await bench(small, ...flags)
    expect(exit).toBe(4)
    expect(stderr).toContain('ENOSPC: no block is left')
    expect(document).toMatchObject({complete: false, rounds: [{cutBy: 'error', errno: 28, write: {errors: 1}}]})
    expect(document.rounds[0]?.write.requests).toBeGreaterThan(0)
  })
})

describe('flushpoint bench tells', () => {
  const SIM = ['--create', '1M', '--aio', 'sim', '--disk', 'ssd', '--rw', 'randwrite', '--io-size', '64k']

  it('the result to files as well, each by its extension, and the same every time on a simulated disk', async () => {
    const paths = ['a.json', 'b.csv', 'c.md', 'd.txt', 'e.json'].map((name) => scene.path(name))
    for (const files of [paths.slice(0, 4), paths.slice(4)]) {
      const exports = files.flatMap((path) => ['--export', path])
      const ended = await flushpoint(['bench', 'none.img', ...SIM, '--flush-every', '1,8', ...exports])
      expect(ended).toMatchObject({exit: 0, stdout: expect.stringContaining('flush every 8')})
    }
    const [json = '', csv, markdown, plain, again] = paths.map((path) => readFileSync(path, 'utf8'))
    expect(again).toBe(json)
    expect((JSON.parse(json) as {jobs: object[]}).jobs).toHaveLength(2)
    expect(csv).toMatch(/^cell,mode,aio,.*\nflush every 1,writeback,sim,/)
    expect(markdown).toContain('| flush every 1 |')
    expect(plain).toContain('In words')
  })

  it('which of two is better, with --verdict', async () => {
    const {stdout} = await flushpoint(['bench', 'none.img', ...SIM, '--flush-every', '1,8', '--verdict'])
    expect(stdout).toMatch(/^- flush every 8 against flush every 1: more IOPS, [\d.]+ times\.$/m)
  })

  it('what the jobs of a file do, and what they cannot be here', async () => {
    const file = scene.path('two.fio')
    const jobs = ['[global]', 'size=64k', 'ioengine=psync', '[w]', 'rw=randwrite', 'fdatasync=4', '[r]', 'stonewall']
    writeFileSync(file, jobs.join('\n'))
    const {exit, document, stderr} = await bench(image, '--job', file, '--rounds', '1', '--allow-write')
    expect(exit).toBe(0)
    expect(stderr).toContain('note: w: ioengine=psync is run by the backend threads.')
    expect(document.cells.map(({name}) => name)).toEqual(['w', 'r'])
    expect(document.rounds.map(counts)).toEqual([
      [0, 16, 4, 4, 4],
      [16, 0, 0, 0, 0],
    ])
  })

  it('whether a run fell short of an earlier one: 1 below the ratio, 0 at it', async () => {
    const [before, after] = [scene.path('before.json'), scene.path('after.json')]
    for (const [path, disk] of [
      [before, 'ssd'],
      [after, 'hdd'],
    ] as const) {
      await flushpoint([
        'bench',
        'none.img',
        ...SIM.map((word) => (word === 'ssd' ? disk : word)),
        '--flush-every',
        '1',
        '--export',
        path,
      ])
    }
    const compare = (...flags: string[]) => flushpoint(['bench', '--compare', before, after, ...flags])
    expect(await compare()).toMatchObject({exit: 0, stdout: expect.not.stringContaining('ok:')})
    const failed = await compare('--fail-under', '0.9')
    expect(failed).toMatchObject({exit: 1, stderr: ''})
    expect(failed.stdout).toContain('✗ not ok: Below 0.9 times the IOPS')
    expect(await flushpoint(['bench', '--compare', before, before, '--fail-under', '1'])).toMatchObject({exit: 0})
    const {stdout} = await compare('--json')
    expect(JSON.parse(stdout)).toMatchObject({schema: 'flushpoint/bench-comparison@1', jobs: [{verdict: 'fewer'}]})
  })

  itNeeds([direct], 'whether the syncs of this host look real, where something was written', async () => {
    const flags = ['--rw', 'randwrite', '--io-size', '64k', '--flush-every', '8', '--rounds', '1', '--allow-write']
    const {stdout} = await flushpoint(['bench', image, ...flags])
    const text = stdout.replaceAll(/\s+/g, ' ')
    expect(text).toMatch(
      /The median of \d+ writes of 4 KiB with a sync is|Whether a sync here reaches a medium was not/,
    )
    const reading = await flushpoint(['bench', image, '--io-size', '64k', '--rounds', '1'])
    expect(reading.stdout).not.toContain('with a sync')
  })
})

describe('flushpoint bench refuses', () => {
  it.each<[string[], number, string, string]>([
    [['--rw', 'randwrite'], 2, 'E_BENCH_OVERWRITE', 'overwrites what disk.img holds'],
    [['--sync-methods'], 2, 'E_BENCH_OVERWRITE', 'overwrites what disk.img holds'],
    [['--rw', 'randread', '--size', '2M'], 2, 'E_BENCH_SIZE', 'less than --size'],
    [['--rw', 'randread', '--bs', '1000'], 2, 'E_BENCH_ALIGNMENT', '--bs 1000'],
    [['--runtime', '0'], 2, 'E_BENCH_FLAG', '--runtime 0'],
    [['--timing', 'trace'], 2, 'E_BENCH_FLAGS', '--timing trace'],
    [['--record', 'disk.img'], 2, 'E_TRACE_IS_IMAGE', 'this is the image'],
    [['--record', 't.trace', '--iodepth', '1,2'], 2, 'E_BENCH_FLAGS', '--record'],
    [['--trace', 'no.trace'], 3, 'E_TRACE_OPEN', 'no.trace'],
    [['--disk', 'ssd'], 2, 'E_BENCH_FLAGS', '--disk'],
    [['--aio', 'sim,threads'], 2, 'E_BENCH_FLAGS', 'simulated time'],
    [['--preallocate'], 2, 'E_BENCH_FLAGS', '--preallocate'],
    [['--create', '1M', '--rw', 'write'], 3, 'E_EXISTS', 'exists already'],
    [['--verify-only', '--aio', 'sim'], 2, 'E_BENCH_FLAGS', 'gone with its run'],
    [['--numjobs', '2', '--aio', 'sim'], 2, 'E_BENCH_FLAGS', '--numjobs'],
    [['--verify-only', '--runtime', '5'], 2, 'E_BENCH_VERIFY', 'how much was written'],
    [['--export', 'a.xml'], 2, 'E_EXPORT', 'a.xml'],
    [['--export', 'no/a.json'], 3, 'E_EXPORT', 'no folder'],
    [['--record', 't.json', '--export', 't.json'], 2, 'E_EXPORT', 'this is t.json'],
    [['--job', 'no.fio'], 3, 'E_OPEN', 'no.fio'],
    [['--compare', 'no.json', '--rw', 'read'], 2, 'E_BENCH_FLAGS', '--rw'],
    [['--compare', 'no.json'], 3, 'E_OPEN', 'no.json'],
    [['--compare', 'disk.img'], 5, 'E_BENCH_REPORT', 'disk.img'],
    [['--compare', 'disk.img', '--fail-under', '90%'], 2, 'E_BENCH_COMPARE', '--fail-under 90%'],
    [['--device-name', 'vdb', '--rw', 'write', '--allow-write'], 2, 'E_BENCH_OVERWRITE', 'no block device'],
  ])('%j', async (args, exit, code, says) => {
    await expectRefusal(scene, ['bench', 'disk.img', ...args], {exit, code, says})
  })

  it('a job file that is wrong, with line and column', async () => {
    writeFileSync(scene.path('bad.fio'), '[a]\n  iodepht=4\n')
    const refused = {exit: 2, code: 'E_JOB_FILE', says: 'bad.fio:2:3: the key "iodepht" is not supported'}
    await expectRefusal(scene, ['bench', 'disk.img', '--job', 'bad.fio'], refused)
    writeFileSync(scene.path('empty.fio'), '; nothing yet\n')
    const empty = {exit: 2, code: 'E_JOB_FILE_EMPTY', says: 'holds no job'}
    await expectRefusal(scene, ['bench', 'disk.img', '--job', 'empty.fio'], empty)
  })

  it('to write a report over the image, over a report that it compares, or over a job file', async () => {
    symlinkSync(image, scene.path('link.json'))
    const before = hashOf(image)
    const refused = (says: string) => ({exit: 2, code: 'E_EXPORT', says})
    for (const name of ['disk.img', 'disk.img#p1']) {
      await expectRefusal(scene, ['bench', name, '--export', 'link.json'], refused('this is disk.img'))
    }
    for (const args of [
      ['--compare', 'a.json', 'b.json'],
      ['b.json', '--job', 'a.json'],
    ]) {
      await expectRefusal(scene, ['bench', ...args, '--export', 'a.json'], refused('this is a.json'))
    }
    expect(hashOf(image)).toBe(before)
  })

  it('an image that is not there', async () => {
    await expectRefusal(scene, ['bench', 'no.img'], {exit: 3, code: 'E_NO_IMAGE', says: 'no.img'})
  })
})

/** A process has a file open. */
function isOpen(pid: number, path: string): boolean {
  const folder = `/proc/${pid}/fd`
  try {
    return readdirSync(folder).some((fd) => readlinkSync(`${folder}/${fd}`) === realpathSync(path))
  } catch {
    return false
  }
}
