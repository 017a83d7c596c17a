#!/usr/bin/env node
// What it takes to start: each command against an empty script, in turns. Prints ratios, and those to stay below.
import {spawnSync} from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {fileURLToPath} from 'node:url'

const BIN = fileURLToPath(new URL('../../bin/run.js', import.meta.url))
const ROUNDS = Number(process.env.ROUNDS ?? 15)

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flushpoint-startup-'))
const empty = path.join(folder, 'empty.mjs')
const image = path.join(folder, 'disk.img')
const ROWS = [
  {name: '--version', args: [BIN, '--version'], target: 1.5},
  {name: 'modes', args: [BIN, 'modes'], target: 4},
  {name: 'info', args: [BIN, 'info', image], target: 4},
  {name: 'bench --help', args: [BIN, 'bench', '--help']},
]

function millis(args) {
  const start = performance.now()
  const {status} = spawnSync(process.execPath, args, {stdio: 'ignore'})
  return {took: performance.now() - start, status}
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]

try {
  fs.writeFileSync(empty, '')
  fs.writeFileSync(image, '')
  fs.truncateSync(image, 1 << 20)
  for (const {name, args, target} of ROWS) {
    const ratios = []
    let status = 0
    for (let round = 0; round < ROUNDS && status === 0; round++) {
      const base = millis([empty]).took
      const one = millis(args)
      status = one.status
      ratios.push(one.took / base)
    }
    if (status !== 0) {
      console.log(`${name}: not measured, it ends with ${status}`)
      continue
    }
    const verdict = target === undefined ? '' : `, ${median(ratios) <= target ? 'reached' : 'MISSED'} ${target}`
    console.log(`${name}: median ${median(ratios).toFixed(2)} x an empty script${verdict}`)
  }
} finally {
  fs.rmSync(folder, {recursive: true, force: true})
}
