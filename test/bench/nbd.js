#!/usr/bin/env node
// flushpoint serve nbd beside nbdkit's file plugin and qemu-nbd: unix socket, page-cached images, fio and nbdcopy, interleaved round by
// round, each run by a new server. A run is warmed up for as long as it takes: SECONDS_PER_RUN at least, and as many copies as that needs.
// Prints ratios to nbdkit, those of the first run of a new server too; single figures mean nothing on a shared machine. Then the memory
// a server takes when a client asks for 1000 x 1 MiB and reads nothing, and with 500 idle connections. ROUNDS, SECONDS_PER_RUN, SIZE_MIB
// and ONLY=test,test change it.
import {execFileSync, spawn} from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import {fileURLToPath} from 'node:url'

const ROUNDS = Number(process.env.ROUNDS ?? 7)
const SECONDS = Number(process.env.SECONDS_PER_RUN ?? 1)
const SIZE_BYTES = Number(process.env.SIZE_MIB ?? 1024) * 2 ** 20
const ONLY = process.env.ONLY?.split(',')
const RUN = fileURLToPath(new URL('../../bin/run.js', import.meta.url))

/** Requests in SECONDS. @returns what was done, and how long it took */
const fio = (rw, depth) => (uri) => {
  const args = ['--name=b', '--ioengine=nbd', `--uri=${uri}`, `--rw=${rw}`, '--bs=4k', `--iodepth=${depth}`]
  args.push(`--size=${SIZE_BYTES}`, '--time_based', `--runtime=${SECONDS}`, '--norandommap', '--output-format=json')
  const out = execFileSync('fio', args, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']})
  const [job] = JSON.parse(out.slice(out.indexOf('{'))).jobs
  return {done: (job.read.iops + job.write.iops) * SECONDS, seconds: SECONDS}
}
/** MiB of one copy. */
const nbdcopy = (connections) => (uri) => {
  const start = performance.now()
  execFileSync('nbdcopy', [`--connections=${connections}`, uri, 'null:'])
  return {done: SIZE_BYTES / 2 ** 20, seconds: (performance.now() - start) / 1000}
}

/** Does something again until it has taken SECONDS. @returns how much a second, the first time and in all */
function run(once, uri) {
  const times = []
  do times.push(once(uri))
  while (sum(times, 'seconds') < SECONDS)
  return {first: times[0].done / times[0].seconds, figure: sum(times, 'done') / sum(times, 'seconds')}
}
const sum = (rows, name) => rows.reduce((total, row) => total + row[name], 0)

/** What is measured, and what the ratio to nbdkit is to be at least. */
const TESTS = [
  {name: 'randread-32', once: fio('randread', 32), target: 1.2},
  {name: 'randwrite-32', once: fio('randwrite', 32), target: 1.2},
  {name: 'randread-1', once: fio('randread', 1), target: 1},
  {name: 'randwrite-1', once: fio('randwrite', 1), target: 1},
  {name: 'nbdcopy-4', once: nbdcopy(4), target: 1},
  {name: 'nbdcopy-1', once: nbdcopy(1), target: 1},
].filter(({name}) => !ONLY || ONLY.includes(name))

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flushpoint-bench-'))

/** Every server that takes part: its program and arguments, given its socket and its image. */
const SERVERS = {
  flushpoint: (socket, image) => [process.execPath, RUN, 'serve', 'nbd', image, '--listen', `unix:${socket}`],
  fallback: (socket, image) => [...SERVERS.flushpoint(socket, image), '--aio', 'threads'],
  nbdkit: (socket, image) => ['nbdkit', '-f', '-U', socket, 'file', image],
  'qemu-nbd': (socket, image) => ['qemu-nbd', '-f', 'raw', '-t', '-e', '32', '-k', socket, image],
}

/** To each its own image: what one server does to the page cache of its image is not to help another. */
const imageOf = (name) => path.join(folder, `${name}.img`)

/** Starts a server, has `work` done with its socket, and stops it. */
async function withServer(name, work) {
  const socket = path.join(folder, 'socket')
  fs.rmSync(socket, {force: true})
  const [program, ...args] = SERVERS[name](socket, imageOf(name))
  const child = spawn(program, args, {stdio: 'ignore'})
  try {
    const until = performance.now() + 20_000
    while (!fs.existsSync(socket)) {
      if (performance.now() > until) throw new Error(`${name} does not listen`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return await work(socket, child.pid)
  } finally {
    child.kill('SIGTERM')
    await new Promise((resolve) => child.once('exit', resolve))
  }
}

const cpuTicks = (pid) => {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return Number(fields[11]) + Number(fields[12])
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

async function speed() {
  const figures = Object.fromEntries(TESTS.map(({name}) => [name, []]))
  for (let round = 0; round < ROUNDS; round++) {
    const names = round % 2 === 0 ? Object.keys(SERVERS) : Object.keys(SERVERS).toReversed()
    for (const {name: test, once} of TESTS) {
      const row = {}
      for (const name of names) {
        row[name] = await withServer(name, (socket, pid) => {
          const uri = `nbd+unix:///?socket=${socket}`
          const {first} = run(once, uri)
          const before = cpuTicks(pid)
          const {figure} = run(once, uri)
          return {first, figure, ticks: cpuTicks(pid) - before}
        })
      }
      figures[test].push(row)
      const shown = Object.entries(row).map(
        ([name, {figure, ticks}]) => `${name} ${Math.round(figure)} (${ticks} ticks)`,
      )
      console.log(`round ${round + 1} ${test}: ${shown.join(', ')}`)
    }
  }
  for (const {name: test, target} of TESTS) {
    for (const name of Object.keys(SERVERS).filter((candidate) => candidate !== 'nbdkit')) {
      const ratiosOf = (what) => figures[test].map((row) => row[name][what] / row.nbdkit[what])
      const ratios = ratiosOf('figure')
      const wanted = name === 'flushpoint' ? `; target ${target}` : ''
      const range = `min ${Math.min(...ratios).toFixed(2)}, max ${Math.max(...ratios).toFixed(2)}`
      const first = `first ${median(ratiosOf('first')).toFixed(2)}`
      console.log(`${test}: ${name} ${median(ratios).toFixed(2)} x nbdkit (${range}, ${first}${wanted})`)
    }
  }
}

/** A connection in transmission, by EXPORT_NAME with the empty name. */
function connected(socketPath) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(socketPath)
    let received = 0
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      const before = received
      received += chunk.length
      if (before < 18 && received >= 18) {
        const option = Buffer.alloc(20)
        option.writeUInt32BE(3, 0)
        option.write('IHAVEOPT', 4, 'latin1')
        option.writeUInt32BE(1, 12)
        socket.write(option)
      }
      if (received < 28) return
      socket.removeAllListeners('data')
      socket.pause()
      resolve(socket)
    })
  })
}

