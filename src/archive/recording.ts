import {alignOut, joinRanges, SECTOR_BYTES, ToolError, type Range} from '../base/index.js'
import {sameFile} from '../image/index.js'
import type {KnownBefore, Observer, TraceHeader, TraceRecorder} from '../trace/index.js'
import {recordTo, type OutputFile} from './output-file.js'

const PIECE_BYTES = 1 << 20

/** What a recording is made of. */
export interface RecordingFacts {
  /** The option that named the file. */
  readonly option?: '--trace' | '--record'
  readonly name: string
  readonly header: Omit<TraceHeader, 'knownBefore'>
  /** The name of the image, also where the work is done on a copy of it. */
  readonly imagePath: string
  /** Where the image may be changed, if it holds something other than zeroes there: read at once. */
  readonly before: readonly Range[]
  /** Where it may hold something other than zeroes; undefined when nobody can tell. */
  readonly data: readonly Range[] | undefined
  /** Reads what the image holds there. */
  readonly read: (bytes: Uint8Array, offsetBytes: number) => void
}

/** Records what happens to an image: first what it holds, then every event, with the data of each write. */
export class Recording {
  readonly #recorder: TraceRecorder
  readonly #file: OutputFile
  readonly #read: RecordingFacts['read']
  readonly #sizeBytes: number
  #data: Uint8Array | undefined
  #failure: {readonly error: unknown} | undefined

  /** @throws ToolError: usage where the file is the image, environment or io where it cannot be made */
  constructor({option = '--trace', name, header, imagePath, before, data, read}: RecordingFacts) {
    refuseImage(option, name, imagePath)
    const {recorder, file} = recordTo(name, {...header, knownBefore: knownBy(before, data)})
    this.#recorder = recorder
    this.#file = file
    this.#read = read
    this.#sizeBytes = header.sizeBytes
    try {
      for (const range of before) this.#keep(range)
    } catch (error) {
      file.discard()
      throw error
    }
  }

  /** Records what a range holds now. */
  #keep(range: Range): void {
    const {offsetBytes, lengthBytes} = alignOut(range, SECTOR_BYTES)
    const end = Math.min(this.#sizeBytes, offsetBytes + lengthBytes)
    for (let at = offsetBytes; at < end; at += PIECE_BYTES) {
      const piece = new Uint8Array(Math.min(PIECE_BYTES, end - at))
      this.#read(piece, at)
      this.#recorder.before(at, piece)
    }
  }

  /** What the next request that is submitted carries; read at once. */
  offer(bytes: Uint8Array | undefined): void {
    this.#data = bytes
  }

  /**
   * Never throws: an event that cannot be written is no reason to lose the step it is about. Nothing more is recorded then, refuseIncomplete()
   * says so, and there will be no trace.
   */
  readonly observe: Observer = (event) => {
    if (this.#failure !== undefined) return
    try {
      this.#record(event)
    } catch (error) {
      this.#failure = {error}
    }
  }

  /** @throws ToolError what kept an event from being written */
  refuseIncomplete(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }

  #record(event: Parameters<Observer>[0]): void {
    const isWrite = event.kind === 'submit' && event.plan?.kind.writes === true && event.plan.kind.operands === 'data'
    this.#recorder.event(event, isWrite ? dataOf(this.#data, event.lengthBytes) : undefined)
  }

  /** All has been said: the trace is put under its name. @throws ToolError as refuseIncomplete() */
  commit(): void {
    this.refuseIncomplete()
    this.#file.commit()
  }

  /** There is no trace. Does nothing after commit(). */
  discard(): void {
    this.#file.discard()
  }
}

/** What is known of an image of which some is recorded: all of it, where there are only zeroes elsewhere. */
function knownBy(before: readonly Range[], data: readonly Range[] | undefined): KnownBefore {
  const bytesIn = (ranges: readonly Range[]): number =>
    joinRanges(ranges).reduce((sum, {lengthBytes}) => sum + lengthBytes, 0)
  return data !== undefined && bytesIn([...before, ...data]) === bytesIn(before) ? 'whole' : 'touched'
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
