import {execFileSync} from 'node:child_process'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, vi} from 'vitest'

import {readFioReport} from '../../src/bench/fio-report.js'
import {flushpoint, TIMEOUT_MS} from '../e2e/cli.js'
import {peerIt} from '../peers.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flushpoint-fio-json-'))
})

afterAll(() => {
  rmSync(folder, {recursive: true, force: true})
})

/** 256 requests of 4 KiB, half of them reads by fio's own dice, an fdatasync after every eighth write. */
function fioJson(): string {
  const flags = ['--name=mixed', '--rw=randrw', '--bs=4k', '--size=1m', '--fdatasync=8', '--ioengine=psync']
  return execFileSync('fio', [...flags, `--filename=${join(folder, 'disk.img')}`, '--output-format=json'], {
    encoding: 'utf8',
    cwd: folder,
  })
}

/** The same job through flushpoint. */
async function ourJson(): Promise<Report> {
  const image = join(folder, 'ours.img')
  writeFileSync(image, Buffer.alloc(1 << 20, 1))
  const flags = ['--rw', 'randrw', '--loops', '1', '--flush-every', '8', '--aio', 'threads', '--rounds', '1']
  const {stdout} = await flushpoint(['bench', image, ...flags, '--allow-write', '--json'])
  return JSON.parse(stdout) as Report
}

/** As both write it. */
interface Report {
  readonly jobs: readonly [Job]
  readonly disk_util: readonly object[]
}

type Shares = Readonly<Record<string, number>>

interface Job {
  readonly read: Direction
  readonly write: Direction
  readonly latency_ns: Shares
  readonly latency_us: Shares
  readonly latency_ms: Shares
  readonly iodepth_level: Shares
}

interface Direction {
  readonly io_bytes: number
  readonly io_kbytes: number
  readonly bw_bytes: number
  readonly bw: number
  readonly iops: number
  readonly runtime: number
  readonly total_ios: number
  readonly clat_ns: {readonly max: number; readonly percentile: Shares}
  readonly lat_ns: {readonly N: number; readonly mean: number}
}

/** Fields at every depth, in fio's words, and what they hold: "read.clat_ns.percentile.99.000000", a number. */
function fieldsOf(value: unknown, path = ''): [string, string][] {
  if (typeof value !== 'object' || value === null) return [[path, typeof value]]
  return Object.entries(value).flatMap(([key, entry]) => fieldsOf(entry, path === '' ? key : `${path}.${key}`))
}

/** What of one document the other has not. */
function without(one: Map<string, string>, other: Map<string, string>): string[] {
  return [...one.keys()].filter((field) => !other.has(field) && !field.startsWith('job options.'))
}

describe('the JSON of fio', () => {
  peerIt(['fio'], 'is read with what fio did: all requests, and their rates and latencies', () => {
    const report = readFioReport(fioJson(), 'fio.json')
    expect(report.source).toBe('fio')
    expect(report.version).toMatch(/^fio-/)
    const [job] = report.jobs
    expect(job?.name).toBe('mixed')
    expect((job?.read.ios ?? 0) + (job?.write.ios ?? 0)).toBe(256)
    expect((job?.read.bytes ?? 0) + (job?.write.bytes ?? 0)).toBe(2 ** 20)
    for (const direction of [job?.read, job?.write]) {
      expect(direction?.iops).toBeGreaterThan(0)
      expect(direction?.bytesPerSecond).toBeGreaterThan(0)
      expect(direction?.percentiles.get(99)).toBeGreaterThan(0)
      expect(direction?.maxNs).toBeGreaterThanOrEqual(direction?.meanNs ?? Infinity)
    }
    expect(job?.sync.ios).toBeGreaterThan(0)
    expect(job?.sync.meanNs).toBeGreaterThan(0)
    expect(job?.options.get('rw')).toBe('randrw')
  })

  peerIt(
    ['fio'],
    'has every field of ours, and ours all of it but what is not measured, of the same kind',
    async () => {
      const theirs = new Map(fieldsOf((JSON.parse(fioJson()) as Report).jobs[0]))
      const ours = new Map(fieldsOf((await ourJson()).jobs[0]))
      expect(theirs.size).toBeGreaterThan(150)
      expect(without(ours, theirs)).toEqual(['sync.flushes_sent'])
      expect(without(theirs, ours).filter((field) => !/^iodepth_(submit|complete)\./.test(field))).toEqual([])
      expect([...theirs].filter(([field, type]) => ours.has(field) && ours.get(field) !== type)).toEqual([])
    },
  )

  peerIt(['fio'], 'has the disks of ours, where the one of the file can be seen', async () => {
    const theirs = new Map(fieldsOf((JSON.parse(fioJson()) as Report).disk_util[0] ?? {}))
    const ours = new Map(fieldsOf((await ourJson()).disk_util[0] ?? {}))
    if (ours.size === 0 || theirs.size === 0) return expect(ours.size).toBe(0)
    expect(without(theirs, ours).filter((field) => !field.startsWith('aggr_'))).toEqual([])
    expect(without(ours, theirs)).toEqual(['flush_ios'])
  })

  peerIt(['fio'], 'counts in the units that ours counts in', async () => {
    for (const report of [JSON.parse(fioJson()) as Report, await ourJson()]) {
      const [job] = report.jobs
      for (const {io_bytes: bytes, io_kbytes: kib, bw_bytes: rate, bw, iops, ...one} of [job.read, job.write]) {
        expect(one.total_ios).toBeGreaterThan(0)
        expect(bytes).toBe(one.total_ios * 4096)
        expect(kib).toBe(Math.floor(bytes / 1024))
        expect(Math.abs(bw - rate / 1024)).toBeLessThanOrEqual(1)
        expect(Math.abs(iops - rate / 4096)).toBeLessThanOrEqual(1)
        expect(one.lat_ns.N).toBe(one.total_ios)
        expect(one.clat_ns.percentile['50.000000']).toBeLessThanOrEqual(one.clat_ns.max * 1.01)
        // One after the other: what they took together, in nanoseconds, is within the runtime, in milliseconds.
        expect(one.lat_ns.mean * one.lat_ns.N).toBeLessThan((one.runtime + 1) * 1e6)
        expect(one.lat_ns.mean * one.lat_ns.N).toBeGreaterThan(one.runtime * 1e3)
      }
      const shares = [job.latency_ns, job.latency_us, job.latency_ms].flatMap((classes) => Object.values(classes))
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, -1)
      expect(Object.keys(job.iodepth_level)).toEqual(['1', '2', '4', '8', '16', '32', '>=64'])
      // fio counts its syncs here, in a hundred of the others.
      expect(job.iodepth_level['1']).toBeGreaterThanOrEqual(100)
    }
  })
})
