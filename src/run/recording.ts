import {Recording} from '../archive/index.js'
import {formatBytes, joinRanges, SECTOR_BYTES, ToolError, type Range} from '../base/index.js'
import {fillPattern, type BatchRequest} from '../batch/index.js'
import type {EngineOptions} from '../engine/index.js'
import {kindOfType} from '../request/index.js'
import {decodeCdb} from '../scsi/index.js'
import type {TraceHeader} from '../trace/index.js'
import type {RunOptions} from './run.js'
import type {Stage} from './stage.js'

/** A trace keeps what an image held wherever the batch may change it: this much, at most. */
const BEFORE_MAX_BYTES = 2 ** 36

/** What the recording of a run is made of. */
export interface RunRecordingFacts {
  readonly name: string
  readonly header: Omit<TraceHeader, 'knownBefore'>
  readonly requests: readonly BatchRequest[]
  readonly stage: Stage
  readonly imagePath: string
  readonly scsi: EngineOptions['scsi']
  readonly fileBytes: RunOptions['fileBytes']
}

/**
 * Starts to record a run: what the image holds where the batch may change it comes first.
 *
 * @throws ToolError: usage where the batch touches too much or the file is the image, environment or io where it cannot be made
 */
export function recordRun({name, header, requests, stage, imagePath, scsi, fileBytes}: RunRecordingFacts): Recording {
  const before = joinRanges(requests.flatMap((request) => changedBy(request, header.sizeBytes, scsi, fileBytes)))
  const total = before.reduce((sum, range) => sum + range.lengthBytes, 0)
  if (total > BEFORE_MAX_BYTES) {
    throw new ToolError('usage', 'E_TRACE_SIZE', `--trace: the batch may change ${formatBytes(total)} of the image`, {
      hint: `A trace keeps what was there before, up to ${formatBytes(BEFORE_MAX_BYTES)}: name smaller ranges.`,
    })
  }
  return new Recording({
    ...{name, header, imagePath, before},
    data: stage.dataRanges(),
    read: (bytes, at) => stage.target.read(at, bytes),
  })
}

/** The range of an image that a request changes if it is executed, in whole sectors. */
function changedBy(
  request: BatchRequest,
  sizeBytes: number,
  scsi: EngineOptions['scsi'],
  fileBytes: RunOptions['fileBytes'],
): Range[] {
  const range = request.scsi ? changedByCommand(request, scsi, fileBytes) : request
  const changes = request.scsi !== undefined || kindOfType(request.type)?.writes === true
  const endBytes = (range?.offsetBytes ?? 0) + (range?.lengthBytes ?? 0)
  if (range === undefined || !changes || range.lengthBytes === 0 || endBytes > sizeBytes) return []
  const start = Math.floor(range.offsetBytes / SECTOR_BYTES) * SECTOR_BYTES
  const end = Math.min(sizeBytes, Math.ceil(endBytes / SECTOR_BYTES) * SECTOR_BYTES)
  return [{offsetBytes: start, lengthBytes: end - start}]
}

function changedByCommand(
  {scsi: command, pattern, lengthBytes}: BatchRequest,
  scsi: EngineOptions['scsi'],
  fileBytes: RunOptions['fileBytes'],
): Range | undefined {
  if (scsi === undefined || command === undefined) return undefined
  const dataOut = new Uint8Array(pattern ? lengthBytes : 0)
  if (pattern) fillPattern(pattern, dataOut, fileBytes(pattern))
  const plan = decodeCdb(command.cdb, {...scsi, writeCacheEnabled: true}, {dataOut, inBytes: command.inBytes})
  return plan.kind === 'steps' ? plan.steps.find((step) => 'fua' in step) : undefined
}
