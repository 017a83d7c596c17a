import {execFileSync} from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {fileURLToPath} from 'node:url'

import {afterEach, beforeEach, describe, expect, it} from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const examples = path.join(root, 'examples')

interface Report {
  readonly requests: readonly {readonly id: number; readonly stable: {readonly by: string; readonly request: number}}[]
  readonly atRisk: Readonly<Record<'processKill' | 'osCrash' | 'powerLoss', {readonly bytes: number}>>
  readonly hazards: readonly {readonly code: string; readonly requests: readonly number[]}[]
  readonly marks: readonly {readonly name: string; readonly reached: boolean}[]
}

let folder = ''
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flushpoint-examples-'))
})
afterEach(() => fs.rmSync(folder, {recursive: true, force: true}))

/** Runs an example under one mode on a new image of 4 MiB. */
function run(name: string, ...flags: string[]): Report {
  const batch = path.join(examples, name, 'batch.fp')
  const image = path.join(folder, `${fs.readdirSync(folder).length}.img`)
  const args = [path.join(root, 'bin', 'run.js'), 'run', image, batch, '--create', '4M', '--json', ...flags]
  return JSON.parse(execFileSync(process.execPath, args, {encoding: 'utf8'})) as Report
}

const lost = (report: Report): number[] => [
  report.atRisk.processKill.bytes,
  report.atRisk.osCrash.bytes,
  report.atRisk.powerLoss.bytes,
]
const codes = (report: Report): string[] => report.hazards.map(({code}) => code)

describe('the examples', () => {
  it('are all executed by this file', () => {
    const folders = fs.readdirSync(examples, {withFileTypes: true}).filter((entry) => entry.isDirectory())
    const source = fs.readFileSync(fileURLToPath(import.meta.url), 'utf8')
    expect(folders.length).toBeGreaterThan(0)
    expect(folders.map(({name}) => name).filter((name) => !source.includes(`run('${name}'`))).toEqual([])
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
})