const residentMb = (pid) => {
  const line = /VmRSS:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Math.round(Number(line[1]) / 1000)
}

async function memory(name) {
  const stalled = await withServer(name, async (socketPath, pid) => {
    const socket = await connected(socketPath)
    const requests = Buffer.alloc(28 * 1000)
    for (let i = 0; i < 1000; i++) {
      requests.writeUInt32BE(0x25609513, i * 28)
      requests.writeUInt32BE(i, i * 28 + 12)
      requests.writeBigUInt64BE(BigInt((i * 2 ** 20) % SIZE_BYTES), i * 28 + 16)
      requests.writeUInt32BE(2 ** 20, i * 28 + 24)
    }
    socket.write(requests)
    await new Promise((resolve) => setTimeout(resolve, 2000))
    const mb = residentMb(pid)
    socket.destroy()
    return mb
  })
  const idle = await withServer(name, async (socketPath, pid) => {
    const sockets = []
    for (let i = 0; i < 500; i++) sockets.push(await connected(socketPath))
    const mb = residentMb(pid)
    for (const socket of sockets) socket.destroy()
    return mb
  })
  console.log(
    `${name}: ${stalled} MB with a client that does not read (target 100), ${idle} MB with 500 idle (target 150)`,
  )
}

try {
  const chunk = Buffer.alloc(1 << 20, 0xa5)
  for (const name of Object.keys(SERVERS)) {
    const fd = fs.openSync(imageOf(name), 'w')
    for (let i = 0; i < SIZE_BYTES / chunk.length; i++) fs.writeSync(fd, chunk)
    fs.fsyncSync(fd)
    fs.closeSync(fd)
  }
  await speed()
  if (!ONLY) {
    await memory('flushpoint')
    await memory('fallback')
  }
} finally {
  fs.rmSync(folder, {recursive: true, force: true})
}
