import {execFileSync} from 'node:child_process'
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect} from 'vitest'

import {readFioReport, type FioReport} from '../../src/bench/fio-report.js'
import {readJobFile} from '../../src/bench/job-file.js'
import {jobWords} from '../../src/bench/job-words.js'
import {peerIt} from '../peers.js'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flushpoint-fio-job-'))
})

afterAll(() => {
  rmSync(folder, {recursive: true, force: true})
})

/** Runs a job file through fio, in a folder of its own. */
function throughFio(text: string): FioReport {
  const path = join(folder, 'job.fio')
  const output = join(folder, 'out.json')
  writeFileSync(path, text)
  execFileSync('fio', [path, '--output-format=json', `--output=${output}`], {cwd: folder, stdio: 'pipe'})
  return readFioReport(readFileSync(output, 'utf8'), output)
}

describe('a job file means to us what it means to fio', () => {
  peerIt(['fio'], 'sizes have the same number of bytes', async () => {
    const sizes = ['4096', '4k', '4K', '4kB', '4KiB', '0x1000', '1m', '1MiB']
    const text = [
      '[global]',
      'ioengine=null',
      'rw=read',
      'bs=1',
      ...sizes.flatMap((size, i) => [`[job${i}]`, `size=${size}`]),
    ]
    const {jobs} = throughFio(text.join('\n'))
    const ours = await readJobFile(text.filter((line) => line !== 'ioengine=null').join('\n'), 'job.fio')
    expect(ours.jobs.map(({options}) => Number(options.get('size')?.value))).toEqual(jobs.map(({read}) => read.bytes))
  })

  peerIt(['fio'], 'comments, global options and several jobs are read alike', async () => {
    const text = [
      '# for both',
      '[global]',
      'ioengine=psync',
      'filename=disk.img',
      'size=64k ; small',
      'bs=4k',
      '[first]',
      'rw=write',
      'fdatasync=4#four',
      '[second]',
      'stonewall',
      'rw=randread',
      'bs=8k',
      'loops=2',
    ].join('\n')
    const {jobs} = throughFio(text)
    const ours = jobWords(await readJobFile(text, 'job.fio'))
    expect(ours.map(({name}) => name)).toEqual(jobs.map(({name}) => name))
    const requests = ours.map(({words}) => (Number(words['size']) / Number(words['bs'])) * Number(words['loops']))
    expect(requests).toEqual(jobs.map(({read, write}) => read.ios + write.ios))
    expect(ours[0]?.words['flush-every']).toBe(jobs[0]?.options.get('fdatasync'))
  })
})
