import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'

import {cellsOfJobFile} from '../../src/bench/job-cells.js'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flushpoint-jobs-'))
  path = join(folder, 'a.fio')
})

afterEach(() => {
  rmSync(folder, {recursive: true, force: true})
})

describe('the cells of a job file', () => {
  it('are those of its jobs, by name, with what they ask for', async () => {
    writeFileSync(
      path,
      '[global]\nsize=1m\nbs=8k\n[a]\nrw=randwrite\nfdatasync=8\n[b]\nstonewall\ndirect=1\niodepth=4\n',
    )
    const {cells, notes} = await cellsOfJobFile(path, {})
    expect(cells.map(({settings, mode}) => [settings.name, mode.name])).toEqual([
      ['a', 'writeback'],
      ['b', 'none'],
    ])
    expect(cells.map(({workload}) => workload)).toMatchObject([
      {rw: 'randwrite', bs: {minBytes: 8192}, sizeBytes: 2 ** 20, flushEvery: 8, loops: 1, iodepth: 1},
      {bs: {minBytes: 8192}, sizeBytes: 2 ** 20, flushEvery: 0, iodepth: 4},
    ])
    expect(notes).toEqual(['b: direct=1 is the cache mode none.'])
  })

  it('reads when nothing else is said, as fio does', async () => {
    writeFileSync(path, '[a]\nsize=1m\n')
    expect((await cellsOfJobFile(path, {})).cells[0]?.workload.rw).toBe('read')
  })

  it('multiply by lists of the command line, which hold for every job', async () => {
    writeFileSync(path, '[a]\ndirect=1\n[b]\nstonewall\n')
    const {cells} = await cellsOfJobFile(path, {cache: 'writeback,unsafe', iodepth: '2'})
    expect(cells.map(({settings, workload}) => [settings.name, settings.mode, workload.iodepth])).toEqual([
      ['a, writeback', 'writeback', 2],
      ['a, unsafe', 'unsafe', 2],
      ['b, writeback', 'writeback', 2],
      ['b, unsafe', 'unsafe', 2],
    ])
  })

  it('that cannot be are refused with file, line and job', async () => {
    writeFileSync(path, '[a]\n\n[deep]\niodepth=99999\n')
    await expect(cellsOfJobFile(path, {})).rejects.toMatchObject({
      kind: 'usage',
      code: 'E_BENCH_FLAG',
      message: expect.stringMatching(/a\.fio:3: deep: --iodepth 99999/) as unknown,
      context: {path, line: 3},
    })
  })
})
