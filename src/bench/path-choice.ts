import {availableParallelism} from 'node:os'

import type {InlineSteps, RingManner} from '../aio/index.js'
import type {Cell} from './cell.js'
import {runJob, type JobSetup} from './job-setup.js'

/** How steps reach the kernel in one cell, and why. */
export interface PathChoice {
  readonly inline: InlineSteps | undefined
  readonly ring: RingManner | undefined
  /** As a clause. */
  readonly why: string
}

/** One way for steps to reach the kernel. */
export interface Way {
  readonly inline: InlineSteps | undefined
  readonly ring: RingManner | undefined
  /** "through the ring" */
  readonly name: string
}

/** A way, and the requests a second that were measured with it. */
export interface TriedWay {
  readonly way: Way
  readonly rate: number
}

/**
 * Each way is tried so often, in turn, for so long. The best try counts: what else runs on the machine makes a try slower and none
 * faster.
 */
const TRIES = 8
const TRY_NS = 8e6
/** What transfers less is over before it is known which way is faster. */
const WORTH_BYTES = 64 << 20

/** Less than this may be the noise of the machine. One request at a time then takes the way that does less. */
const TIE = 1.1

/**
 * Chooses how steps reach the kernel, for a cell that may use io_uring: by trying every way that makes sense on the image, with the
 * requests of the workload less its flushes. Data in the page cache may be transferred by plain system calls on the same thread.
 * Through O_DIRECT with several in flight only the ring overlaps transfers, all that is ready together or each by itself: what is
 * better depends on the device. One request at a time through O_DIRECT spends its time waiting, which may be shorter if nobody
 * sleeps. A sync is a plain call wherever nothing else is in flight beside it. Each job is tried by itself.
 *
 * @param jobs that run side by side: two processors are busy for each that is polled
 */
export async function choosePath(cell: Cell, setup: JobSetup, jobs: number, signal: AbortSignal): Promise<PathChoice> {
  const {workload, mode, submit} = cell
  const ways = waysOf(cell)
  const plain = {...ways.ring, inline: undefined}
  if (cell.aio !== 'auto' && cell.aio !== 'uring') return chosen(plain)
  if (submit !== 'auto') return chosen(submit === 'ring' ? plain : ways[submit])
  const alone = workload.iodepth === 1
  if (setup.region.totalBytes < WORTH_BYTES) {
    if (mode.direct) return chosen(ways.ring)
    return chosen(ways.inline, '; too little to transfer to measure which is faster')
  }
  const tried = await tryAll(candidates(cell, ways, jobs), setup, signal)
  return fastestWay(tried, alone ? TIE : 1)
}

function chosen({inline, ring, name}: Way, more = ''): PathChoice {
  return {inline, ring, why: `${name}${more}`}
}

interface Ways {
  readonly ring: Way
  readonly oneByOne: Way
  readonly poll: Way
  readonly inline: Way
}

function waysOf({workload, mode}: Cell): Ways {
  const alone = workload.iodepth === 1
  const sync = alone || workload.flushDrain || workload.pattern !== undefined
  const inline = sync ? {reads: false, writes: false, waits: false, sync} : undefined
  return {
    ring: {inline, ring: undefined, name: 'through the ring'},
    oneByOne: {inline, ring: {polled: false, batch: 1}, name: 'through the ring, one by one'},
    poll: {inline, ring: {polled: true}, name: 'through a polled ring'},
    inline: {
      inline: {reads: true, writes: true, waits: alone || mode.direct, sync},
      ring: undefined,
      name: 'as plain system calls',
    },
  }
}

/** The ways that may be the fastest; those that take less processor time first. */
function candidates({workload, mode}: Cell, {ring, oneByOne, poll, inline}: Ways, jobs: number): Way[] {
  if (!mode.direct) return [inline, ring]
  if (workload.iodepth > 1) return [ring, oneByOne]
  const spare = jobs === 1 && availableParallelism() > 1
  return spare ? [inline, ring, poll] : [inline, ring]
}

/** Forwards and backwards by turns, so that a machine that grows slower favours none. */
async function tryAll(ways: readonly Way[], setup: JobSetup, signal: AbortSignal): Promise<TriedWay[]> {
  const best = new Map(ways.map((way) => [way, 0]))
  for (let i = 0; i < TRIES; i++) {
    for (const way of i % 2 === 0 ? ways : ways.toReversed()) {
      if (signal.aborted) break
      best.set(way, Math.max(best.get(way) ?? 0, await rateOf({...setup, ...way}, signal)))
    }
  }
  return [...best].map(([way, rate]) => ({way, rate}))
}

/**
 * The way that is the fastest, or the first that is slower by less than `tie`, with the figures in its reason.
 *
 * @param tried those that take less processor time first
 */
export function fastestWay(tried: readonly TriedWay[], tie: number): PathChoice {
  const top = Math.max(...tried.map(({rate}) => rate))
  const taken = tried.find(({rate}) => rate === top || top < rate * tie)
  if (taken === undefined) throw new RangeError('there is no way to choose from')
  const others = tried.filter((one) => one !== taken)
  const ratios = others.map(({way, rate}) => `${ratioText(taken.rate, rate)} x ${short(way)}`)
  const lesser = others.some(({rate}) => rate > taken.rate) ? ', with less processor time' : ''
  return chosen(taken.way, ratios.length === 0 ? '' : `, measured ${ratios.join(' and ')}${lesser}`)
}

/** What did nothing in its time counts as one a second. */
function ratioText(rate: number, other: number): string {
  return (Math.max(1, rate) / Math.max(1, other)).toFixed(2)
}

/** "through the ring" -> "the ring" */
function short({name}: Way): string {
  return name.replace(/^(through|as) /, '')
}

async function rateOf(setup: JobSetup, signal: AbortSignal): Promise<number> {
  const plain = {flushEvery: 0, fuaEvery: 0, barrierEvery: 0, fsyncOnClose: false, pattern: undefined}
  const rw = setup.workload.pattern === undefined ? setup.workload.rw : 'randwrite'
  const workload = {...setup.workload, ...plain, rw, rampNs: 0, runtimeNs: TRY_NS, verify: false} as const
  const region = {...setup.region, totalBytes: Number.POSITIVE_INFINITY}
  const hooks = {signal, beforeMeasuring: async () => {}, progress: () => {}}
  const job = await runJob({...setup, workload, region, stream: undefined, paced: false}, hooks)
  const {read, write, runtimeNs, backend} = job
  // A kernel may refuse a ring of this manner, and another backend took its place.
  if (setup.ring !== undefined && !backend.startsWith('uring')) return 0
  return (read.requests + write.requests) / (runtimeNs / 1e9)
}
