import type {AioChoice, InlineSteps, RingManner} from '../aio/index.js'
import type {JobResult} from './job.js'
import {Histogram} from '../base/index.js'
import type {Region} from './request-stream.js'
import {Tally} from './tally.js'
import type {Workload} from './workload.js'

/** What a worker thread is started with: plain values, and descriptors of this process. */
export interface WorkerSetup {
  readonly fd: number
  readonly dsyncFd: number
  readonly startBytes: number | undefined
  readonly sizeBytes: number
  readonly readOnly: boolean
  readonly alignmentBytes: number
  readonly soleWriter: boolean
  readonly mode: string
  readonly ordering: string
  readonly aio: AioChoice
  readonly inline: InlineSteps | undefined
  readonly ring: RingManner | undefined
  readonly workload: Workload
  readonly region: Region
  readonly job: number
  readonly paced: boolean
}

type PackedTally = Omit<Tally, 'latency' | 'ended' | 'merge'> & {readonly latency: unknown}

/** The result of a job on its way between threads. */
export type PackedResult = Omit<JobResult, 'read' | 'write' | 'flush'> &
  Readonly<Record<'read' | 'write' | 'flush', PackedTally>> & {
    readonly backend: string
    /** The bits of the units that were written. */
    readonly units: Uint32Array | undefined
  }

/** What a worker says. */
export type FromWorker =
  | {readonly kind: 'ready'}
  | {readonly kind: 'progress'; readonly requests: number; readonly elapsedNs: number}
  | {readonly kind: 'done'; readonly result: PackedResult}
  /** It has ended with an error; what a ToolError is made of. */
  | {
      readonly kind: 'failed'
      readonly error: {
        readonly kind: string
        readonly code: string
        readonly message: string
        readonly hint: string | undefined
      }
    }

/** What a worker is told: to measure, or to stop. */
export type ToWorker = 'go' | 'stop'

export function packResult(result: JobResult, backend: string, units: Uint32Array | undefined): PackedResult {
  const pack = ({requests, bytes, errors, latency}: JobResult['read']): PackedTally => ({
    requests,
    bytes,
    errors,
    latency: latency.toJSON(),
  })
  return {...result, read: pack(result.read), write: pack(result.write), flush: pack(result.flush), backend, units}
}

export function unpackResult(packed: PackedResult): JobResult {
  const unpack = ({requests, bytes, errors, latency}: PackedTally): Tally => {
    const tally = new Tally()
    tally.merge({
      requests,
      bytes,
      errors,
      latency: Histogram.fromJSON(latency as Parameters<typeof Histogram.fromJSON>[0]),
    })
    return tally
  }
  return {...packed, read: unpack(packed.read), write: unpack(packed.write), flush: unpack(packed.flush)}
}
