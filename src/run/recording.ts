import fs from 'node:fs'

import {recordTo, type OutputFile} from '../archive/index.js'
import {formatBytes, joinRanges, SECTOR_BYTES, ToolError, type Range} from '../base/index.js'
import {fillPattern, type BatchRequest} from '../batch/index.js'
import type {EngineOptions} from '../engine/index.js'
import {kindOfType} from '../request/index.js'
import {decodeCdb} from '../scsi/index.js'
import type {Observer, TraceHeader, TraceRecorder} from '../trace/index.js'
import type {RunOptions} from './run.js'
import type {Stage} from './stage.js'

/** A trace keeps what an image held wherever the batch may change it: this much, at most. */
const BEFORE_MAX_BYTES = 2 ** 36
const PIECE_BYTES = 1 << 20

/** What a recording is made of. */
export interface RecordingFacts {
  readonly name: string
  readonly header: TraceHeader
  readonly requests: readonly BatchRequest[]
  readonly stage: Stage
  readonly scsi: EngineOptions['scsi']
  readonly fileBytes: RunOptions['fileBytes']
}

/** Records a run: first what the image holds where the batch may change it, then every event, with the data of each write. */
export class Recording {
  readonly #recorder: TraceRecorder
  readonly #file: OutputFile
  #data: Uint8Array | undefined

  /** @throws ToolError: usage where the batch touches too much, environment or io where the file cannot be made */
  constructor({name, header, requests, stage, scsi, fileBytes}: RecordingFacts) {
    const ranges = joinRanges(requests.flatMap((request) => changedBy(request, header.sizeBytes, scsi, fileBytes)))
    const total = ranges.reduce((sum, range) => sum + range.lengthBytes, 0)
    if (total > BEFORE_MAX_BYTES) {
      throw new ToolError('usage', 'E_TRACE_SIZE', `--trace: the batch may change ${formatBytes(total)} of the image`, {
        hint: `A trace keeps what was there before, up to ${formatBytes(BEFORE_MAX_BYTES)}: name smaller ranges.`,
      })
    }
    refuseImage(name, stage)
    const {recorder, file} = recordTo(name, header)
    this.#recorder = recorder
    this.#file = file
    try {
      for (const range of ranges) this.#keep(range, stage)
    } catch (error) {
      file.discard()
      throw error
    }
  }

  /** What the next request that is submitted carries; read at once. */
  offer(bytes: Uint8Array | undefined): void {
    this.#data = bytes
  }

  readonly observe: Observer = (event) => {
    const isWrite = event.kind === 'submit' && event.plan?.kind.writes === true && event.plan.kind.operands === 'data'
    this.#recorder.event(event, isWrite ? dataOf(this.#data, event.lengthBytes) : undefined)
  }

  /** The run has ended: the trace is put under its name. */
  close(): void {
    this.#file.commit()
  }

  /** The run has failed: there is no trace. Does nothing after close(). */
  discard(): void {
    this.#file.discard()
  }

  #keep({offsetBytes, lengthBytes}: Range, stage: Stage): void {
    for (let done = 0; done < lengthBytes; done += PIECE_BYTES) {
      const piece = new Uint8Array(Math.min(PIECE_BYTES, lengthBytes - done))
      stage.target.read(offsetBytes + done, piece)
      this.#recorder.before(offsetBytes + done, piece)
    }
  }
}

/** The file of a trace replaces what stands under its name: never the image. */
function refuseImage(name: string, {target}: Stage): void {
  if (target.fd < 0 || !fs.existsSync(name)) return
  const [trace, image] = [fs.statSync(name), fs.fstatSync(target.fd)]
  if (trace.dev !== image.dev || trace.ino !== image.ino) return
  throw new ToolError('usage', 'E_TRACE_IS_IMAGE', `--trace ${name}: this is the image`, {
    hint: 'Name another file for the trace.',
    context: {path: name},
  })
}

/** What a write puts on the image: what it carries, again and again where that is shorter (WRITE SAME). */
function dataOf(carried: Uint8Array | undefined, lengthBytes: number): Uint8Array | undefined {
  if (carried === undefined || carried.length === 0 || carried.length >= lengthBytes)
    return carried?.subarray(0, lengthBytes)
  const bytes = new Uint8Array(lengthBytes)
  for (let at = 0; at < lengthBytes; at += carried.length) bytes.set(carried.subarray(0, lengthBytes - at), at)
  return bytes
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
