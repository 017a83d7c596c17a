import {Histogram} from '../../src/base/index.js'
import type {BenchResult, CellResult, DirectionResult, DiskWork, RoundResult} from '../../src/bench/result.js'

export const MS = 1e6
export const SECOND = 1e9

/** So many requests of one latency. */
export function requestsOf(requests: number, latencyNs: number, more: Partial<DirectionResult> = {}): DirectionResult {
  const latency = new Histogram()
  for (let i = 0; i < requests; i++) latency.record(latencyNs)
  return {requests, bytes: 0, errors: 0, latency, ...more}
}

/** Writes of 4 KiB. */
export function writesOf(requests: number, latencyNs: number): DirectionResult {
  return requestsOf(requests, latencyNs, {bytes: requests * 4096})
}

const NONE = (): DirectionResult => requestsOf(0, 0)

/** What a disk has done: so many writes and flushes, and what is said. */
export function diskWorkOf(writes: number, flushes: number, more: Partial<DiskWork> = {}): DiskWork {
  const none = {reads: 0, readMerges: 0, readMs: 0, writeMerges: 0, writeMs: 0, busyMs: 0, queueMs: 0}
  return {name: 'vda', ...none, writes, flushes, ...more}
}

/** A round of one second in which nothing happened, but for what is said. */
export function roundOf(more: Partial<RoundResult> = {}): RoundResult {
  return {
    round: 0,
    runtimeNs: SECOND,
    turnNs: more.runtimeNs ?? SECOND,
    read: NONE(),
    write: NONE(),
    flush: NONE(),
    flushesWanted: 0,
    flushesSent: 0,
    cpu: {userNs: 0, systemNs: 0},
    usage: {contextSwitches: 0, majorFaults: 0, minorFaults: 0},
    depths: [],
    submits: [],
    completes: [],
    device: undefined,
    errno: 0,
    cutBy: undefined,
    ...more,
  }
}

/** Rounds of a second, each with so many writes of 4 KiB. */
export function writingRounds(...writes: readonly number[]): RoundResult[] {
  return writes.map((count, round) => roundOf({round, write: writesOf(count, SECOND / count)}))
}

/** Each cell has a turn of its own unless told otherwise. */
let turns = 0

/** A cell named after its mode, at depth 1. */
export function cellOf(
  mode: string,
  rounds: readonly RoundResult[],
  options: Record<string, string> = {},
  more: Partial<CellResult> = {},
): CellResult {
  const words = Object.entries(options).map(([word, value]) => `, ${word} ${value}`)
  return {
    settings: {
      name: `${mode}${words.join('')}`,
      mode,
      aio: 'threads',
      options: {rw: 'randwrite', bs: '4k', iodepth: '1', numjobs: '1', cache: mode, ...options},
    },
    turn: turns++,
    backend: 'threads (asked for)',
    rounds,
    notes: [],
    ...more,
  }
}

export function resultOf(cells: readonly CellResult[], more: Partial<BenchResult> = {}): BenchResult {
  return {
    image: 'disk.img',
    sizeBytes: 64 * 2 ** 20,
    allocation: 'preallocated',
    simulated: false,
    cells,
    rounds: Math.max(0, ...cells.map(({rounds}) => rounds.length)),
    complete: true,
    notes: [],
    ...more,
  }
}
