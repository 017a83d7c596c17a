import {describe, expect, it} from 'vitest'

import {readJobFile} from '../../src/bench/job-file.js'
import {jobWords, type JobWords} from '../../src/bench/job-words.js'

async function wordsOf(text: string): Promise<JobWords[]> {
  return jobWords(await readJobFile(text, 'a.fio'))
}

async function one(...lines: readonly string[]): Promise<JobWords> {
  return (await wordsOf(['[job]', ...lines].join('\n')))[0] as JobWords
}

describe('a job of a file in the words of the bench', () => {
  it('has the same words where the bench has them', async () => {
    const {name, words, notes} = await one(
      'rw=randrw',
      'rwmixread=70%',
      'bsrange=512-64k',
      'size=1m',
      'offset=4k',
      'iodepth=8',
      'numjobs=2',
      'randseed=7',
      'norandommap',
      'random_distribution=zipf:1.2',
      'thinktime=10',
      'rate_iops=1000',
      'ramp_time=2',
      'fsync_on_close=1',
    )
    expect(name).toBe('job')
    expect(notes).toEqual([])
    expect(words).toEqual({
      rw: 'randrw',
      rwmixread: '70',
      bs: '512-65536',
      size: '1048576',
      offset: '4096',
      iodepth: '8',
      numjobs: '2',
      randseed: '7',
      norandommap: '1',
      'random-distribution': 'zipf:1.2',
      thinktime: '10us',
      'rate-iops': '1000',
      'ramp-time': '2000000us',
      'fsync-on-close': '1',
      loops: '1',
    })
  })

  it.each(['fsync', 'fdatasync'])('%s=N is a flush after every N writes, and 0 is none', async (key) => {
    expect((await one(`${key}=8`)).words).toMatchObject({'flush-every': '8'})
    expect((await one(`${key}=0`)).words).not.toHaveProperty('flush-every')
  })

  // O_DIRECT bypasses the page cache, O_DSYNC makes each write stable: the flags by which QEMU's modes open a file.
  it.each([
    [['direct=1'], 'none'],
    [['direct=0'], 'writeback'],
    [['sync=none'], 'writeback'],
    [['sync=dsync'], 'writethrough'],
    [['sync=1', 'direct=0'], 'writethrough'],
    [['direct=1', 'sync=dsync'], 'directsync'],
    [['direct=1', 'sync=0'], 'none'],
    [['cache=unsafe'], 'unsafe'],
  ])('%j is the cache mode %s', async (lines, mode) => {
    expect((await one(...lines)).words['cache']).toBe(mode)
  })

  it('reads in sequence when nothing else is said, as fio does', async () => {
    expect((await one('bs=4k')).words['rw']).toBe('read')
    expect((await one('pattern=journal:8+1')).words).not.toHaveProperty('rw')
  })

  it('has no cache mode when none was asked for', async () => {
    expect((await one('rw=read')).words).not.toHaveProperty('cache')
  })

  it.each([
    ['io_uring', 'uring'],
    ['libaio', 'uring'],
    ['psync', 'threads'],
    ['sync', 'threads'],
  ])('the engine %s is the backend %s, with a note', async (engine, backend) => {
    const {words, notes} = await one(`ioengine=${engine}`)
    expect(words['aio']).toBe(backend)
    expect(notes).toEqual([`job: ioengine=${engine} is run by the backend ${backend}.`])
  })

  it.each([
    [[], {loops: '1'}],
    [['loops=3'], {loops: '3'}],
    [['io_size=4k'], {'io-size': '4096'}],
    [['runtime=5'], {runtime: '5000000us', loops: '1'}],
    [['runtime=5', 'time_based'], {runtime: '5000000us'}],
    [['runtime=5', 'time_based', 'loops=3', 'io_size=4k'], {runtime: '5000000us'}],
    [['runtime=5', 'time_based=0', 'io_size=4k'], {runtime: '5000000us', 'io-size': '4096'}],
  ])('%j goes on as long as fio would: %j', async (lines, words) => {
    expect((await one(...lines)).words).toEqual({rw: 'read', ...words})
  })

  it('says what is done in another way than fio does it', async () => {
    const {notes, words} = await one('filename=/dev/sdz', 'sync=1', 'verify=crc32c')
    expect(words).toEqual({rw: 'read', cache: 'writethrough', loops: '1', verify: '1'})
    expect(notes).toEqual([
      'job: filename=/dev/sdz is not used: the image is the one on the command line.',
      'job: sync=1 is the cache mode writethrough.',
      'job: sync=1 is O_SYNC to fio; here O_DSYNC makes the same data stable.',
      'job: verify=crc32c: blocks carry a checksum of our own.',
    ])
  })
})

describe('a job that contradicts itself', () => {
  it.each([
    ['fsync=1\nfdatasync=8', 'a.fio:3:1: fsync and fdatasync of job say one thing twice'],
    ['flush-every=1\nfdatasync=8', 'a.fio:3:1: fdatasync and flush-every of job say one thing twice'],
    ['direct=1\ncache=none', 'a.fio:3:1: direct and cache of job say one thing twice'],
    ['cache=none\nsync=dsync', 'a.fio:3:1: sync and cache of job say one thing twice'],
    ['ioengine=psync\naio=threads', 'a.fio:3:1: ioengine and aio of job say one thing twice'],
    ['bs=4k\nbsrange=4k-8k', 'a.fio:3:1: bs and bsrange of job say one thing twice'],
    ['time_based', 'a.fio:2:1: time_based has no runtime to go by'],
  ])('is refused with the line: %j', async (text, message) => {
    await expect(wordsOf(`[job]\n${text}`)).rejects.toMatchObject({kind: 'usage', code: 'E_JOB_FILE', message})
  })

  it('does not when one of the two asks for nothing', async () => {
    expect((await one('fsync=0', 'fdatasync=8')).words).toMatchObject({'flush-every': '8'})
  })
})
