#!/usr/bin/env node
// flushpoint bench against fio and qemu-img bench: the same work on the same file, in turns, each round another one first. Prints for
// every workload the ratio to the best of the peers, round by round in order of size, beside the ratio it is to reach. Single times
// mean nothing; nothing here is a test. Needs fio and qemu-img.
//
//   ROUNDS=5 SECONDS_PER_RUN=2 SIZE=1g ONLY=randread node test/bench/peers.js
import {execFileSync, spawn} from 'node:child_process'
import {once} from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import {fileURLToPath} from 'node:url'

import {diskTempFolder} from '../../bin/temp-folder.js'

const BIN = fileURLToPath(new URL('../../bin/run.js', import.meta.url))
const ROUNDS = Number(process.env.ROUNDS ?? 5)
const SECONDS = Number(process.env.SECONDS_PER_RUN ?? 2)
const SIZE = process.env.SIZE ?? '1g'
const ONLY = process.env.ONLY ?? ''
const BLOCK_BYTES = 4096

const folder = fs.mkdtempSync(path.join(diskTempFolder(), 'flushpoint-peers-'))
const file = path.join(folder, 'bench.img')
/** The most memory a run of ours had resident, in MiB. */
let residentMiB = 0
/** How ours reached the kernel last. */
let backend = ''

async function ours(flags) {
  const args = [
    BIN,
    'bench',
    file,
    '--bs',
    '4k',
    '--norandommap',
    '--rounds',
    '1',
    '--ramp-time',
    '300ms',
    '--runtime',
    `${SECONDS}s`,
  ]
  const child = spawn(process.execPath, [...args, '--allow-write', '--json', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (chunk) => (text += chunk))
  const watch = setInterval(() => {
    try {
      const peak = /VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]
      residentMiB = Math.max(residentMiB, Number(peak ?? 0) / 1024)
    } catch {
      // It has ended.
    }
  }, 100)
  await once(child, 'close')
  clearInterval(watch)
  const document = JSON.parse(text)
  const {read, write} = document.jobs[0]
  backend = document.flushpoint.cells[0].backend
  return read.iops + write.iops
}

