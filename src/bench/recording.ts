import {alignedBytes} from '../aio/index.js'
import {recordTo} from '../archive/index.js'
import {ToolError} from '../base/index.js'
import type {CacheMode} from '../cache-mode/index.js'
import type {OrderingMode} from '../ordering/index.js'
import type {Observer} from '../trace/index.js'
import type {Region} from './request-stream.js'
import type {Stage} from './stage.js'
import {writes, type Workload} from './workload.js'

/** The trace of one round on its way to a file. */
export interface Recording {
  readonly observe: Observer
  /** What the next write that is submitted carries. */
  readonly offer: (bytes: Uint8Array) => void
  /** Puts the trace under its name. */
  readonly close: () => void
  /** Forgets it. Does nothing after close(). */
  readonly discard: () => void
}

/** A trace keeps what an image held wherever a workload may write: this much, at most. */
const BEFORE_MAX_BYTES = 2 ** 36
const PIECE_BYTES = 1 << 20

/**
 * Begins to record a round: first what the region holds, where the workload writes, then every event, with the data of each write.
 *
 * @throws ToolError: usage where that is too much, environment or io where the file cannot be made
 */
export function startRecording(
  name: string,
  {
    stage,
    mode,
    ordering,
    workload,
    region,
  }: {
    readonly stage: Stage
    readonly mode: CacheMode
    readonly ordering: OrderingMode
    readonly workload: Workload
    readonly region: Region
  },
): Recording {
  const keeps = writes(workload)
  if (keeps && region.sizeBytes > BEFORE_MAX_BYTES) {
    throw new ToolError(
      'usage',
      'E_TRACE_SIZE',
      `--record keeps what ${region.sizeBytes} bytes of the image held before`,
      {
        hint: 'Work on less of it: --size 1G.',
      },
    )
  }
  const {sizeBytes} = stage
  const {recorder, file} = recordTo(name, {
    version: 1,
    sizeBytes,
    mode: mode.name,
    ordering: ordering.name,
    source: 'flushpoint bench',
  })
  try {
    for (let done = 0; keeps && done < region.sizeBytes; done += PIECE_BYTES) {
      const piece = alignedBytes(Math.min(PIECE_BYTES, region.sizeBytes - done)) // the image may be open with O_DIRECT
      stage.target.read(region.offsetBytes + done, piece)
      recorder.before(region.offsetBytes + done, piece)
    }
  } catch (error) {
    file.discard()
    throw error
  }
  let data: Uint8Array | undefined
  return {
    observe(event) {
      const isWrite = event.kind === 'submit' && event.plan?.kind.writes === true && event.plan.kind.operands === 'data'
      recorder.event(event, isWrite ? data : undefined)
    },
    offer(bytes) {
      data = bytes
    },
    close: () => file.commit(),
    discard: () => file.discard(),
  }
}
