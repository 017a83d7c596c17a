import {describe, expect, it} from 'vitest'

import {readJobFile, type FileJob} from '../../src/bench/job-file.js'

function values({options}: FileJob): Record<string, string> {
  return Object.fromEntries([...options].map(([key, {value}]) => [key, value]))
}

describe('the same in YAML or JSON', () => {
  const INI = '[global]\nbs=4k\ndirect=1\n[read it]\nrw=randread\niodepth=0x10\n[write it]\nstonewall\nrw=randwrite\n'
  const YAML = [
    'global: {bs: 4k, direct: true}',
    'read it:',
    '  rw: randread # by chance',
    '  iodepth: 0x10',
    'write it:',
    '  stonewall:',
    '  rw: "randwrite"',
  ].join('\n')
  const JSON_TEXT = JSON.stringify(
    {
      global: {bs: '4k', direct: 1},
      'read it': {rw: 'randread', iodepth: 16},
      'write it': {stonewall: true, rw: 'randwrite'},
    },
    undefined,
    '\t',
  )

  it.each([
    ['job.yaml', YAML],
    ['job.YML', YAML],
    ['job.json', JSON_TEXT],
  ])('%s comes to the same jobs', async (path, text) => {
    const expected = await readJobFile(INI, 'a.fio')
    const {jobs} = await readJobFile(text, path)
    expect(jobs.map(({name, stonewall}) => [name, stonewall])).toEqual(
      expected.jobs.map(({name, stonewall}) => [name, stonewall]),
    )
    expect(jobs.map(values)).toEqual(expected.jobs.map(values))
  })

  it('has lines as well', async () => {
    const {jobs} = await readJobFile(YAML, 'job.yaml')
    expect(jobs.map(({line}) => line)).toEqual([2, 5])
    expect(jobs[1]?.options.get('rw')?.line).toBe(7)
  })

  it.each([
    ['a: [1, 2]', '1:4: a is not a mapping of keys'],
    ['- a', '1:1: the file is not a mapping'],
    ['a:\n  bs: [4k]', '2:7: the value of bs is not plain text, a number, true or false'],
    ['a:\n  bs: 4k\n  bs: 8k', '3:3: Map keys must be unique'],
    ['a: {bs: 4k', '1:11: '],
    ['a:\n  bz: 4k', '2:3: the key "bz" is not supported'],
    ['a:\n  bs: 4 apples', '2:7: bs: "4 apples" is not a size'],
    ['1: {bs: 4k}', '1:1: the name of a job is not plain text'],
  ])('is refused with line and column: %j', async (text, message) => {
    await expect(readJobFile(text, 'job.yaml')).rejects.toMatchObject({
      kind: 'usage',
      code: 'E_JOB_FILE',
      message: expect.stringContaining(`job.yaml:${message}`) as unknown,
    })
  })
})
