import {spawnSync} from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {fileURLToPath} from 'node:url'
import {gunzipSync} from 'node:zlib'

import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'

import {direct, TIMEOUT_MS} from '../e2e/cli.js'
import {itNeeds, peer, peerIt} from '../peers.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

const root = fileURLToPath(new URL('../..', import.meta.url))
const examples = path.join(root, 'examples')

interface Report {
  readonly requests: readonly {readonly id: number; readonly stable: {readonly by: string; readonly request: number}}[]
  readonly atRisk: Readonly<Record<'processKill' | 'osCrash' | 'powerLoss', {readonly bytes: number}>>
  readonly hazards: readonly {readonly code: string; readonly requests: readonly number[]}[]
  readonly commands: {readonly flushes: number; readonly flushesNotSent: number}
  readonly marks: readonly {readonly name: string; readonly reached: boolean}[]
}

let folder = ''
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flushpoint-examples-'))
})
afterEach(() => fs.rmSync(folder, {recursive: true, force: true}))

/** Runs an example under one mode on a new image of 4 MiB. */
function run(name: string, ...flags: string[]): Report {
  return runFile(path.join(name, 'batch.fp'), '4M', ...flags) as Report
}

function runFile(file: string, size: string, ...flags: string[]): unknown {
  const batch = path.join(examples, file)
  const image = path.join(folder, `${fs.readdirSync(folder).length}.img`)
  const args = [path.join(root, 'bin', 'run.js'), 'run', image, batch, '--create', size, '--json', ...flags]
  const ended = spawnSync(process.execPath, args, {encoding: 'utf8'})
  return JSON.parse(ended.stdout)
}

interface BenchRound {
  readonly cell: string
  readonly runtimeNs: number
  readonly flush: {readonly requests: number}
  readonly flushesSent: number
}

/** Runs the script of an example as a shell does, with `flushpoint` on its path. */
function bench(name: string): readonly BenchRound[] {
  const command = `#!/bin/sh\nexec "${process.execPath}" "${path.join(root, 'bin', 'run.js')}" "$@"\n`
  fs.writeFileSync(path.join(folder, 'flushpoint'), command, {mode: 0o755})
  const env = {...process.env, PATH: `${folder}:${process.env['PATH']}`}
  const ended = spawnSync('sh', [path.join(examples, name, 'bench.sh'), '--json'], {cwd: folder, env, encoding: 'utf8'})
  expect(ended.stderr).toBe('')
  const {flushpoint: own} = JSON.parse(ended.stdout) as {
    flushpoint: {cells: {name: string; rounds: Omit<BenchRound, 'cell'>[]}[]}
  }
  return own.cells.flatMap(({name: cell, rounds}) => rounds.map((round) => ({...round, cell})))
}

interface Exploration {
  readonly schema: string
  readonly complete: boolean
  readonly violations: readonly {
    readonly kind: string
    readonly lost: readonly {readonly request: number; readonly offsetBytes: number; readonly lengthBytes: number}[]
    readonly fix: readonly {readonly insert: string; readonly after: number}[]
  }[]
}

/** Explores a trace among the examples with a check from the same folder. */
function explore(file: string, check: string, ...flags: string[]): Exploration {
  const trace = path.join(examples, file)
  const args = ['crash', 'explore', trace, '--check', path.join(path.dirname(trace), check), '--json', ...flags]
  const ended = spawnSync(process.execPath, [path.join(root, 'bin', 'run.js'), ...args], {encoding: 'utf8'})
  const report = JSON.parse(ended.stdout) as Exploration
  expect(report).toMatchObject({schema: 'flushpoint/crash@1', complete: true})
  expect(ended.status).toBe(report.violations.length > 0 ? 1 : 0)
  return report
}

/** The verdict in three words: nothing wrong; whole images, but promises broken; broken images. */
function verdict(...asked: Parameters<typeof explore>): 'OK' | 'atomic' | 'broken' {
  const {violations} = explore(...asked)
  if (violations.length === 0) return 'OK'
  return violations.some(({kind}) => kind === 'inconsistent') ? 'broken' : 'atomic'
}

