import {spawnSync} from 'node:child_process'
import {readFileSync, realpathSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, vi} from 'vitest'
import {countersBetween, diskCounters} from '../../src/image/index.js'
import {loadUring} from '../../src/native/index.js'
import {flushpoint, TIMEOUT_MS} from '../e2e/cli.js'
import {loopDevices, Scene} from '../image/scene.js'
import {capability, itNeeds, peer, root} from '../peers.js'
import {directRefusal} from '../aio/real-image.js'
import {callsOn, readSystemCalls, straceOf} from './system-calls.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

const traced = peer('strace')
const fio = peer('fio')
const ring = await loadUring()
const uring = capability(ring.ok, ring.ok ? '' : ring.reason)
const directReason = directRefusal()
const direct = capability(directReason === '', directReason)

let scene: Scene
let image: string
beforeEach(() => {
  scene = new Scene()
  image = realpathSync(scene.file('disk.img', 1 << 20, 0x11)) // as strace prints it
})
afterEach(() => scene.close())

interface Counted {
  readonly reads: number
  readonly writes: number
  readonly syncs: number
}

/** What reached the kernel, on the image. */
function countedIn(log: string): Counted {
  const names = callsOn(readSystemCalls(log), image).map(({name}) => name)
  const count = (...which: string[]): number => names.filter((name) => which.includes(name)).length
  return {
    reads: count('pread64', 'preadv', 'preadv2'),
    writes: count('pwrite64', 'pwritev', 'pwritev2'),
    syncs: count('fsync', 'fdatasync'),
  }
}

/** Whether the first read comes before the last write, and the first write before the last read. */
function overlapIn(log: string): boolean[] {
  const names = callsOn(readSystemCalls(log), image).map(({name}) => name)
  const [read, write] = [/^pread/, /^pwrite/].map((call) => ({
    first: names.findIndex((name) => call.test(name)),
    last: names.findLastIndex((name) => call.test(name)),
  }))
  return read && write ? [read.first < write.last, write.first < read.last] : []
}

async function benchCounts(...flags: string[]): Promise<Counted> {
  const log = scene.path('bench.log')
  const args = ['bench', image, ...flags, '--rounds', '1', '--allow-write', '--json']
  const {exit, stdout} = await flushpoint(args, {through: straceOf(log)})
  expect(exit).toBe(0)
  const {flushpoint: own} = JSON.parse(stdout) as {flushpoint: {cells: {flushesWanted: number; flushesSent: number}[]}}
  const counted = countedIn(log)
  // What it says of itself.
  const total = (of: 'flushesWanted' | 'flushesSent'): number => own.cells.reduce((sum, cell) => sum + cell[of], 0)
  expect([total('flushesWanted'), total('flushesSent')]).toEqual([counted.syncs, counted.syncs])
  return counted
}

function fioCounts(...flags: string[]): Counted {
  return fioRun('--name=job', `--filename=${image}`, '--size=1m', '--bs=4k', ...flags)
}

function fioRun(...given: string[]): Counted {
  const log = scene.path('fio.log')
  const [strace = '', ...rest] = straceOf(log)
  const args = [...rest, 'fio', '--thread=0', ...given]
  const ended = spawnSync(strace, args, {encoding: 'utf8', cwd: scene.folder})
  expect(ended.status).toBe(0)
  return countedIn(log)
}

/** What both make of the lines of a job file, which has to be the same. */
async function jobCounts(lines: readonly string[]): Promise<Counted> {
  const file = scene.path('jobs.fio')
  writeFileSync(file, lines.join('\n'))
  const ours = await benchCounts('--job', file)
  expect(fioRun(file)).toEqual(ours)
  return ours
}

