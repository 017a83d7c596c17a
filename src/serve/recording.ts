import {fstatSync, statSync} from 'node:fs'

import {recordTo, type OutputFile} from '../archive/index.js'
import {SECTOR_BYTES, ToolError, type Range} from '../base/index.js'
import type {Observer, TraceHeader, TraceRecorder} from '../trace/index.js'

const PIECE_BYTES = 1 << 20

/** What a recording is made of. */
export interface RecordingFacts {
  readonly name: string
  readonly header: TraceHeader
  /** The image, and where it holds data; what lies elsewhere is zeroes. */
  readonly fd: number
  readonly data: readonly Range[]
  readonly read: (bytes: Uint8Array, offsetBytes: number) => number
}

/** Records what clients do: first all that the image holds, since nobody knows what they will change, then every event. */
export class Recording {
  readonly #recorder: TraceRecorder
  readonly #file: OutputFile
  #data: Uint8Array | undefined

  /** @throws ToolError of kind usage where the file is the image, of environment or io where it cannot be made */
  constructor({name, header, fd, data, read}: RecordingFacts) {
    refuseImage(name, fd)
    const {recorder, file} = recordTo(name, header)
    this.#recorder = recorder
    this.#file = file
    try {
      for (const {offsetBytes, lengthBytes} of data) {
        const start = Math.floor(offsetBytes / SECTOR_BYTES) * SECTOR_BYTES
        const end = Math.min(header.sizeBytes, Math.ceil((offsetBytes + lengthBytes) / SECTOR_BYTES) * SECTOR_BYTES)
        for (let at = start; at < end; at += PIECE_BYTES) {
          const piece = new Uint8Array(Math.min(PIECE_BYTES, end - at))
          read(piece, at)
          recorder.before(at, piece)
        }
      }
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
    this.#recorder.event(event, isWrite ? this.#data?.subarray(0, event.lengthBytes) : undefined)
  }

  /** The server has ended: the trace is put under its name. */
  commit(): void {
    this.#file.commit()
  }

  /** There is no trace. Does nothing after commit(). */
  discard(): void {
    this.#file.discard()
  }
}

/** The file of a trace replaces what stands under its name: never the image. */
function refuseImage(name: string, fd: number): void {
  const trace = statSync(name, {throwIfNoEntry: false})
  const image = fstatSync(fd)
  if (trace?.dev !== image.dev || trace.ino !== image.ino) return
  throw new ToolError('usage', 'E_TRACE_IS_IMAGE', `--trace ${name}: this is the image`, {
    hint: 'Name another file for the trace.',
    context: {path: name},
  })
}