const lost = (report: Report): number[] => [
  report.atRisk.processKill.bytes,
  report.atRisk.osCrash.bytes,
  report.atRisk.powerLoss.bytes,
]
const codes = (report: Report): string[] => report.hazards.map(({code}) => code)

/** Runs a script among the examples with flushpoint on the PATH. */
function script(file: string, ...args: string[]): unknown {
  const bin = path.join(folder, 'flushpoint')
  const words = `exec "${process.execPath}" "${path.join(root, 'bin', 'run.js')}" "$@"`
  fs.writeFileSync(bin, `#!/bin/sh\n${words}\n`, {mode: 0o755})
  const env = {...process.env, PATH: `${folder}:${process.env['PATH']}`}
  const ended = spawnSync('sh', [path.join(examples, file), ...args], {encoding: 'utf8', env})
  expect(ended.stderr).not.toContain('error')
  return JSON.parse(ended.stdout)
}

function imageOf(name: string, fill: number): string {
  const file = path.join(folder, name)
  fs.writeFileSync(file, Buffer.alloc(2 ** 20, fill))
  return file
}

describe('the examples', () => {
  it('are all executed by this file', () => {
    const folders = fs.readdirSync(examples, {withFileTypes: true}).filter((entry) => entry.isDirectory())
    const source = fs.readFileSync(fileURLToPath(import.meta.url), 'utf8')
    expect(folders.length).toBeGreaterThan(0)
    expect(
      folders
        .map(({name}) => name)
        .filter(
          (name) => !new RegExp(`(run|runFile|verdict|bench|lookAt|script)\\('${name}['/]|'${name}'`).test(source),
        ),
    ).toEqual([])
  })

  it('01: only writethrough keeps the write that nobody flushed', () => {
    expect(lost(run('01-first-batch', '--cache', 'writethrough'))).toEqual([0, 0, 0])
    const writeback = run('01-first-batch', '--cache', 'writeback')
    expect(lost(writeback)).toEqual([0, 4096, 4096])
    expect(writeback.requests.map(({stable}) => stable.request)).toEqual([2, null, 4, null, null, null])
    expect(writeback.marks).toEqual([expect.objectContaining({name: 'committed', reached: true})])
  })

  it('02: what comes after the last FLUSH is lost, and at depth 4 what was in flight beside it', () => {
    expect(lost(run('02-lost-without-flush'))).toEqual([0, 4096, 4096])
    const deep = run('02-lost-without-flush', '--depth', '4', '--aio', 'sim')
    expect(lost(deep)).toEqual([0, 4096 + 2 ** 20 + 4096, 4096 + 2 ** 20 + 4096])
    expect(codes(deep)).toContain('FLUSH_DID_NOT_COVER')
  })

  it('03: an ordering barrier makes nothing stable, a flushing one everything before it and itself', () => {
    const drain = run('03-barrier-is-not-flush')
    expect(lost(drain)).toEqual([0, 8192 + 512, 8192 + 512])
    expect(codes(drain)).toContain('BARRIER_NOT_PERSISTED')
    for (const ordering of ['drain-flush', 'drain-fua']) {
      expect(lost(run('03-barrier-is-not-flush', '--ordering', ordering))).toEqual([0, 0, 0])
    }
  })

  it('04: under O_DIRECT a completed write is lost in a power cut, and in a hole also when the host crashes', () => {
    const none = run('04-direct-is-not-durable', '--cache', 'none', '--aio', 'sim')
    expect(lost(none)).toEqual([0, 4096, 8192])
    expect(codes(none)).toContain('HOLE_UNDER_NONE')
    expect(lost(run('04-direct-is-not-durable', '--cache', 'directsync', '--aio', 'sim'))).toEqual([0, 0, 0])
  })

  it('05: fsync kept what the matrix of 2009 says, and each repair mends what the notes say it mends', () => {
    const row = (frontend: string, ...steps: string[]): boolean[] => {
      const taken = steps.length > 0 ? ['--with', steps.join()] : []
      const modes = ['--cache', 'writethrough,writeback,none', '--aio', 'sim']
      const report: unknown = run('05-matrix-of-2009', '--frontend', frontend, '--era', '2009', ...taken, ...modes)
      return (report as {runs: Report[]}).runs.map(({atRisk}) => atRisk.powerLoss.bytes === 0)
    }
    expect(row('ide')).toEqual([true, false, false])
    expect(row('scsi')).toEqual([true, true, true])
    expect(row('virtio-blk')).toEqual([true, false, false])
    expect(row('ide', 'ide-wce')).toEqual([true, true, true])
    expect(row('virtio-blk', 'virtio-drain')).toEqual([true, false, false])
    expect(row('virtio-blk', 'virtio-drain', 'virtio-flush')).toEqual([true, true, true])
  })

  it('05: without a drain there is no barrier: virtio-blk of 2009 refuses what IDE orders', () => {
    const order = (...flags: string[]): {requests: {status: string}[]} =>
      runFile('05-matrix-of-2009/order.fp', '16M', '--era', '2009', '--aio', 'sim', '--depth', '4', ...flags) as never
    expect(order('--frontend', 'ide').requests.map(({status}) => status)).toEqual(['OK', 'OK'])
    expect(order('--frontend', 'virtio-blk').requests.map(({status}) => status)).toEqual(['OK', 'UNSUPP'])
    const drained = order('--frontend', 'virtio-blk', '--with', 'virtio-drain')
    expect(drained.requests.map(({status}) => status)).toEqual(['OK', 'OK'])
  })

  it('06: the empty barrier of blkfront in 2010 is never sent, fsync says success, and the data is lost', () => {
    for (const aio of ['auto', 'sim']) {
      const bug = run('06-xen-empty-barrier', '--frontend', 'xen-blkback', '--era', '2009', '--aio', aio)
      expect(bug.requests.map(({stable}) => stable.by)).toEqual(['none', 'none'])
      expect(lost(bug)).toEqual([0, 4096, 4096])
      expect(bug.commands).toMatchObject({flushes: 0, flushesNotSent: 1})
      expect(codes(bug)).toContain('FLUSH_NOT_SENT')
      expect(bug.marks).toEqual([expect.objectContaining({reached: true})])
    }
    const today = run('06-xen-empty-barrier', '--frontend', 'xen-blkback')
    expect([...lost(today), today.commands.flushes]).toEqual([0, 0, 0, 1])
  })

  // The figures are those of the models (src/aio/sim/disk-model.ts) in simulated time: they change with the model only.
  it('07: on a drive of flash a draining barrier costs what its queue stands idle, and flushing costs most', () => {
    const policies = ['drain', 'drain-flush', 'drain-fua', 'tag', 'tag-flush', 'tag-fua']
    const flags = ['--aio', 'sim', '--disk', 'nvme', '--cache', 'none', '--depth', '32', '--ordering', policies.join()]
    const {runs} = runFile('07-price-of-a-barrier/batch.fp', '512M', ...flags) as {
      runs: {orderingAsked: string; aio: {elapsedNs: number; syncs: number}}[]
    }
    expect(runs.map(({orderingAsked, aio}) => [orderingAsked, aio.elapsedNs, aio.syncs])).toEqual(PRICES)
    // Four commits of two steps each: between them a host that drains waits 7 times for an answer (roundTripNs, 10 us).
    const [drained, , , tagged] = runs.map(({aio}) => aio.elapsedNs)
    expect((drained ?? 0) - (tagged ?? 0)).toBe(7 * 10_000)
  })

  it('07: the ordered tags of one guest hold back the other, whose queue they do not belong to', () => {
    const neighbour = path.join(examples, '07-price-of-a-barrier', 'neighbour.fp')
    const longest = (ordering: string): number[] => {
      const flags = ['--aio', 'sim', '--disk', 'hdd', '--cache', 'none', '--depth', '32', '--ordering', ordering]
      const {guests} = runFile('07-price-of-a-barrier/batch.fp', '512M', ...flags, '--beside', neighbour) as {
        guests: Record<'alone' | 'beside', {longestNs: number}>[]
      }
      return [guests[1]?.alone.longestNs ?? 0, guests[1]?.beside.longestNs ?? 0]
    }
    const [alone = 0, drained = 0] = longest('drain-flush')
    const [, tagged = 0] = longest('tag-flush')
    expect(drained).toBeLessThan(2 * alone)
    expect(tagged).toBeGreaterThan(30 * alone)
  })

  it('08: a SCSI disk that hides its caching page is never flushed', () => {
    expect(lost(run('08-scsi-caching-page', '--frontend', 'scsi'))).toEqual([0, 0, 0])
    const forgetful = ['--frontend', 'scsi', '--features', 'SYNCHRONIZE CACHE,DPOFUA']
    const lossy = run('08-scsi-caching-page', ...forgetful)
    expect([...lost(lossy), lossy.commands.flushes]).toEqual([0, 4096, 4096, 0])
    const page = (...flags: string[]): unknown => {
      const report = runFile('08-scsi-caching-page/mode-sense.fp', '4M', ...flags) as {requests: {scsi: unknown}[]}
      return report.requests[0]?.scsi
    }
    // Mode data length 17h, DPOFUA, then page 08h with WCE.
    expect(page('--frontend', 'scsi')).toMatchObject({dataIn: expect.stringMatching(/^17001000081204/)})
    expect(page(...forgetful)).toMatchObject({status: 'CHECK CONDITION', sense: '5/24/00'})
  })

  // Semantics 7.6 to 7.8 and 10.G say what each has to come to.
  it('09: TDB needs each of its four syncs, and the fix that is found stands where one was taken out', () => {
    expect(verdict('09-tdb-four-syncs/trace.ndjson', 'check.mjs')).toBe('OK')
    expect(verdict('09-tdb-four-syncs/trace.ndjson', 'check.mjs', '--cache', 'unsafe')).toBe('broken')
    // The first commit writes, in order, what is saved, the header, the data and the header again; the second is behind it.
    const fixes = [1, 2, 3, 4].map((sync) => {
      const {violations} = explore(`09-tdb-four-syncs/without-sync-${sync}.ndjson`, 'check.mjs')
      expect(violations.map(({kind}) => kind)).toContain('inconsistent')
      return violations[0]?.fix
    })
    expect(fixes).toEqual([8, 3, 5, 7].map((after) => [{insert: 'FUA', after}]))
  })

  it('10: the newest slot alone is not enough; the smallest case loses one sector; all slots repair it', () => {
    const {violations} = explore('10-two-slot-log/trace.ndjson', 'newest.mjs')
    // Requests: 1 slot, 2 flush, 3 A, 4 B, 5 slot. B of commit 1 is lost, the record of commit 2 is there.
    expect(violations).toMatchObject([
      {kind: 'inconsistent', lost: [{request: 4, offsetBytes: 17 * 512, lengthBytes: 512}]},
    ])
    expect(verdict('10-two-slot-log/trace.ndjson', 'all.mjs')).toBe('OK')
    expect(verdict('10-two-slot-log/trace.ndjson', 'all.mjs', '--cache', 'unsafe')).toBe('broken')
  })

  it('11: a log without a checksum takes half a record for a whole one; with one it loses promises at worst', () => {
    expect(verdict('11-write-ahead-log/trace.ndjson', 'without-checksum.mjs')).toBe('broken')
    expect(verdict('11-write-ahead-log/trace.ndjson', 'with-checksum.mjs')).toBe('OK')
    expect(verdict('11-write-ahead-log/trace.ndjson', 'with-checksum.mjs', '--cache', 'unsafe')).toBe('atomic')
    expect(verdict('11-write-ahead-log/trace.ndjson', 'without-checksum.mjs', '--atom', 'request')).toBe('OK')
  })

  it('12, 13, 14: a journal, double write and a superblock flip are right, and broken where nobody hears a flush', () => {
    expect(verdict('12-journal-commit/trace.ndjson', 'check.mjs')).toBe('OK')
    expect(verdict('12-journal-commit/trace.ndjson', 'check.mjs', '--cache', 'unsafe')).toBe('broken')
    expect(verdict('13-double-write/trace.ndjson', 'check.mjs')).toBe('OK')
    expect(verdict('13-double-write/trace.ndjson', 'check.mjs', '--cache', 'unsafe')).toBe('broken')
    expect(verdict('14-superblock-flip/trace.ndjson', 'check.mjs')).toBe('OK')
    expect(verdict('14-superblock-flip/trace.ndjson', 'check.mjs', '--cache', 'unsafe')).toBe('broken')
  })

  it('15: a barrier on one file leaves the other free; an awaited notification does not', () => {
    expect(verdict('15-two-files/barrier.ndjson', 'check.mjs')).toBe('broken')
    expect(verdict('15-two-files/notify.ndjson', 'check.mjs')).toBe('OK')
  })

  it('16: a flush costs as much as 16 writes on a drive of flash, and what it destages besides', () => {
    const rounds = bench('16-flush-cost')
    expect(rounds.map(({cell}) => cell)).toEqual(['no flush', 'flush every 64', 'flush every 8', 'flush every 1'])
    // src/aio/sim/disk-model.ts: cable (550 MB/s), command, answer; and a flush: command, destaging (8 x 60 MB/s), flush, answer.
    const writeNs = 4096 / 0.55 + 40_000 + 20_000
    const flushNs = (blocks: number): number => 40_000 + (blocks * 4096) / 0.48 + 1_000_000 + 20_000
    const reckoned = [0, 64, 8, 1].map((every) => 256 * writeNs + (every === 0 ? 0 : (256 / every) * flushNs(every)))
    // Each step is rounded to whole nanoseconds.
    rounds.forEach(({runtimeNs}, i) => expect(Math.abs(runtimeNs - (reckoned[i] ?? 0))).toBeLessThan(2 * 512))
    expect(rounds.map(({flushesSent}) => flushesSent)).toEqual([0, 4, 32, 256])
    expect(Math.round(flushNs(0) / writeNs)).toBe(16)
  })

  it('17: modes that make every write stable cost more; unsafe costs least and sends nothing', () => {
    const rounds = new Map(bench('17-compare-modes').map((round) => [round.cell, round]))
    const time = (mode: string): number => rounds.get(mode)?.runtimeNs ?? Number.NaN
    expect([...rounds.values()].map(({flush}) => flush.requests)).toEqual([32, 32, 32, 32, 32])
    expect(['writeback', 'none', 'unsafe'].map((mode) => rounds.get(mode)?.flushesSent)).toEqual([32, 32, 0])
    const order = ['unsafe', 'writeback', 'none', 'directsync', 'writethrough']
    expect(order.toSorted((a, b) => time(a) - time(b))).toEqual(order)
  })

  it('18: an image is told by what is in it, and what is wrong with it is the exit status', () => {
    expect(lookAt('18-what-is-this-image/disk.img.gz')).toEqual({
      exit: 1,
      problems: ['GPT_BACKUP_MISPLACED', 'MBR_PROTECTION_SIZE', 'CONTENT_LARGER'],
      contents: ['p1 vfat BOOT', 'p2 ext4 root', 'p3 swap spare'],
    })
    const script = fs.readFileSync(path.join(examples, '18-what-is-this-image', 'look.sh'), 'utf8')
    const bin = `flushpoint() { "${process.execPath}" "${path.join(root, 'bin', 'run.js')}" "$@"; }\n`
    fs.symlinkSync(examples, path.join(folder, 'examples'))
    const {stdout, status} = spawnSync('sh', ['-c', bin + script], {cwd: folder, encoding: 'utf8'})
    expect(status).toBe(0)
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('unpack it first ("gzip -dc")')
    expect(stdout).toContain('not safe to write to')
    expect(stdout).toContain('mystery.img#p2: 3 MiB, ext4')
  })

  it('19: a copy differs from its original by the one write that came after it', () => {
    const bin = path.join(root, 'bin', 'run.js')
    const call = (...args: string[]) => spawnSync(process.execPath, [bin, ...args], {cwd: folder, encoding: 'utf8'})
    const compare = () => JSON.parse(call('compare', '0.img', 'copy.img', '--json').stdout) as {ranges: object[]}
    const batch = path.join(examples, '19-compare-and-copy', 'batch.fp')
    expect(call('create', '0.img', '16M').status).toBe(0)
    expect(call('copy', '0.img', 'copy.img', '--verify').status).toBe(0)
    expect(compare()).toMatchObject({identical: true})
    expect(call('run', '0.img', batch).status).toBe(0)
    expect(compare().ranges).toMatchObject([{offsetBytes: 2 ** 20, lengthBytes: 512}])
    expect(call('copy', '0.img', 'copy.img', '--force').status).toBe(0)
    expect(compare()).toMatchObject({identical: true})
  })

  itNeeds([peer('nbdcopy'), direct], '20: a copy is stable when its client flushes, and lost when it does not', () => {
    const [from, to] = [imageOf('source.img', 0xab), imageOf('target.img', 0)]
    expect(script('20-serve-and-copy/copy.sh', from, to)).toMatchObject({bytesAtRisk: 2 ** 20})
    expect(script('20-serve-and-copy/copy.sh', from, to, '--flush')).toMatchObject({bytesAtRisk: 0})
    expect(fs.readFileSync(to).equals(fs.readFileSync(from))).toBe(true)
  })

  peerIt(['qemu-io'], '21: a record overtakes its data when no flush keeps it behind', () => {
    const trace = path.join(folder, 'commit.trace')
    const explored = (...hasty: string[]): number | null => {
      expect(script('21-record-then-pull-the-plug/commit.sh', imageOf('disk.img', 0), trace, ...hasty)).toMatchObject({
        counts: {writes: 4},
      })
      const check = path.join(examples, '21-record-then-pull-the-plug', 'check.mjs')
      const args = [path.join(root, 'bin', 'run.js'), 'crash', 'explore', trace, '--check', check, '--json']
      return spawnSync(process.execPath, args, {encoding: 'utf8'}).status
    }
    expect(explored()).toBe(0)
    expect(explored('hasty')).toBe(1)
  })
})

