import type {OrderingName} from '../ordering/index.js'

/** How an image is accessed, in fio's words. */
export const ACCESSES = ['read', 'write', 'randread', 'randwrite', 'rw', 'randrw'] as const
export type Access = (typeof ACCESSES)[number]

/** Which blocks a random access takes: all alike, or some far more often than others. */
export type Distribution =
  | {readonly kind: 'random'}
  | {readonly kind: 'zipf'; readonly theta: number}
  | {readonly kind: 'pareto'; readonly h: number}

/** A journal: data writes, a flush, commit writes, each transaction stable before the next begins. */
export interface JournalPattern {
  readonly dataWrites: number
  readonly commitWrites: number
  /** How the commit becomes stable: a flush behind it, or FUA on its last write. */
  readonly commit: 'flush' | 'fua'
}

/** What one job does, once or until its time is up. A value: the same workload with the same seed asks for the same requests. */
export interface Workload {
  readonly rw: Access
  /** Of mixed accesses, so many of a hundred are reads. */
  readonly rwmixread: number
  /** Lengths of requests: multiples of `minBytes` up to `maxBytes`. */
  readonly bs: {readonly minBytes: number; readonly maxBytes: number}
  /** The region it works on; without a size it ends where the image ends. */
  readonly offsetBytes: number
  readonly sizeBytes: number | undefined
  /** Bytes to transfer; undefined is the region, `loops` times, or without end where there is a runtime. */
  readonly ioSizeBytes: number | undefined
  readonly loops: number | undefined
  readonly iodepth: number
  readonly numjobs: number
  readonly runtimeNs: number | undefined
  /** Runs first, as the workload does, and is in no figure. */
  readonly rampNs: number
  readonly randseed: number
  /** Random accesses may take a block twice. Without it each pass takes every block once. */
  readonly norandommap: boolean
  readonly distribution: Distribution
  /** A job stands still so long after each completion. */
  readonly thinktimeNs: number
  /** Requests a second and job, at most. */
  readonly rateIops: number | undefined
  /** A FLUSH after so many writes; 0 for none. */
  readonly flushEvery: number
  /** Nothing is in flight beside a FLUSH: it covers every write before it. */
  readonly flushDrain: boolean
  /** Every so many writes carry FUA; 0 for none. */
  readonly fuaEvery: number
  /** Every so many writes are barriers, executed as `ordering` says; 0 for none. */
  readonly barrierEvery: number
  readonly ordering: OrderingName
  /** A FLUSH at the end. */
  readonly fsyncOnClose: boolean
  readonly pattern: JournalPattern | undefined
  /** Writes carry blocks that can be checked, and are read back at the end. */
  readonly verify: boolean
}

/** What a workload is when nothing is said about it. */
export const PLAIN_WORKLOAD: Workload = {
  rw: 'randread',
  rwmixread: 50,
  bs: {minBytes: 4096, maxBytes: 4096},
  offsetBytes: 0,
  sizeBytes: undefined,
  ioSizeBytes: undefined,
  loops: undefined,
  iodepth: 1,
  numjobs: 1,
  runtimeNs: undefined,
  rampNs: 0,
  randseed: 1,
  norandommap: false,
  distribution: {kind: 'random'},
  thinktimeNs: 0,
  rateIops: undefined,
  flushEvery: 0,
  flushDrain: true,
  fuaEvery: 0,
  barrierEvery: 0,
  ordering: 'drain',
  fsyncOnClose: false,
  pattern: undefined,
  verify: false,
}

/** Whether it changes the image. */
export function writes({rw, pattern}: Pick<Workload, 'rw' | 'pattern'>): boolean {
  return pattern !== undefined || (rw !== 'read' && rw !== 'randread')
}

/** Whether blocks are taken in no order. */
export function isRandom(rw: Access): boolean {
  return rw === 'randread' || rw === 'randwrite' || rw === 'randrw'
}

/** Whether one workload reads and writes. */
export function isMixed(rw: Access): boolean {
  return rw === 'rw' || rw === 'randrw'
}
