#!/usr/bin/env node
// 4k random reads of a page-cached file at depth 32 through the engine and io_uring, without and with the durability ledger,
// interleaved with fio's io_uring engine on the same file. Prints ratios to fio round by round; single times mean nothing here.
import {execFileSync} from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

import {rooms} from './rooms.js'

const [{UringBackend}, {cacheModeOf}, {Ledger}, {Engine}, {loadUring}, {orderingModeOf}, {idBytes}] = await rooms(
  'aio/uring/backend.ts',
  'cache-mode/index.ts',
  'durability/index.ts',
  'engine/index.ts',
  'native/index.ts',
  'ordering/index.ts',
  'request/index.ts',
)

const SIZE_BYTES = 2 ** 30
const BLOCK_BYTES = 4096
const DEPTH = 32
const ROUNDS = Number(process.env.ROUNDS ?? 7)
const SECONDS = Number(process.env.SECONDS_PER_RUN ?? 2)
const IN = 0

const loaded = await loadUring()
if (!loaded.ok) throw new Error(loaded.reason)

/** Requests a second that the engine completes. */
async function engineIops(file, withLedger) {
  const fd = fs.openSync(file, 'r+')
  const mode = cacheModeOf('writeback')
  const ordering = orderingModeOf('drain')
  const backend = new UringBackend(loaded.uring, fd, DEPTH + 1)
  const ledger = withLedger ? new Ledger(mode, ordering) : undefined
  const engine = new Engine({
    device: {capacitySectors: SIZE_BYTES / 512, readOnly: false, logicalBlockBytes: 512},
    mode,
    ordering,
    backend,
    depth: DEPTH,
    alignmentBytes: 1,
    soleWriter: true,
    id: idBytes('bench'),
    observer: ledger && ((event) => ledger.observe(event)),
  })
  const memory = backend.createMemory(DEPTH * BLOCK_BYTES)
  const blocks = SIZE_BYTES / BLOCK_BYTES
  const end = performance.now() + SECONDS * 1000
  const start = performance.now()
  let done = 0
  let failed = 0
  const freeBuffers = Array.from({length: DEPTH}, (_, i) => i * BLOCK_BYTES)
  const bufferOf = new Float64Array(DEPTH)
  let running = true
  while (running || engine.pending > 0) {
    if (running) {
      while (engine.room > 0) {
        const buffer = freeBuffers.pop()
        const offset = Math.floor(Math.random() * blocks) * BLOCK_BYTES
        bufferOf[engine.submit(IN, 0, offset, BLOCK_BYTES, memory, buffer)] = buffer
      }
    }
    const wait = engine.tick(true)
    if (wait !== undefined) await wait
    for (let slot = engine.takeDone(); slot >= 0; slot = engine.takeDone()) {
      done++
      if (engine.statusOf(slot) !== 0) failed++
      freeBuffers.push(bufferOf[slot])
      engine.release(slot)
    }
    running = performance.now() < end
  }
  const seconds = (performance.now() - start) / 1000
  engine.close()
  await backend.close()
  memory.free()
  fs.closeSync(fd)
  if (failed > 0) throw new Error(`${failed} reads failed`)
  return done / seconds
}

/** Requests a second that fio's io_uring engine completes, with its default settings. */
function fioIops(file) {
  const args = [
    `--filename=${file}`,
    '--name=r',
    '--rw=randread',
    '--bs=4k',
    `--iodepth=${DEPTH}`,
    '--ioengine=io_uring',
  ]
  args.push(
    '--size=1g',
    '--time_based',
    `--runtime=${SECONDS}`,
    '--norandommap',
    '--output-format=json',
    '--invalidate=0',
  )
  const out = execFileSync('fio', args, {encoding: 'utf8'})
  return JSON.parse(out.slice(out.indexOf('{'))).jobs[0].read.iops
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const show = (name, values, target) =>
  console.log(
    `${name}: median ${median(values).toFixed(2)} x fio (min ${Math.min(...values).toFixed(2)}, max ${Math.max(...values).toFixed(2)}; target ${target})`,
  )

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flushpoint-bench-'))
try {
  const file = path.join(folder, 'bench.img')
  const chunk = Buffer.alloc(1 << 20, 0xa5)
  const fd = fs.openSync(file, 'w')
  for (let i = 0; i < SIZE_BYTES / chunk.length; i++) fs.writeSync(fd, chunk)
  fs.fsyncSync(fd)
  fs.closeSync(fd)
  const bare = []
  const observed = []
  for (let round = 0; round < ROUNDS; round++) {
    const order = round % 2 === 0 ? ['fio', 'bare', 'ledger'] : ['ledger', 'bare', 'fio']
    const iops = {}
    for (const what of order) {
      iops[what] = what === 'fio' ? fioIops(file) : await engineIops(file, what === 'ledger')
    }
    bare.push(iops.bare / iops.fio)
    observed.push(iops.ledger / iops.fio)
    console.log(
      `round ${round + 1}: engine ${Math.round(iops.bare)}, engine + ledger ${Math.round(iops.ledger)}, fio io_uring ${Math.round(iops.fio)} reads/s`,
    )
  }
  show('engine + uring', bare, '>= 1.0')
  show('engine + uring + ledger', observed, '>= 0.5')
} finally {
  fs.rmSync(folder, {recursive: true, force: true})
}
