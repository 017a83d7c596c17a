import {spawnSync} from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {fileURLToPath} from 'node:url'

import {afterAll, beforeAll, describe, expect, it} from 'vitest'

import {DISK_MODELS} from '../src/aio/index.js'
import {EXIT_CODES} from '../src/base/index.js'
import {loadUring} from '../src/native/index.js'
import {capability, itNeeds} from './peers.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8')

/** The console blocks of the README: a command and what it printed. */
const blocks = [...readme.matchAll(/```console\n\$ (.+)\n([\s\S]*?)```/g)].map(([, command, output]) => ({
  command: command ?? '',
  output: output ?? '',
}))

/** What may differ between two runs and hosts: durations, the file system, the widths of columns that hold them, rows about both. */
function normalised(output: string): string {
  return output
    .replace(/^(allocated|file system|disks|O_DIRECT|io_uring|but): .*\n( +.*\n)*/gm, '')
    .replace(/\b\d+(\.\d+)? (ns|us|ms|s)\b/g, 'TIME')
    .replace(/bytes\), \w+/g, 'bytes), FILE SYSTEM')
    .replace(/ +/g, ' ')
    .replace(/─+/g, '─')
    .trimEnd()
}

const uring = await loadUring()
const opened = uring.ok ? uring.uring.openRing(8) : uring
if (opened.ok && 'ring' in opened) opened.ring.close()
const ioUring = capability(opened.ok, opened.ok ? '' : opened.reason)

describe('the README', () => {
  let folder = ''
  beforeAll(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flushpoint-readme-'))
    fs.mkdirSync(path.join(folder, 'bin'))
    fs.symlinkSync(path.join(root, 'examples'), path.join(folder, 'examples'))
    const script = `#!/bin/sh\nexec "${process.execPath}" "${path.join(root, 'bin', 'run.js')}" "$@"\n`
    fs.writeFileSync(path.join(folder, 'bin', 'flushpoint'), script, {mode: 0o755})
  })
  afterAll(() => fs.rmSync(folder, {recursive: true, force: true}))

  itNeeds([ioUring], 'shows what the commands of its tour really print', () => {
    expect(blocks.length).toBeGreaterThan(3)
    const env = {...process.env, PATH: `${path.join(folder, 'bin')}:${process.env['PATH']}`, NO_COLOR: '1'}
    for (const {command, output} of blocks) {
      const run = spawnSync('sh', ['-c', `{ ${command}\n} 2>&1`], {cwd: folder, env, encoding: 'utf8'})
      expect(normalised(`${command}\n${run.stdout}`)).toBe(normalised(`${command}\n${output}`))
    }
  })

  it('shows what each model of a drive costs', () => {
    const rows = readme.replace(/ +/g, ' ')
    const fields = Object.keys(DISK_MODELS[0] ?? {}).filter((field) => field !== 'name')
    expect(fields.length).toBeGreaterThan(10)
    for (const field of fields) {
      const values = DISK_MODELS.map((model) => String(model[field as keyof typeof model]))
      expect(rows).toContain(`| \`${field}\` | ${values.join(' | ')} |`)
    }
  })

  it('lists every exit status', () => {
    const rows = readme.replace(/ +/g, ' ')
    for (const {exit, kind, means} of EXIT_CODES) expect(rows).toContain(`| ${exit} | ${kind} | ${means} |`)
  })

  it('names the two commands that need nothing but Node.js and npm', () => {
    const scripts = (JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as {scripts: object}).scripts
    expect(readme).toContain('npm ci && npm start')
    expect(readme).toContain('npm ci && npm test')
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['start', 'test', 'bench:engine']))
  })
})
