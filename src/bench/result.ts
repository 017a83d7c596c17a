import type {DiskCounters} from '../image/index.js'
import type {Histogram} from '../base/index.js'

/** What was asked for in one cell of the matrix: one value of each flag that has a list. */
export interface CellSettings {
  /** Short and unique in a report, as `writeback, flush every 8`; made of what differs between cells. */
  readonly name: string
  readonly mode: string
  readonly aio: string
  /** In fio's words: rw, bs, iodepth, ... as they were understood, for `job options` of the report. */
  readonly options: Readonly<Record<string, string>>
}

/** What a disk has done. */
export type DiskWork = DiskCounters & {readonly name: string}

/** What one kind of request did in one round. */
export interface DirectionResult {
  readonly requests: number
  readonly bytes: number
  readonly errors: number
  /** Nanoseconds from submission to completion. */
  readonly latency: Histogram
}

/** One run of one cell. Ramp time is in none of the figures. */
export interface RoundResult {
  /** From 0. */
  readonly round: number
  readonly runtimeNs: number
  /** Of the longest of the jobs that ran side by side: `cpu`, `usage` and `device` are of all that time. */
  readonly turnNs: number
  readonly read: DirectionResult
  readonly write: DirectionResult
  readonly flush: DirectionResult
  /** What the workload asked to be made stable (FLUSH, and FUA or barriers that come to a flush), and the host syncs issued for it. */
  readonly flushesWanted: number
  readonly flushesSent: number
  readonly cpu: {readonly userNs: number; readonly systemNs: number}
  /** What else the process has cost meanwhile. */
  readonly usage: {readonly contextSwitches: number; readonly majorFaults: number; readonly minorFaults: number}
  /** How many requests were given when so many were in flight, themselves among them: from 1 on, 0 is never. */
  readonly depths: readonly number[]
  /** How often so many requests were given before the backend was asked again, and how often so many had ended then: from 1 on. */
  readonly submits: readonly number[]
  readonly completes: readonly number[]
  /** What the disk below counted meanwhile, for everybody on it; undefined where it cannot be read. */
  readonly device: DiskWork | undefined
  /** Of the first request that failed; 0 when none did, or the device refused it. */
  readonly errno: number
  /** Set when the round ended before its time, and why. */
  readonly cutBy: 'signal' | 'error' | undefined
}

export interface CellResult {
  readonly settings: CellSettings
  /** From 0. Cells of the same turn ran side by side: processor, disk and context switches are what all of them cost together. */
  readonly turn: number
  /** What the backend turned out to be, with its reason, as a run reports it. */
  readonly backend: string
  readonly rounds: readonly RoundResult[]
  readonly notes: readonly string[]
}

/** Everything a bench measured. Figures of `--aio sim` are in simulated time, and the same every time. */
export interface BenchResult {
  readonly image: string
  readonly sizeBytes: number
  readonly allocation: 'preallocated' | 'sparse' | 'block device'
  readonly simulated: boolean
  readonly cells: readonly CellResult[]
  /** Rounds asked for; fewer are in the cells when it was cut short. */
  readonly rounds: number
  readonly complete: boolean
  readonly notes: readonly string[]
}