function fio(flags) {
  const args = ['--name=peer', `--filename=${file}`, `--size=${SIZE}`, '--bs=4k', '--norandommap', '--invalidate=0']
  args.push('--time_based', `--runtime=${SECONDS}`, '--thread=0', '--output-format=json', ...flags)
  const out = execFileSync('fio', args, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']})
  const {read, write} = JSON.parse(out.slice(out.indexOf('{'))).jobs[0]
  return read.iops + write.iops
}

/** It counts requests, not time: a short run tells how many take as long as the others do. */
function qemu(flags) {
  const rate = qemuRate(flags, 5000)
  return qemuRate(flags, Math.max(5000, Math.round(rate * SECONDS)))
}

function qemuRate(flags, count) {
  const args = ['bench', '-f', 'raw', '-i', 'io_uring', '-s', String(BLOCK_BYTES), '-c', String(count), ...flags, file]
  const out = execFileSync('qemu-img', args, {encoding: 'utf8'})
  return count / Number(/Run completed in ([\d.]+) seconds/.exec(out)[1])
}

/** Reads and writes of qemu-img lie one behind the other unless they step: so far that all blocks have their turn, none near the last. */
const STEP = ['-S', String(BLOCK_BYTES * 104_729)]
const FIXED = ['--ioengine=io_uring', '--fixedbufs=1', '--registerfiles=1']
const BATCHED = ['--iodepth_batch_submit=16', '--iodepth_batch_complete_min=1', '--iodepth_batch_complete_max=32']
const deep = (engine) => [...engine, '--iodepth=32']

/** What ours does, what each peer does for it, and the ratios to reach: to the best fio and to qemu-img. */
const WORKLOADS = [
  {
    name: 'cached randread, depth 32',
    flags: ['--rw', 'randread', '--iodepth', '32'],
    fios: [
      ['--rw=randread', ...deep(FIXED), ...BATCHED],
      ['--rw=randread', '--ioengine=io_uring', '--iodepth=32'],
    ],
    qemu: ['-t', 'writeback', '-d', '32', ...STEP],
    targets: {fio: 1, qemu: 2},
  },
  {
    name: 'cached randread, depth 1',
    flags: ['--rw', 'randread'],
    fios: [
      ['--rw=randread', '--ioengine=psync'],
      ['--rw=randread', ...FIXED],
    ],
    targets: {fio: 1},
  },
  ...[1, 32].map((depth) => ({
    name: `cached randwrite, depth ${depth}`,
    flags: ['--rw', 'randwrite', '--iodepth', String(depth)],
    fios: [
      ['--rw=randwrite', '--ioengine=psync'],
      ['--rw=randwrite', ...FIXED, `--iodepth=${depth}`],
    ],
    qemu: ['-w', '-t', 'writeback', '-d', String(depth), ...STEP],
    targets: {fio: 1, qemu: 1.2},
  })),
  ...['randread', 'randwrite'].flatMap((rw) =>
    [1, 32].map((depth) => ({
      name: `none, ${rw}, depth ${depth}`,
      flags: ['--rw', rw, '--iodepth', String(depth), '--cache', 'none'],
      fios: [[`--rw=${rw}`, '--ioengine=io_uring', '--direct=1', `--iodepth=${depth}`]],
      targets: {fio: 0.97},
    })),
  ),
  {
    name: 'writethrough randwrite, depth 1',
    flags: ['--rw', 'randwrite', '--cache', 'writethrough'],
    fios: [['--rw=randwrite', '--ioengine=psync', '--sync=dsync']],
    targets: {fio: 0.97},
  },
  {
    name: 'writeback randwrite, flush every 1, depth 1',
    flags: ['--rw', 'randwrite', '--flush-every', '1'],
    fios: [['--rw=randwrite', '--ioengine=psync', '--fdatasync=1']],
    targets: {fio: 0.97},
  },
]

const sorted = (values) => values.toSorted((a, b) => a - b)
const median = (values) => sorted(values)[values.length >> 1]

function show(name, ratios, target) {
  const all = sorted(ratios).map((ratio) => ratio.toFixed(2))
  const verdict = median(ratios) >= target ? 'reached' : 'MISSED'
  console.log(`  ${name}: median ${median(ratios).toFixed(2)}, ${verdict} ${target} (${all.join(' ')})`)
}

async function compare({name, flags, fios, qemu: qemuFlags, targets}) {
  const toFio = []
  const toQemu = []
  for (let round = 0; round < ROUNDS; round++) {
    const rates = {ours: 0, fio: 0, qemu: 0}
    const turns = [
      async () => (rates.ours = await ours(flags)),
      ...fios.map((one) => async () => (rates.fio = Math.max(rates.fio, fio(one)))),
      ...(qemuFlags ? [async () => (rates.qemu = qemu(qemuFlags))] : []),
    ]
    const first = round % turns.length
    for (const turn of [...turns.slice(first), ...turns.slice(0, first)]) await turn()
    toFio.push(rates.ours / rates.fio)
    if (qemuFlags) toQemu.push(rates.ours / rates.qemu)
    const peers = `fio ${Math.round(rates.fio)}${qemuFlags ? `, qemu-img ${Math.round(rates.qemu)}` : ''}`
    console.log(`  ${name}, round ${round + 1}: flushpoint ${Math.round(rates.ours)}, ${peers} requests a second`)
  }
  console.log(`${name} (${backend})`)
  show('to fio', toFio, targets.fio)
  if (qemuFlags) show('to qemu-img bench', toQemu, targets.qemu)
}

/** What it costs to record a trace. */
async function compareRecording() {
  const ratios = []
  const trace = path.join(folder, 'bench.trace')
  for (let round = 0; round < ROUNDS; round++) {
    const rates = {}
    const turns = [
      async () => (rates.with = await ours(['--rw', 'randread', '--iodepth', '32', '--record', trace])),
      async () => (rates.without = await ours(['--rw', 'randread', '--iodepth', '32'])),
    ]
    for (const turn of round % 2 === 0 ? turns : turns.toReversed()) await turn()
    ratios.push(rates.with / rates.without)
  }
  console.log('cached randread, depth 32, recording a trace')
  show('to the same without', ratios, 0.5)
}

try {
  execFileSync(
    'fio',
    ['--name=layout', `--filename=${file}`, `--size=${SIZE}`, '--rw=write', '--bs=1m', '--end_fsync=1'],
    {
      stdio: 'ignore',
      cwd: folder,
    },
  )
  for (const workload of WORKLOADS) if (workload.name.includes(ONLY)) await compare(workload)
  if ('recording'.includes(ONLY)) await compareRecording()
  residentMiB = 0
  await ours(['--rw', 'randread', '--iodepth', '128'])
  console.log(`resident at depth 128: ${Math.round(residentMiB)} MiB, ${residentMiB <= 150 ? 'reached' : 'MISSED'} 150`)
} finally {
  fs.rmSync(folder, {recursive: true, force: true})
}
