import {alignedBytes} from '../aio/index.js'
import {Recording} from '../archive/index.js'
import {ToolError} from '../base/index.js'
import type {CacheMode} from '../cache-mode/index.js'
import type {OrderingMode} from '../ordering/index.js'
import type {Region} from './request-stream.js'
import type {Stage} from './stage.js'
import {writes, type Workload} from './workload.js'

/** What the recording of a round is made of. */
export interface RoundRecordingFacts {
  readonly name: string
  readonly imagePath: string
  readonly stage: Stage
  readonly mode: CacheMode
  readonly ordering: OrderingMode
  readonly workload: Workload
  readonly region: Region
}

/** A trace keeps what an image held wherever a workload may write: this much, at most. */
const BEFORE_MAX_BYTES = 2 ** 36

/**
 * Begins to record a round: what the region holds, where the workload writes, comes first.
 *
 * @throws ToolError: usage where that is too much or the file is the image, environment or io where it cannot be made
 */
export function recordRound(facts: RoundRecordingFacts): Recording {
  const {name, imagePath, stage, mode, ordering, workload, region} = facts
  const keeps = writes(workload)
  if (keeps && region.sizeBytes > BEFORE_MAX_BYTES) {
    const what = `--record keeps what ${region.sizeBytes} bytes of the image held before`
    throw new ToolError('usage', 'E_TRACE_SIZE', what, {hint: 'Work on less of it: --size 1G.'})
  }
  const {sizeBytes} = stage
  let memory: Uint8Array = new Uint8Array(0)
  const names = {mode: mode.name, ordering: ordering.name}
  return new Recording({
    option: '--record',
    name,
    imagePath,
    header: {sizeBytes, ...names, source: 'flushpoint bench'},
    before: keeps ? [{offsetBytes: region.offsetBytes, lengthBytes: region.sizeBytes}] : [],
    data: stage.dataRanges(),
    read(bytes, offsetBytes) {
      // The image may be open with O_DIRECT.
      if (memory.length < bytes.length) memory = alignedBytes(bytes.length)
      const piece = memory.subarray(0, bytes.length)
      stage.target.read(offsetBytes, piece)
      bytes.set(piece)
    },
  })
}