interface Look {
  readonly exit: number | null
  readonly problems: readonly string[]
  readonly contents: readonly string[]
}

/** Looks at an image that comes packed with an example: its partitions, what is in them, what is wrong. */
function lookAt(file: string): Look {
  const image = path.join(folder, 'mystery.img')
  fs.writeFileSync(image, gunzipSync(fs.readFileSync(path.join(examples, file))))
  const args = [path.join(root, 'bin', 'run.js'), 'partitions', image, '--check', '--json']
  const ended = spawnSync(process.execPath, args, {encoding: 'utf8'})
  const {flushpoint} = JSON.parse(ended.stdout) as {
    flushpoint: {
      problems: {code: string}[]
      partitions: {number: number; signatures: {type: string; label: string}[]}[]
    }
  }
  return {
    exit: ended.status,
    problems: flushpoint.problems.map(({code}) => code),
    contents: flushpoint.partitions.map(
      ({number, signatures}) => `p${number} ${signatures.map(({type, label}) => `${type} ${label}`).join()}`,
    ),
  }
}

/** Policy, simulated time, host syncs. */
const PRICES = [
  ['drain', 237448, 0],
  ['drain-flush', 3701448, 8],
  ['drain-fua', 3449448, 4],
  ['tag', 167448, 0],
  ['tag-flush', 3551448, 8],
  ['tag-fua', 3339448, 4],
]
