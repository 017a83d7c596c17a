import {describe, expect, it} from 'vitest'

import {readJobFile, type FileJob, type JobFile} from '../../src/bench/job-file.js'
import type {ToolError} from '../../src/base/index.js'

const ini = (text: string): Promise<JobFile> => readJobFile(text, 'a.fio')

async function jobOf(...lines: readonly string[]): Promise<FileJob> {
  const file = await ini(['[job]', ...lines].join('\n'))
  return file.jobs[0] as FileJob
}

function values({options}: FileJob): Record<string, string> {
  return Object.fromEntries([...options].map(([key, {value}]) => [key, value]))
}

async function refusal(text: string, path = 'a.fio'): Promise<ToolError> {
  return readJobFile(text, path).then(
    (file) => expect.unreachable(`read as ${JSON.stringify(file)}`),
    (error: unknown) => error as ToolError,
  )
}

describe('a job file in the syntax of fio', () => {
  it('has jobs with their lines, and options of [global] for the jobs behind it', async () => {
    const file = await ini(
      [
        '; a comment',
        '[global]',
        'bs=4k',
        'rw=randread',
        '',
        '[one]',
        'rw = randwrite # mixed',
        '[two words]',
        'stonewall',
      ].join('\n'),
    )
    expect(file.path).toBe('a.fio')
    expect(file.jobs.map(({name, line, stonewall}) => [name, line, stonewall])).toEqual([
      ['one', 6, false],
      ['two words', 8, true],
    ])
    expect(file.jobs[0]?.options).toEqual(
      new Map([
        ['bs', {value: '4096', line: 3}],
        ['rw', {value: 'randwrite', line: 7}],
      ]),
    )
    expect(file.jobs[1]?.options.get('rw')).toEqual({value: 'randread', line: 4})
  })

  it('may have several [global] sections: each adds to those before it', async () => {
    const file = await ini('[global]\nbs=4k\n[a]\n[global]\nbs=8k\niodepth=2\n[b]\n')
    expect(file.jobs.map(values)).toEqual([{bs: '4096'}, {bs: '8192', iodepth: '2'}])
  })

  it('may have blanks, tabs, comments behind values, a byte order mark and line ends of Windows', async () => {
    const file = await ini('\uFEFF[a]\r\n\t bs=4k;small\r\n  size = 1m#x\r\n\r\n')
    expect(file.jobs.map(values)).toEqual([{bs: '4096', size: '1048576'}])
  })

  it('keeps keys by their first name, the last word winning', async () => {
    expect(values(await jobOf('readwrite=readwrite', 'blocksize=1k', 'bs=2k', 'io_limit=4k'))).toEqual({
      rw: 'rw',
      bs: '2048',
      io_size: '4096',
    })
  })

  it('tells jobs of one name apart, and lets a job name itself', async () => {
    const file = await ini('[a]\n[a]\n[b]\nname=a\n[c]\nname=d')
    expect(file.jobs.map(({name}) => name)).toEqual(['a', 'a #2', 'a #3', 'd'])
  })

  it('takes variables of the environment, as fio does', async () => {
    const text = '[a]\nsize=${SIZE}m\nfilename=/dev/${DISK}.$jobnum\nbs=${KIB}${UNIT}'
    const file = await readJobFile(text, 'a.fio', {SIZE: '2', DISK: 'vdb', KIB: '8', UNIT: 'k'})
    expect(file.jobs.map(values)).toEqual([{size: '2097152', filename: '/dev/vdb.$jobnum', bs: '8192'}])
  })

  it('takes every flag of the workload by its own name too', async () => {
    const flags = {
      ...{rw: 'randrw', rwmixread: '70', bs: '4k', size: '1m', offset: '4k', 'io-size': '64k', iodepth: '4'},
      ...{numjobs: '2', runtime: '5s', 'ramp-time': '1s', loops: '2', randseed: '7', norandommap: '1'},
      ...{'random-distribution': 'zipf:1.2', thinktime: '5us', 'rate-iops': '100', verify: 'crc32c'},
      ...{'flush-every': '8', 'flush-drain': '0', 'fua-every': '4', 'barrier-every': '2', ordering: 'drain'},
      ...{'fsync-on-close': '1', pattern: 'journal:8+1', cache: 'none', aio: 'uring'},
    }
    for (const spelt of [(name: string) => name, (name: string) => name.replaceAll('-', '_')]) {
      const job = await jobOf(...Object.entries(flags).map(([name, value]) => `${spelt(name)}=${value}`))
      expect(job.options.size).toBe(Object.keys(flags).length)
    }
  })

  it('takes a key that stands alone for yes, and knows yes from no', async () => {
    expect(values(await jobOf('norandommap', 'time_based=1', 'direct=0', 'stonewall=0'))).toEqual({
      norandommap: '1',
      time_based: '1',
      direct: '0',
      stonewall: '0',
    })
    expect((await jobOf('stonewall=0')).stonewall).toBe(false)
  })
})

