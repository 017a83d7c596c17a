#!/usr/bin/env node
// Crash exploration with in-process checks, on one core. Prints explored states a second for a recovery that reads a few sectors of
// a 64-request trace, how many runs cover 2^1000 images, and how long a two-slot log takes to be judged; then the rate
// of a command as check against that of the bare command. Nothing here is timed
// by a test: compare figures of one machine with each other.
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {rooms} from './rooms.js'

const [{CrashModel, explore}, {exploreWithCommand}] = await rooms('crash/index.ts', 'crash-run/index.ts')

const SIZE_BYTES = 1 << 20
const REPEATS = Number(process.env.REPEATS ?? 15)

/** Writes of one sector each, all completed, with a flush after every so many. */
function traceOf(requests, sectorOf, flushEvery) {
  const events = []
  for (let id = 1; id <= requests; id++) {
    const isFlush = id % flushEvery === 0
    const range = isFlush ? {offsetBytes: 0, lengthBytes: 0} : {offsetBytes: sectorOf(id) * 512, lengthBytes: 512}
    const event = {kind: 'submit', id, type: isFlush ? 4 : 1, flags: 0, ...range, atNs: 0}
    events.push(isFlush ? {event} : {event, data: new Uint8Array(512).fill(id % 251)})
    events.push({event: {kind: 'start', id, held: false, fresh: [], atNs: 0}})
    events.push({event: {kind: 'complete', id, status: 0, errno: 0, stable: false, ignored: false, atNs: 0}})
  }
  const header = {sizeBytes: SIZE_BYTES, mode: 'writeback', ordering: 'drain', source: 'bench', knownBefore: 'whole'}
  return {header, before: [], events}
}

/** A recovery that follows what it reads: a header, the slot it names, and up to two more sectors. */
function recovery({read}) {
  const header = read(0, 512)
  const slot = 1 + (header[0] % 3)
  const found = read(slot * 512, 512)
  if (found[0] % 2 === 0) return
  const next = read((1 + (found[1] % 3)) * 512, 512)
  if (next[2] % 3 !== 0) read(4 * 512, 512)
}

function figure(name, trace, check) {
  const rates = []
  let last
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const start = performance.now()
    last = explore(new CrashModel(trace), check)
    rates.push(last.states / ((performance.now() - start) / 1000))
  }
  rates.sort((a, b) => a - b)
  const {states, runs, crashPoints, complete} = last
  const median = Math.round(rates[rates.length >> 1])
  console.log(
    `${name}: ${states} states at ${crashPoints} crash points in ${runs} runs of the check, ` +
      `${complete ? 'complete' : 'NOT COMPLETE'}; ${median.toLocaleString('en')} states a second (median of ${REPEATS})`,
  )
}

const few = (id) => (id * 7) % 5
figure('64 requests on 5 sectors, one flush at the end', traceOf(64, few, 64), recovery)
figure('64 requests on 5 sectors, a flush after 7 writes', traceOf(64, few, 8), recovery)
const distinct = (trace) => ({
  ...trace,
  events: trace.events.map(({event, data}) =>
    data ? {event, data: data.map((_, i) => (event.id * (i + 3)) & 255)} : {event},
  ),
})
figure(
  'every state another run: 4 sectors of 15 contents each',
  distinct(traceOf(64, (id) => id % 4, 65)),
  ({read}) => {
    for (let sector = 0; sector < 4; sector++) read(sector * 512, 512)
  },
)
figure(
  '2^1000 images, 6 sectors read',
  traceOf(1000, (id) => id, 1001),
  ({read}) => {
    for (let i = 1; i <= 6; i++) read(i * 100 * 512, 512)
  },
)

/** The two-slot log with one sync a commit: record, FLUSH, then both values in place. Replays the newest valid slot. */
function twoSlotTrace(commits) {
  const events = []
  let id = 0
  const request = (type, sector, values) => {
    const data = type === 1 ? new Uint8Array(512) : undefined
    values?.forEach((value, i) => new DataView(data.buffer).setUint32(i * 4, value))
    const range = data ? {offsetBytes: sector * 512, lengthBytes: 512} : {offsetBytes: 0, lengthBytes: 0}
    const event = {kind: 'submit', id: ++id, type, flags: 0, ...range, atNs: 0}
    events.push(data ? {event, data} : {event})
    events.push({event: {kind: 'start', id, held: false, fresh: [], atNs: 0}})
    events.push({event: {kind: 'complete', id, status: 0, errno: 0, stable: false, ignored: false, atNs: 0}})
  }
  for (let n = 1; n <= commits; n++) {
    request(1, n % 2, [n, n % 2])
    request(4)
    events.push({event: {kind: 'mark', name: `commit ${n}`, line: n, atNs: 0}})
    request(1, 4, [n])
    if (n % 2 === 1) request(1, 5, [n])
  }
  const header = {sizeBytes: SIZE_BYTES, mode: 'writeback', ordering: 'drain', source: 'bench', knownBefore: 'whole'}
  return {header, before: [], events}
}

function twoSlotCheck({read, fail}) {
  const word = (bytes, i) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(i * 4)
  const newest = [read(0, 512), read(512, 512)].sort((a, b) => word(a, 0) - word(b, 0))[1]
  const n = word(newest, 0)
  const b = word(newest, 1) === 1 ? n : word(read(5 * 512, 512), 0)
  if (b !== (n % 2 === 1 ? n : n - 1) && n > 0) fail(`A=${n}, B=${b}`)
}

figure('two-slot log, 12 commits, newest slot only', twoSlotTrace(12), twoSlotCheck)
console.log(`resident at the end: ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`)

/** How many commands a second end when each is waited for before the next is started. */
async function bareRate(file, args, count) {
  const start = performance.now()
  for (let i = 0; i < count; i++) {
    const child = spawn(file, args, {stdio: ['ignore', 'pipe', 'pipe']})
    child.stdout.resume()
    child.stderr.resume()
    await once(child, 'close')
  }
  return count / ((performance.now() - start) / 1000)
}

async function commandFigure(file) {
  const trace = traceOf(9, (id) => id, 65)
  const [bare, checked] = [[], []]
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    bare.push(await bareRate(file, [], 500))
    const start = performance.now()
    const {runs} = await exploreWithCommand(new CrashModel(trace), {check: [file]})
    checked.push(runs / ((performance.now() - start) / 1000))
  }
  const [one, other] = [bare, checked].map((rates) => rates.toSorted((a, b) => a - b)[rates.length >> 1])
  console.log(
    `${file} as check: ${Math.round(other)} images a second, ${(other / one).toFixed(2)} of the bare command's ` +
      `${Math.round(one)} (medians of ${REPEATS})`,
  )
}

await commandFigure('/bin/true')
