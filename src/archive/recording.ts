import {alignOut, joinRanges, SECTOR_BYTES, SectorSet, ToolError, type Range} from '../base/index.js'
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
  /** Where the image may be changed, if it holds something other than zeroes there: read at once; or else read when it is touched. */
  readonly before: readonly Range[] | 'when touched'
  /** Where it may hold something other than zeroes; undefined when nobody can tell. */
  readonly data: readonly Range[] | undefined
  /** The same of one range at a later time; all of it unless told. */
  readonly dataIn?: (range: Range) => readonly Range[] | undefined
  /** Reads what the image holds there. */
  readonly read: (bytes: Uint8Array, offsetBytes: number) => unknown
}

/**
 * Records what happens to an image: what it held, and every event, with the data of each write.
 *
 * What it held is read at once, or when it is touched: when a request that changes a range is submitted, and so before it can start, what
 * is not known yet of the range is read. No request before it can have changed that, for then it would be known. So a trace has each
 * sector that was changed, as it was before the first event; what nobody changed is in the image still.
 */
export class Recording {
  readonly #recorder: TraceRecorder
  readonly #file: OutputFile
  readonly #read: RecordingFacts['read']
  readonly #dataIn: NonNullable<RecordingFacts['dataIn']>
  readonly #sizeBytes: number
  /** Sectors that were read when they were touched; undefined where nothing is read then. */
  readonly #touched: SectorSet | undefined
  /** What the trace knows of the image before. */
  readonly knownBefore: KnownBefore
  #data: Uint8Array | undefined
  #failure: {readonly error: unknown} | undefined

  /** @throws ToolError: usage where the file is the image, environment or io where it cannot be made */
  constructor({option = '--trace', name, header, imagePath, before, data, dataIn, read}: RecordingFacts) {
    refuseImage(option, name, imagePath)
    const first = before === 'when touched' ? [] : before
    this.knownBefore = knownBy(first, data)
    const {recorder, file} = recordTo(name, {...header, knownBefore: this.knownBefore})
    this.#recorder = recorder
    this.#file = file
    this.#read = read
    this.#dataIn = dataIn ?? (() => undefined)
    this.#sizeBytes = header.sizeBytes
    this.#touched = before === 'when touched' && this.knownBefore === 'touched' ? new SectorSet() : undefined
    try {
      for (const range of first) this.#keep(range)
    } catch (error) {
      file.discard()
      throw error
    }
  }

  /** Reads what is not known yet of a range that is about to be changed. @param zeroes they are put there, and nothing else */
  #touch(touched: SectorSet, {offsetBytes, lengthBytes}: Range, zeroes: boolean): void {
    if (offsetBytes + lengthBytes > this.#sizeBytes) return
    const range = {offsetBytes, lengthBytes}
    // To zero zeroes changes nothing: a hole is read when something else is put there.
    for (const part of (zeroes ? this.#dataIn(range) : undefined) ?? [range]) {
      for (const added of touched.addNew(part.offsetBytes, part.lengthBytes)) this.#keep(added)
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
    if (event.kind !== 'submit' || event.plan?.kind.writes !== true) {
      this.#recorder.event(event)
      return
    }
    const hasData = event.plan.kind.operands === 'data'
    if (this.#touched !== undefined) this.#touch(this.#touched, event, !hasData)
    this.#recorder.event(event, hasData ? dataOf(this.#data, event.lengthBytes) : undefined)
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
