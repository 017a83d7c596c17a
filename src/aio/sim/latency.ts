import type {Prng} from '../../base/index.js'
import {
  STEP_NONE,
  STEP_PUNCH,
  STEP_READ,
  STEP_SYNC,
  STEP_SYNC_ALL,
  STEP_WRITE,
  STEP_ZERO,
  type StepOp,
} from '../../request/index.js'

/** What a step costs depends on more than its range. */
export interface LatencyFacts {
  readonly direct: boolean
  readonly dsync: boolean
  /** What a sync would have to move. */
  readonly volatileBytes: number
}

const PAGE_CACHE_NS = 1_000
const PAGE_CACHE_NS_PER_BYTE = 0.1
const DRIVE_NS = 80_000
const DRIVE_NS_PER_BYTE = 0.5
const FLUSH_NS = 400_000
const METADATA_NS = 5_000
const JITTER = 0.3

/**
 * Nanoseconds of simulated time for one step. A plain model with round numbers of a consumer SSD: it makes steps overtake
 * each other and makes modes cost what they cost relative to each other; it is not a benchmark.
 *
 *     page cache   1 us + bytes at 10 GB/s          drive   80 us + bytes at 2 GB/s
 *     dsync        the write + 400 us               sync    400 us + volatile bytes at 2 GB/s
 *     ZERO, PUNCH  5 us                             all     +-30 %, from the seed
 */
export function latencyNs(op: StepOp, lengthBytes: number, facts: LatencyFacts, prng: Prng): number {
  const jitter = 1 - JITTER + (2 * JITTER * prng.below(1000)) / 1000
  return Math.max(1, Math.round(plainNs(op, lengthBytes, facts) * jitter))
}

function plainNs(op: StepOp, lengthBytes: number, facts: LatencyFacts): number {
  const transferNs = facts.direct
    ? DRIVE_NS + lengthBytes * DRIVE_NS_PER_BYTE
    : PAGE_CACHE_NS + lengthBytes * PAGE_CACHE_NS_PER_BYTE
  switch (op) {
    case STEP_NONE:
      return 0
    case STEP_READ:
      return transferNs
    case STEP_WRITE:
      return facts.dsync ? transferNs + FLUSH_NS : transferNs
    case STEP_ZERO:
    case STEP_PUNCH:
      return METADATA_NS
    case STEP_SYNC:
    case STEP_SYNC_ALL:
      return FLUSH_NS + facts.volatileBytes * DRIVE_NS_PER_BYTE
  }
}
