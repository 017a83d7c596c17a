import {execFileSync} from 'node:child_process'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect} from 'vitest'

import {benchDocument} from '../../src/bench/bench-document.js'
import {readFioReport} from '../../src/bench/fio-report.js'
import {cellOf, MS, requestsOf, resultOf, roundOf, writesOf} from '../bench/bench-sample.js'
import {peerIt} from '../peers.js'

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

/** Names of fields at every depth, in fio's words: "read.clat_ns.percentile.99.000000". */
function fieldsOf(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([key, entry]) => fieldsOf(entry, path === '' ? key : `${path}.${key}`))
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

  peerIt(['fio'], 'has every field that ours has in a job, by the same name', () => {
    const theirs = JSON.parse(fioJson()) as {jobs: object[]}
    const round = roundOf({
      read: requestsOf(9, MS, {bytes: 9 * 4096}),
      write: writesOf(9, MS),
      flush: requestsOf(3, MS),
    })
    const document = benchDocument(resultOf([cellOf('none', [round])]), {verdict: false, version: 'flushpoint-0.0.0'})
    const ours = (document.json as {jobs: object[]}).jobs
    const known = new Set(fieldsOf(theirs.jobs[0]))
    const added = fieldsOf(ours[0]).filter((field) => !field.startsWith('job options.') && !known.has(field))
    expect(added).toEqual(['sync.flushes_sent'])
  })
})
