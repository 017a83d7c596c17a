import {DISK_MODELS, type DiskModel} from '../../src/aio/index.js'
import {cellsOf, runBench, type BenchWords, type FinishedBench} from '../../src/bench/index.js'
import type {RoundResult} from '../../src/bench/result.js'

/**
 * Round numbers: 4096 bytes take 1000 ns on the cable and 100,000 ns at the medium, a command 10,000 ns, its answer 5,000 ns, a flush
 * 100,000 ns beside what it destages.
 */
const PLAIN_DRIVE: DiskModel = {
  ...(DISK_MODELS[0] as DiskModel),
  name: 'plain',
  channels: 1,
  scheduling: 'fifo',
  roundTripNs: 5_000,
  commandNs: 10_000,
  trackToTrackNs: 0,
  fullStrokeNs: 0,
  rotationNs: 0,
  mediumBytesPerSecond: 40.96e6,
  interfaceBytesPerSecond: 4096e6,
  flushNs: 100_000,
}
/** One at a time: cable, command, answer. */
export const WRITE_NS = 1_000 + 10_000 + 5_000
/** Command, one dirty block to the medium, the flush, answer. */
export const FLUSH_NS = 10_000 + 100_000 + 100_000 + 5_000

/** Runs the cells of some words, on a simulated disk of a MiB unless told otherwise. */
export function measure(words: BenchWords, more: Partial<Parameters<typeof runBench>[0]> = {}): Promise<FinishedBench> {
  return runBench({
    path: 'simulated.img',
    turns: cellsOf({aio: 'sim', cache: 'none', rw: 'randwrite', ...words}).map((cell) => [cell]),
    rounds: 1,
    createBytes: 1 << 20,
    preallocate: false,
    diskModel: PLAIN_DRIVE,
    stream: undefined,
    timed: false,
    signal: new AbortController().signal,
    progress: () => {},
    ...more,
  })
}

export const firstRound = ({result}: FinishedBench, cell = 0): RoundResult =>
  result.cells[cell]?.rounds[0] as RoundResult
/** Reads, writes, flushes; flushes wanted and sent. */
export const counts = ({read, write, flush, flushesWanted, flushesSent}: RoundResult): number[] => [
  read.requests,
  write.requests,
  flush.requests,
  flushesWanted,
  flushesSent,
]
