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
    ['[a]\nio-size=4', '2:1: the key "io-size" is not supported', 'Did you mean "io_size"?'],
    ['[a]\nwrite_barrier=4', '2:1: the key "write_barrier" is not supported', 'fio accepts it and does nothing.'],
    ['[a]\nsteadystate=iops:1', '2:1: the key "steadystate" is not supported', 'Leave it out. Understood are: name, '],
    ['[a]\ninclude other.fio', '2:1: "include other.fio" is neither a section nor key=value', 'Write key=value.'],
    ['bs=4k\n[a]', '1:1: "bs=4k" stands before the first section', 'Begin with [global]'],
    ['[a\nbs=4k', '1:3: the section has no closing "]"', 'Write [name].'],
    ['[a] bs=4k', '1:4: "bs=4k" stands behind a section', 'Put it on a line of its own.'],
    ['[ ]', '1:1: the section has no name', 'Write [name].'],
    ['[a]\nbs=', '2:4: bs has no value', 'Write one behind "=".'],
    ['[a]\nbs', '2:3: bs is not a size', 'Write digits'],
    ['[a]\n=4k', '2:1: "=4k" is neither a section nor key=value', 'Write key=value.'],
    ['[a]\nsize=${SIZE}', '2:6: size: variables are not replaced', 'Write the value itself.'],
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
