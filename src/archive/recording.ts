import {alignOut, SECTOR_BYTES, SectorSet, ToolError, type Range} from '../base/index.js'
import {sameFile} from '../image/index.js'
import type {Observer, TraceHeader, TraceRecorder} from '../trace/index.js'
import {recordTo, type OutputFile} from './output-file.js'

const PIECE_BYTES = 1 << 20

/** What a recording is made of. */
export interface RecordingFacts {
  /** The option that named the file. */
  readonly option?: '--trace' | '--record'
  readonly name: string
  readonly header: TraceHeader
  /** The name of the image, also where the work is done on a copy of it. */
  readonly imagePath: string
  /** Where the image may be changed and holds something other than zeroes, read at once; or nobody knows what will be changed. */
  readonly before: readonly Range[] | 'when touched'
  /** Where a range holds data: elsewhere it holds zeroes. All of it, where left out. */
  readonly dataIn?: (range: Range) => readonly Range[]
  /** Reads what the image holds there. */
  readonly read: (bytes: Uint8Array, offsetBytes: number) => void
}

/**
 * Records what happens to an image: what it held, and every event, with the data of each write.
 *
 * What it held is read at once, or else when it is touched: when a request that changes a range is submitted, before it can start,
 * what is not known yet of the range is read. No request before it can have changed that, for then it would be known. So a trace has
 * each sector that was written, as it was before the first event; sectors nobody wrote are in the image still.
 */
export class Recording {
  readonly #recorder: TraceRecorder
  readonly #file: OutputFile
  readonly #read: RecordingFacts['read']
  readonly #dataIn: NonNullable<RecordingFacts['dataIn']>
  readonly #sizeBytes: number
  /** Sectors whose content is known; undefined where it was read at once. */
  readonly #known: SectorSet | undefined
  #data: Uint8Array | undefined

  /** @throws ToolError: usage where the file is the image, environment or io where it cannot be made */
  constructor({option = '--trace', name, header, imagePath, before, dataIn, read}: RecordingFacts) {
    refuseImage(option, name, imagePath)
    const isLate = before === 'when touched'
    const {recorder, file} = recordTo(name, header, isLate)
    this.#recorder = recorder
    this.#file = file
    this.#read = read
    this.#dataIn = dataIn ?? ((range) => [range])
    this.#sizeBytes = header.sizeBytes
    this.#known = isLate ? new SectorSet() : undefined
    try {
      if (!isLate) for (const range of before) this.#keep(range)
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
    if (event.kind === 'submit' && event.plan?.kind.writes === true)
      this.#touch(event, event.plan.kind.operands === 'data')
    const isWrite = event.kind === 'submit' && event.plan?.kind.writes === true && event.plan.kind.operands === 'data'
    this.#recorder.event(event, isWrite ? dataOf(this.#data, event.lengthBytes) : undefined)
  }

  /** Reads what is not known yet of a range that is about to be changed. @param hasData something else than zeroes is put there */
  #touch({offsetBytes, lengthBytes}: Range, hasData: boolean): void {
    if (this.#known === undefined || offsetBytes + lengthBytes > this.#sizeBytes) return
    // To zero zeroes changes nothing: a hole is read when something else is put there.
    const changed = hasData ? [{offsetBytes, lengthBytes}] : this.#dataIn({offsetBytes, lengthBytes})
    for (const part of changed) {
      for (const range of this.#known.addNew(part.offsetBytes, part.lengthBytes)) this.#keep(range)
    }
  }

  #keep(range: Range): void {
    const {offsetBytes, lengthBytes} = alignOut(range, SECTOR_BYTES)
    const end = Math.min(this.#sizeBytes, offsetBytes + lengthBytes)
    for (let at = offsetBytes; at < end; at += PIECE_BYTES) {
      const piece = new Uint8Array(Math.min(PIECE_BYTES, end - at))
      this.#read(piece, at)
      this.#recorder.before(at, piece)
    }
  }

  /** All has been said: the trace is put under its name. */
  commit(): void {
    this.#file.commit()
  }

  /** There is no trace. Does nothing after commit(). */
  discard(): void {
    this.#file.discard()
  }
}

/** What a write puts on the image: what it carries, again and again where that is shorter (WRITE SAME). */
function dataOf(carried: Uint8Array | undefined, lengthBytes: number): Uint8Array | undefined {
  if (carried === undefined || carried.length === 0 || carried.length >= lengthBytes)
    return carried?.subarray(0, lengthBytes)
  const bytes = new Uint8Array(lengthBytes)
  for (let at = 0; at < lengthBytes; at += carried.length) bytes.set(carried.subarray(0, lengthBytes - at), at)
  return bytes
}

/** Options that name a file which replaces what stands under its name. */
const CODES = {
  '--trace': 'E_TRACE_IS_IMAGE',
  '--record': 'E_TRACE_IS_IMAGE',
  '--status': 'E_STATUS_IS_IMAGE',
} as const

/**
 * A file that is written replaces what stands under its name: never the image, nor the image that a throw-away copy was made of.
 *
 * @throws ToolError of kind usage
 */
export function refuseImage(option: keyof typeof CODES, name: string, imagePath: string): void {
  if (!sameFile(name, imagePath)) return
  throw new ToolError('usage', CODES[option], `${option} ${name}: this is the image`, {
    hint: 'Name another file.',
    context: {path: name},
  })
}
