import type {InlineSteps} from '../aio/index.js'
import type {Cell} from './cell.js'
import {runJob, type JobSetup} from './job-setup.js'

/** How steps reach the kernel in one cell, and why. */
export interface PathChoice {
  readonly inline: InlineSteps | undefined
  /** As a clause. */
  readonly why: string
}

/**
 * Each way is tried so often, in turn, for so long. The best try counts: what else runs on the machine makes a try slower and none
 * faster.
 */
const TRIES = 8
const TRY_NS = 8e6
/** What transfers less is over before it is known which way is faster. */
const WORTH_BYTES = 64 << 20

/** Less than this may be the noise of the machine. One request at a time is then a plain call, which does less. */
const TIE = 1.1

const RING: PathChoice = {inline: undefined, why: 'through the ring'}

/**
 * Chooses between io_uring and plain system calls on the same thread, for a cell that may use either: by trying both on the image,
 * with the requests of the workload less its flushes. Through O_DIRECT with several in flight only the ring overlaps transfers, and
 * nothing is tried. A sync is a plain call wherever nothing else is in flight beside it.
 */
export async function choosePath(cell: Cell, setup: JobSetup, signal: AbortSignal): Promise<PathChoice> {
  const {workload, mode, submit} = cell
  if (submit === 'ring' || (cell.aio !== 'auto' && cell.aio !== 'uring')) return RING
  const alone = workload.iodepth === 1
  const sync = alone || workload.flushDrain || workload.pattern !== undefined
  const inline = {data: true, waits: alone || mode.direct, sync}
  if (submit === 'inline') return {inline, why: 'as plain system calls'}
  const ring = {inline: sync ? {data: false, waits: false, sync} : undefined, why: 'through the ring'}
  if (mode.direct && !alone) return ring
  if (setup.region.totalBytes < WORTH_BYTES) {
    return mode.direct
      ? ring
      : {inline, why: 'as plain system calls; too little to transfer to measure which is faster'}
  }
  const [byRing, byCall] = [[] as number[], [] as number[]]
  for (let i = 0; i < TRIES * 2 && !signal.aborted; i++) {
    const calls = i % 4 === 1 || i % 4 === 2 // ring, call, call, ring
    ;(calls ? byCall : byRing).push(await rateOf({...setup, inline: calls ? inline : ring.inline}, signal))
  }
  return fasterPath({byRing: Math.max(0, ...byRing), byCall: Math.max(0, ...byCall), alone, ring, inline})
}

/** What was measured: requests a second by either way. */
interface Measured {
  readonly byRing: number
  readonly byCall: number
  /** One request in flight at a time. */
  readonly alone: boolean
  readonly ring: PathChoice
  readonly inline: InlineSteps
}

/** The way that is faster, with the figure in its reason. */
export function fasterPath({byRing, byCall, alone, ring, inline}: Measured): PathChoice {
  const ratio = (Math.max(byRing, byCall) / Math.max(1, Math.min(byRing, byCall))).toFixed(2)
  if (byCall > byRing) return {inline, why: `as plain system calls, measured ${ratio} x the ring`}
  if (alone && byRing < byCall * TIE) {
    return {inline, why: `as plain system calls; the ring, measured ${ratio} x those, takes more processor time`}
  }
  return {...ring, why: `through the ring, measured ${ratio} x plain system calls`}
}

async function rateOf(setup: JobSetup, signal: AbortSignal): Promise<number> {
  const plain = {flushEvery: 0, fuaEvery: 0, barrierEvery: 0, fsyncOnClose: false, pattern: undefined}
  const rw = setup.workload.pattern === undefined ? setup.workload.rw : 'randwrite'
  const workload = {...setup.workload, ...plain, rw, rampNs: 0, runtimeNs: TRY_NS, verify: false} as const
  const region = {...setup.region, totalBytes: Number.POSITIVE_INFINITY}
  const hooks = {signal, beforeMeasuring: async () => {}, progress: () => {}}
  const {read, write, runtimeNs} = await runJob({...setup, workload, region, stream: undefined, paced: false}, hooks)
  return (read.requests + write.requests) / (runtimeNs / 1e9)
}
