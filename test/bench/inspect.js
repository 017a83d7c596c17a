#!/usr/bin/env node
// The commands that look at whole images against their peers, interleaved on the same page-cached files, start-up included.
// Prints ratios (peer / ours: above 1 is faster) round by round and their medians; single times mean nothing here.
import {execFileSync, spawnSync} from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import {fileURLToPath} from 'node:url'

import {diskTempFolder} from '../../bin/temp-folder.js'

const BIN = fileURLToPath(new URL('../../bin/run.js', import.meta.url))
const ROUNDS = Number(process.env.ROUNDS ?? 5)
const GIB = 2 ** 30
const MIB = 2 ** 20

const folder = fs.mkdtempSync(path.join(diskTempFolder(), 'flushpoint-bench-'))
process.on('exit', () => fs.rmSync(folder, {recursive: true, force: true}))
process.on('SIGINT', () => process.exit(130))

/** A file of bytes that repeat nowhere within a chunk. */
function filled(name, sizeBytes) {
  const file = path.join(folder, name)
  const chunk = Buffer.alloc(MIB)
  let state = 1
  for (let i = 0; i < chunk.length; i += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    chunk.writeInt32LE(state, i)
  }
  const fd = fs.openSync(file, 'w')
  for (let at = 0; at < sizeBytes; at += chunk.length) {
    chunk.writeUInt32LE(at / chunk.length, 0)
    fs.writeSync(fd, chunk, 0, Math.min(chunk.length, sizeBytes - at), at)
  }
  fs.closeSync(fd)
  return file
}

/** A sparse file with islands of data, evenly spread. */
function sparse(name, sizeBytes, islands, islandBytes) {
  const file = path.join(folder, name)
  const fd = fs.openSync(file, 'w')
  fs.ftruncateSync(fd, sizeBytes)
  const bytes = Buffer.alloc(islandBytes, 0x5a)
  const stepBytes = Math.floor(sizeBytes / islands / 4096) * 4096
  for (let i = 0; i < islands; i++) fs.writeSync(fd, bytes, 0, islandBytes, i * stepBytes)
  fs.fsyncSync(fd)
  fs.closeSync(fd)
  return file
}

/** Milliseconds that a program takes, with its output thrown away; it has to end well. */
function timed(program, args) {
  const start = performance.now()
  const {status, error} = spawnSync(program, args, {stdio: ['ignore', 'ignore', 'pipe']})
  if (error?.code === 'ENOENT') return undefined
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}`)
  return performance.now() - start
}

const ours = (...args) => timed(process.execPath, [BIN, ...args])
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

/** Runs a comparison in rounds, ours and the peers one after the other. */
function race(title, goal, own, peers) {
  const ratios = new Map(Object.keys(peers).map((name) => [name, []]))
  const times = []
  for (let round = 0; round < ROUNDS; round++) {
    const mine = own()
    times.push(mine)
    for (const [name, peer] of Object.entries(peers)) {
      const theirs = peer()
      if (theirs !== undefined) ratios.get(name).push(theirs / mine)
    }
  }
  console.log(`${title}: ${times.map((ms) => ms.toFixed(0)).join(' ')} ms`)
  for (const [name, values] of ratios) {
    if (values.length === 0) console.log(`  ${name}: not installed`)
    else {
      const rounds = values.map((ratio) => ratio.toFixed(2)).join(' ')
      console.log(`  x ${name}: ${rounds}; median ${median(values).toFixed(2)} (goal ${goal})`)
    }
  }
}

/** Runs a command in rounds against a limit in milliseconds. */
function limit(title, limitMs, own) {
  const times = Array.from({length: ROUNDS}, own)
  console.log(
    `${title}: ${times.map((ms) => ms.toFixed(0)).join(' ')} ms; median ${median(times).toFixed(0)} (goal ${limitMs})`,
  )
}

console.log(`node ${process.version}, ${ROUNDS} rounds, load ${fs.readFileSync('/proc/loadavg', 'utf8').slice(0, 4)}`)
const a = filled('a', GIB)
const b = path.join(folder, 'b')
fs.copyFileSync(a, b)
race('compare of two images of 1 GiB', 1, () => ours('compare', a, b), {
  cmp: () => timed('cmp', [a, b]),
  'qemu-img compare': () => timed('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', a, b]),
})
race('hash of 1 GiB', 0.95, () => ours('hash', a), {sha256sum: () => timed('sha256sum', [a])})
fs.rmSync(b)
fs.truncateSync(a, 256 * MIB)
race('dump of 256 MiB as xxd', 1, () => ours('dump', a, '--style', 'xxd'), {xxd: () => timed('xxd', [a])})
race('dump of 256 MiB', 1, () => ours('dump', a), {xxd: () => timed('xxd', [a])})
fs.rmSync(a)

// A file of ext4 ends one block before 16 TiB.
const large = sparse('large', 16 * 2 ** 40 - 4096, 10_000, 4096)
limit('map of 16 TiB with 10,000 extents', 300, () => ours('map', large))
limit('map --json of the same', 300, () => ours('map', large, '--json'))
limit('info of the same', 300, () => ours('info', large))
fs.rmSync(large)

// Each with what the peer does at the same promise: -t writeback syncs at the end, its default nothing.
for (const gib of [1, 10]) {
  const thin = sparse('thin', gib * GIB, 100, Math.floor((gib * GIB) / 1000 / 4096) * 4096)
  const copy = path.join(folder, 'copy')
  const fresh = (run) => () => {
    fs.rmSync(copy, {force: true})
    execFileSync('sync', ['-f', folder]) // what one left to write back must not be paid for by the other
    return run()
  }
  const convert = (...flags) => timed('qemu-img', ['convert', '-f', 'raw', '-O', 'raw', ...flags, thin, copy])
  const what = `copy of ${gib} GiB, 90 % of it holes`
  const copies = (...flags) => fresh(() => ours('copy', ...flags, thin, copy))
  race(`${what}, synced`, 1, copies(), {'qemu-img convert -t writeback': fresh(() => convert('-t', 'writeback'))})
  race(`${what}, not synced`, 1, copies('--cache', 'unsafe'), {'qemu-img convert': fresh(() => convert())})
  fs.rmSync(copy)
}
