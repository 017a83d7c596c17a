#!/usr/bin/env node
// The first thing a newcomer sees (npm start): a demo image in a temporary folder, the first example batch on it under
// three cache modes, and the comparison. Cleans up after itself.
import {spawnSync} from 'node:child_process'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import path from 'node:path'
import {fileURLToPath} from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const batch = path.join('examples', '01-first-batch', 'batch.fp')
const folder = mkdtempSync(path.join(tmpdir(), 'flushpoint-demo-'))
const image = path.join(folder, 'demo.img')
const args = ['run', image, batch, '--create', '16M', '--cache', 'writethrough,writeback,none']

console.log(`flushpoint ${args.join(' ')}\n`)
try {
  const run = spawnSync(process.execPath, [path.join('bin', 'run.js'), ...args], {cwd: root, stdio: 'inherit'})
  if (run.error) throw run.error
  process.exitCode = run.status ?? 1
} finally {
  rmSync(folder, {recursive: true, force: true})
}
