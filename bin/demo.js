#!/usr/bin/env node
// The first thing a newcomer sees (npm start): a demo image in a temporary folder, the first example batch on it under
// three cache modes, and the comparison. Cleans up after itself.
import {spawnSync} from 'node:child_process'
import {mkdtempSync, rmSync} from 'node:fs'
import path from 'node:path'
import {fileURLToPath} from 'node:url'

import {diskTempFolder} from './temp-folder.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const batch = path.join(root, 'examples', '01-first-batch', 'batch.fp')
const flags = ['--create', '16M', '--cache', 'writethrough,writeback,none']
const folder = mkdtempSync(path.join(diskTempFolder(), 'flushpoint-demo-'))
// Ctrl-C reaches the command below too, which winds down by itself; this process only has to clean up after it.
process.on('SIGINT', () => {})

console.log(`$ flushpoint run demo.img examples/01-first-batch/batch.fp ${flags.join(' ')}\n`)
try {
  const args = [path.join(root, 'bin', 'run.js'), 'run', 'demo.img', batch, ...flags]
  const run = spawnSync(process.execPath, args, {cwd: folder, stdio: 'inherit'})
  if (run.error) throw run.error
  process.exitCode = run.status ?? 1
} finally {
  rmSync(folder, {recursive: true, force: true})
}