describe('a job file that is wrong', () => {
  it.each([
    ['[a]\nbs=4k\nbz=4k', '3:1: the key "bz" is not supported', 'Did you mean "bs"?'],
    ['[a]\n  iodepht=4', '2:3: the key "iodepht" is not supported', 'Did you mean "iodepth"?'],
    ['[a]\nio-sze=4', '2:1: the key "io-sze" is not supported', 'Did you mean "io_size"?'],
    ['[a]\nbssplit=4k/50:8k/50', '2:1: the key "bssplit" is not supported', 'bsrange=512-64k'],
    ['[a]\nverify-only', '2:1: the key "verify-only" is not supported', '--verify-only on the command line'],
    ['[a]\nbs=4k,8k', '2:4: bs: "4k,8k" is not a size', 'reads, writes and trims'],
    ['[a]\nbs=512-64k', '2:4: bs: "512-64k" is not a size', 'Write bsrange'],
    ['[a]\nsize=(4k*2)', '2:6: size: "(4k*2)" is not a size', 'Nothing is calculated'],
    ['[a]\niodepth=1,8', '2:9: iodepth: "1,8" is not a number it can have', 'list on the command line'],
    ['[a]\nwrite_barrier=4', '2:1: the key "write_barrier" is not supported', 'fio accepts it and does nothing.'],
    ['[a]\nsteadystate=iops:1', '2:1: the key "steadystate" is not supported', 'Leave it out. Understood are: name, '],
    ['[a]\ninclude other.fio', '2:1: "include other.fio": files are not included', 'into one file'],
    ['bs=4k\n[a]', '1:1: "bs=4k" stands before the first section', 'Begin with [global]'],
    ['[a\nbs=4k', '1:3: the section has no closing "]"', 'Write [name].'],
    ['[a] bs=4k', '1:4: "bs=4k" stands behind a section', 'Put it on a line of its own.'],
    ['[ ]', '1:1: the section has no name', 'Write [name].'],
    ['[a]\nbs=', '2:4: bs has no value', 'Write one behind "=".'],
    ['[a]\nbs', '2:3: bs is not a size', 'Write digits'],
    ['[a]\n=4k', '2:1: "=4k" is neither a section nor key=value', 'Write key=value.'],
    ['[a]\nsize=${NO_SUCH_SIZE}', '2:6: size: the variable ${NO_SUCH_SIZE} is not set', 'Set it'],
    ['[a]\nsize=$pagesize', '2:6: size: "$pagesize" is not replaced', 'Only ${NAME}'],
    ['[a]\nbs=1.5k', '2:4: bs: "1.5k" is not a size', 'Write digits'],
  ])('is refused with line, column and what to do: %j', async (text, message, hint) => {
    const error = await refusal(text)
    expect(error).toMatchObject({kind: 'usage', code: 'E_JOB_FILE', message: `a.fio:${message}`})
    expect(error.hint).toContain(hint)
    const [line, column] = message.split(':').map(Number)
    expect(error.context).toEqual({path: 'a.fio', line, column})
  })

  it.each([
    ['', 'a.fio: the job file holds no job'],
    ['; only words\n\n', 'a.fio: the job file holds no job'],
    ['[global]\nbs=4k', 'a.fio: the job file holds only [global], and no job'],
  ])('is refused when it holds no job: %j', async (text, message) => {
    expect(await refusal(text)).toMatchObject({kind: 'usage', code: 'E_JOB_FILE_EMPTY', message})
    const empty = await refusal('', 'a.yaml')
    expect(empty.code).toBe('E_JOB_FILE_EMPTY')
  })
})
