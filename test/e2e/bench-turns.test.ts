import {readFileSync, writeFileSync} from 'node:fs'
import {availableParallelism} from 'node:os'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'

import {Scene} from '../image/scene.js'
import {flushpoint, TIMEOUT_MS} from './cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let scene: Scene
let image: string
beforeEach(() => {
  scene = new Scene()
  image = scene.file('disk.img', 1 << 20, 0x11)
})
afterEach(() => scene.close())

interface Report {
  readonly jobs: readonly {
    readonly jobname: string
    readonly groupid: number
    readonly read: {readonly total_ios: number}
    readonly write: {readonly total_ios: number; readonly bw_agg: number; readonly iops: number}
    readonly sync: {readonly flushes_sent: number}
    readonly usr_cpu: number
    readonly sys_cpu: number
  }[]
  readonly flushpoint: {readonly cells: readonly {readonly notes: readonly string[]}[]}
}

/** Runs a job file, one section a string, its lines with blanks between. */
async function report(...sections: readonly string[]): Promise<Report> {
  const {exit, stdout, stderr} = await flushpoint(['bench', image, ...jobFlags(sections), '--json'])
  expect([exit, stderr]).toEqual([0, expect.not.stringContaining('error')])
  return JSON.parse(stdout) as Report
}

function jobFlags(sections: readonly string[]): string[] {
  const file = scene.path('jobs.fio')
  writeFileSync(file, sections.map((section) => section.replaceAll(' ', '\n')).join('\n'))
  return ['--job', file, '--aio', 'threads', '--rounds', '1', '--allow-write']
}

describe('jobs that run side by side', () => {
  it('have modes of their own, run as long as each has to, and are a group of the report', async () => {
    const {jobs, flushpoint: own} = await report(
      '[w] rw=write size=64k flush-every=4 cache=writethrough',
      '[r] rw=randread io_size=256k cache=writeback numjobs=2',
      '[alone] stonewall rw=read io_size=4k',
    )
    expect(jobs.map(({jobname, groupid, read, write}) => [jobname, groupid, read.total_ios, write.total_ios])).toEqual([
      ['w', 0, 0, 16],
      ['r', 0, 128, 0],
      ['alone', 1, 1, 0],
    ])
    const beside = (name: string): string =>
      `ran beside ${name}: processor, disk and context switches are what all of them cost`
    expect(own.cells.map(({notes}) => notes)).toEqual([[beside('r')], [beside('w')], []])
  })

  it('go to blocks of their own, share what a group moves, and use no more than all processors', async () => {
    const section = 'rw=randwrite bs=4k io_size=64k verify=1'
    const {jobs} = await report(
      `[a] ${section} size=512k`,
      `[b] ${section} size=512k offset=512k`,
      '[c] rw=read runtime=1 time_based',
    )
    const [a, b] = jobs
    expect((a?.write.bw_agg ?? 0) + (b?.write.bw_agg ?? 0)).toBeCloseTo(100)
    expect(a?.write.bw_agg).toBeGreaterThan(0)
    for (const {usr_cpu, sys_cpu} of jobs)
      expect(usr_cpu + sys_cpu).toBeLessThanOrEqual(100 * availableParallelism() * 1.1)
    // Both began with a pattern of blocks; side by side it is not the same one twice.
    const blocks = readFileSync(image)
    const written = [0, 512 * 1024].map((start) =>
      Array.from({length: 128}, (_, i) => blocks[start + i * 4096] !== 0x11 || blocks[start + i * 4096 + 100] !== 0x11),
    )
    expect(written.map((half) => half.filter(Boolean).length)).toEqual([16, 16])
    expect(written[0]).not.toEqual(written[1])
    const flags = jobFlags([`[a] ${section} size=512k`, `[b] ${section} size=512k offset=512k`])
    expect(await flushpoint(['bench', image, ...flags, '--verify-only'])).toMatchObject({exit: 0})
  })

  it('send every flush where one of them writes what is not stable by itself', async () => {
    const sent = async (...sections: string[]): Promise<number[]> =>
      (await report('[global] rw=write bs=4k io_size=64k size=512k flush-every=4', ...sections)).jobs.map(
        ({sync}) => sync.flushes_sent,
      )
    const [alone = NaN] = await sent('[s] cache=writethrough')
    expect(alone).toBeLessThan(4)
    expect(await sent('[s] cache=writethrough', '[t] cache=writethrough offset=512k')).toEqual([alone, alone])
    expect(await sent('[s] cache=writethrough', '[c] cache=writeback offset=512k')).toEqual([4, 4])
  })

  it('may check what they have written where nobody else writes', async () => {
    const checked = '[v] rw=randwrite io_size=64k size=512k verify=crc32c'
    const ended = await flushpoint(['bench', image, ...jobFlags([checked, '[w] rw=write size=256k offset=256k'])])
    expect(ended).toMatchObject({exit: 2, stdout: ''})
    expect(ended.stderr).toContain('error: v verifies what it writes, and w writes there too\n  hint: ')
    expect(readFileSync(image)).toEqual(Buffer.alloc(1 << 20, 0x11))
    expect((await report(checked, '[w] rw=write size=256k offset=512k')).jobs).toHaveLength(2)
    expect((await report(checked, '[w] stonewall rw=write size=256k offset=256k')).jobs).toHaveLength(2)
  })

  it('say that nothing keeps others from writing where there are no locks, whichever comes first', async () => {
    const flags = jobFlags(['[r] rw=randread io_size=4k', '[w] rw=randwrite io_size=4k'])
    const env = {FLUSHPOINT_NO_NATIVE: '1'}
    const {stdout} = await flushpoint(['bench', image, ...flags, '--json'], {env})
    const {notes} = (JSON.parse(stdout) as {flushpoint: {notes: string[]}}).flushpoint
    expect(notes.join()).toContain('Locks unavailable')
  })

  it('are all refused where the image cannot be opened for one of them, and nothing is written', async () => {
    const odd = scene.file('odd.img', 1300, 0x22)
    const flags = jobFlags(['[cached] rw=write bs=512', '[direct] rw=read bs=512 direct=1'])
    const {exit, stderr} = await flushpoint(['bench', odd, ...flags])
    expect([exit, stderr]).toEqual([3, expect.stringContaining('O_DIRECT')])
    expect(readFileSync(odd)).toEqual(Buffer.alloc(1300, 0x22))
  })
})