describe('what strace counts', () => {
  for (const depth of [1, 4, 16]) {
    for (const drain of ['--flush-drain', '--no-drain']) {
      itNeeds(
        [traced],
        `is what was asked for: a flush every 8 of 256 writes at depth ${depth}, ${drain}`,
        async () => {
          const flags = ['--aio', 'threads', '--rw', 'randwrite', '--flush-every', '8', '--iodepth', String(depth)]
          expect(await benchCounts(...flags, '--io-size', '1M', drain)).toEqual({reads: 0, writes: 256, syncs: 32})
        },
      )
    }
  }

  // Of more than one at a time through the page cache, those behind one that had to wait are the ring's.
  for (const [mode, depth, needs] of [
    ['writeback', 1, [traced, uring]],
    ['none', 4, [traced, uring, direct]],
  ] as const) {
    itNeeds(needs, `is what was asked for where requests are plain system calls beside a ring (${mode})`, async () => {
      const flags = ['--aio', 'uring', '--submit', 'inline', '--rw', 'randwrite', '--flush-every', '8', '--cache', mode]
      const counted = await benchCounts(...flags, '--iodepth', String(depth), '--io-size', '1M')
      expect(counted).toEqual({reads: 0, writes: 256, syncs: 32})
    })
  }

  itNeeds(
    [traced, uring],
    'is a ring with a thread of the kernel, and no transfer, where both sides look for work',
    async () => {
      const flags = ['--aio', 'uring', '--submit', 'poll', '--rw', 'randrw', '--io-size', '1M', '--flush-every', '16']
      const counted = await benchCounts(...flags, '--rwmixread', '50')
      expect([counted.reads, counted.writes]).toEqual([0, 0])
      expect(readFileSync(scene.path('bench.log'), 'utf8')).toContain('IORING_SETUP_SQPOLL')
    },
  )

  itNeeds([traced], 'is what a journal asks for: 28 transactions of 8 + 1 writes, two syncs each', async () => {
    const flags = ['--aio', 'threads', '--pattern', 'journal:8+1', '--iodepth', '8', '--io-size', '1008k']
    expect(await benchCounts(...flags)).toEqual({reads: 0, writes: 252, syncs: 56})
  })
})

describe('what the kernel counts on a block device', () => {
  for (const submit of ['ring', 'inline']) {
    for (const drain of ['--flush-drain', '--no-drain']) {
      itNeeds(
        [root(), peer('losetup'), loopDevices, uring],
        `is what was asked for through io_uring (${submit}, ${drain}), where no system call shows it: a flush every 16 writes`,
        async () => {
          const device = scene.loop(image)
          const name = device.replace('/dev/', '')
          const flags = ['--aio', 'uring', '--submit', submit, '--rw', 'randwrite', '--flush-every', '16', drain]
          const size = ['--iodepth', '16', '--io-size', '1M', '--cache', 'none', '--rounds', '1']
          const before = diskCounters(name)
          const consent = ['--allow-write', '--device-name', name, '--json']
          const {exit, stdout} = await flushpoint(['bench', device, ...flags, ...size, ...consent])
          const after = diskCounters(name)
          expect(exit).toBe(0)
          const {flushpoint: own} = JSON.parse(stdout) as {flushpoint: {cells: object[]}}
          expect(own.cells).toMatchObject([{flushesWanted: 16, flushesSent: 16}])
          // To the kernel each flush is also a write, of nothing.
          expect(before && after && countersBetween(before, after)).toMatchObject({writes: 256 + 16, flushes: 16})
        },
      )
    }
  }
})

describe('the same job through fio', () => {
  const both = ['--rw', 'randread'] as const

  itNeeds([traced, fio], 'issues as many random reads: every block once', async () => {
    const ours = await benchCounts('--aio', 'threads', ...both, '--loops', '1')
    expect(fioCounts('--ioengine=psync', '--rw=randread')).toEqual(ours)
    expect(ours).toEqual({reads: 256, writes: 0, syncs: 0})
  })

  itNeeds([traced, fio], 'issues as many writes and syncs at depth 1', async () => {
    // fio 3.33 leaves out the sync behind the very last write, so that one is none here: 256 is no multiple of 10.
    const ours = await benchCounts('--aio', 'threads', '--rw', 'randwrite', '--loops', '1', '--flush-every', '10')
    expect(fioCounts('--ioengine=psync', '--rw=randwrite', '--fdatasync=10')).toEqual(ours)
    expect(ours).toEqual({reads: 0, writes: 256, syncs: 25})
  })

  itNeeds([traced, fio], 'from the same job file: as many reads, writes and syncs', async () => {
    const jobs = ['[global]', `filename=${image}`, 'ioengine=psync', 'size=1m', 'bs=4k', '[w]', 'rw=randwrite']
    jobs.push('fdatasync=10 ; as above', '[r]', 'stonewall', 'rw=randread', 'bs=8k')
    expect(await jobCounts(jobs)).toEqual({reads: 128, writes: 256, syncs: 25})
  })

  itNeeds([traced, fio], 'side by side, where no stonewall is between two jobs: reads among the writes', async () => {
    const jobs = ['[global]', `filename=${image}`, 'ioengine=psync', 'size=1m', 'bs=64k', 'rate_iops=100']
    jobs.push('[w]', 'rw=randwrite', 'fdatasync=10', '[r]', 'rw=randread')
    expect(await jobCounts(jobs)).toEqual({reads: 16, writes: 16, syncs: 1})
    for (const log of ['bench.log', 'fio.log']) expect([log, ...overlapIn(scene.path(log))]).toEqual([log, true, true])
  })
})
