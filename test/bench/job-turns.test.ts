import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'

import type {Turn} from '../../src/bench/cell.js'
import {turnsOfJobFile} from '../../src/bench/job-turns.js'

const namesOf = (turns: readonly Turn[]): string[][] => turns.map((turn) => turn.map(({settings}) => settings.name))

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flushpoint-jobs-'))
  path = join(folder, 'a.fio')
})

afterEach(() => {
  rmSync(folder, {recursive: true, force: true})
})

describe('the turns of a job file', () => {
  it('hold its jobs, by name, with what they ask for', async () => {
    writeFileSync(
      path,
      '[global]\nsize=1m\nbs=8k\n[a]\nrw=randwrite\nfdatasync=8\n[b]\nstonewall\ndirect=1\niodepth=4\n',
    )
    const {turns, notes} = await turnsOfJobFile(path, {})
    const cells = turns.flat()
    expect(turns).toHaveLength(2)
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
    expect((await turnsOfJobFile(path, {})).turns[0]?.[0]?.workload.rw).toBe('read')
  })

  it('multiply by lists of the command line, which hold for every job', async () => {
    writeFileSync(path, '[a]\ndirect=1\n[b]\nstonewall\n')
    const {turns} = await turnsOfJobFile(path, {cache: 'writeback,unsafe', iodepth: '2'})
    expect(turns.flat().map(({settings, workload}) => [settings.name, settings.mode, workload.iodepth])).toEqual([
      ['a, writeback', 'writeback', 2],
      ['a, unsafe', 'unsafe', 2],
      ['b, writeback', 'writeback', 2],
      ['b, unsafe', 'unsafe', 2],
    ])
  })

  it('hold side by side what no stonewall is between', async () => {
    writeFileSync(path, '[a]\n[b]\n[c]\nstonewall\n[d]\n')
    const {turns, notes} = await turnsOfJobFile(path, {})
    expect(namesOf(turns)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ])
    expect(notes).toEqual([])
  })

  it('have the same value of a list of the command line for all that run side by side', async () => {
    writeFileSync(path, '[a]\nrw=randread\n[b]\nrw=randwrite\ndirect=1\n')
    const {turns} = await turnsOfJobFile(path, {cache: 'none,writeback', iodepth: '1,8'})
    expect(
      turns.map((turn) => turn.map(({mode, workload}) => `${workload.rw} ${mode.name} ${workload.iodepth}`)),
    ).toEqual([
      ['randread none 1', 'randwrite none 1'],
      ['randread none 8', 'randwrite none 8'],
      ['randread writeback 1', 'randwrite writeback 1'],
      ['randread writeback 8', 'randwrite writeback 8'],
    ])
  })

  it('are refused where a job that runs beside others has a list of its own', async () => {
    writeFileSync(path, '[a]\n\n[b]\ncache=none,writeback\n')
    await expect(turnsOfJobFile(path, {})).rejects.toMatchObject({
      code: 'E_JOB_FILE',
      message: expect.stringMatching(/a\.fio:3:1: b has a list/) as unknown,
    })
    await expect(turnsOfJobFile(path, {cache: 'none'})).resolves.toMatchObject({turns: [[{}, {}]]})
  })

  it('have one job each on a simulated disk, and a note says which ones would have had company', async () => {
    writeFileSync(path, '[a]\n[b]\n[c]\nstonewall\n[d]\n')
    const {turns, notes} = await turnsOfJobFile(path, {aio: 'sim'})
    expect(namesOf(turns)).toEqual([['a'], ['b'], ['c'], ['d']])
    expect(notes).toEqual([
      'b, d: without stonewall a job runs beside those before it; on a simulated disk each runs by itself.',
    ])
  })

  it('that cannot be are refused with file, line and job', async () => {
    writeFileSync(path, '[a]\n\n[deep]\niodepth=99999\n')
    await expect(turnsOfJobFile(path, {})).rejects.toMatchObject({
      kind: 'usage',
      code: 'E_BENCH_FLAG',
      message: expect.stringMatching(/a\.fio:3: deep: --iodepth 99999/) as unknown,
      context: {path, line: 3},
    })
  })
})
