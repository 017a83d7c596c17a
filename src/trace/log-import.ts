import {formatBytes, invariant} from '../base/index.js'
import type {CacheMode} from '../cache-mode/index.js'
import type {OrderingMode} from '../ordering/index.js'
import {DISCARD, FLAG_FUA, FLAG_PREFLUSH, FLUSH, OUT, STATUS_OK, type RequestKind} from '../request/index.js'
import type {SubmitEvent} from './event.js'
import {traceFault} from './fault.js'
import {logRecords, readSuper, type LogRecord, type LogSuper} from './log-entries.js'
import {LOG_DISCARD_FLAG, LOG_FLUSH_FLAG, LOG_FUA_FLAG, LOG_MARK_FLAG} from './log-format.js'
import {endMarks, plainPlan} from './replay.js'
import type {ByteSource} from './source.js'
import type {TracedEvent, TraceReading} from './traced.js'

/** A write of more than this becomes several: QEMU logs the zeroes of a write-zeroes of up to 2 GiB as data. */
const PIECE_BYTES = 2 ** 24

/** What a log does not say. */
export interface LogAssumptions {
  /** Size of the image; undefined takes the end of what the log touches. */
  readonly sizeBytes: number | undefined
  readonly mode: CacheMode
  readonly ordering: OrderingMode
}

/**
 * Opens a log of dm-log-writes or of QEMU's blklogwrites as a trace. Every entry becomes a request that is submitted, starts and
 * completes before the next: OUT with PREFLUSH and FUA as its flags say, FLUSH, DISCARD; a MARK becomes a mark, METADATA is left
 * out.
 *
 * What is lost, because the log does not have it:
 * - When anything was submitted, and what was in flight together. The kernel logs writes in the order of their completion, holds
 *   ordinary ones until the next flush is issued, and logs a FUA write at once. So what was in flight at a flush comes after
 *   it (rightly: it was not covered), two overlapping writes in flight together look ordered, a FUA write stands ahead of
 *   ordinary ones that had completed before it, and a mark ahead of writes no flush had followed yet.
 * - QEMU holds nothing and logs a flush when it ends: a write that completed while the flush ran stands before it and
 *   looks covered, although nobody promised that. Its version 7.2 drops FUA.
 * - What the image held before, which the header says, and failed requests.
 * - Entries behind those the superblock counts, which both writers update only now and then: they are not read.
 *
 * Memory does not grow with the log. Data is read when an event is asked for it.
 *
 * @throws ToolError of kind format with the byte, also from the walks
 */
export function readLog(source: ByteSource, assumptions: LogAssumptions): TraceReading {
  const {mode, ordering} = assumptions
  const log = readSuper(source)
  const touchedBytes = touchedEnd(source, log)
  const sizeBytes = assumptions.sizeBytes ?? Math.max(touchedBytes, log.sectorBytes)
  if (touchedBytes > sizeBytes) {
    const what = `the log writes up to byte ${touchedBytes}, beyond an image of ${formatBytes(sizeBytes)}`
    throw traceFault({name: source.name}, what, 'Give the size of the image that was logged.')
  }
  return {
    header: {sizeBytes, mode: mode.name, ordering: ordering.name, source: 'log-writes', knownBefore: 'listed'},
    before: [],
    events: {[Symbol.iterator]: () => new EntryEvents(source, mode, ordering).read(logRecords(source, log))},
  }
}

function touchedEnd(source: ByteSource, log: LogSuper): number {
  let end = 0
  for (const {offsetBytes, lengthBytes} of logRecords(source, log)) {
    if (lengthBytes > 0) end = Math.max(end, offsetBytes + lengthBytes)
  }
  return end
}

class EntryEvents {
  readonly #source: ByteSource
  readonly #mode: CacheMode
  readonly #ordering: OrderingMode
  #id = 0

  constructor(source: ByteSource, mode: CacheMode, ordering: OrderingMode) {
    this.#source = source
    this.#mode = mode
    this.#ordering = ordering
  }

  *read(records: Iterable<LogRecord>): Generator<TracedEvent> {
    for (const record of records) {
      const {flags, offsetBytes, lengthBytes} = record
      if (flags & LOG_MARK_FLAG) {
        yield {event: {kind: 'mark', name: record.mark, line: 0, atNs: 0}}
        continue
      }
      const fua = flags & LOG_FUA_FLAG ? FLAG_FUA : 0
      if (lengthBytes === 0) {
        yield* this.#whole([this.#submit(FLUSH, 0, 0, 0)])
      } else if (flags & LOG_DISCARD_FLAG) {
        if (flags & LOG_FLUSH_FLAG) yield* this.#whole([this.#submit(FLUSH, 0, 0, 0)])
        yield* this.#whole([this.#submit(DISCARD, fua, offsetBytes, lengthBytes)])
      } else {
        yield* this.#whole(this.#pieces(record, fua))
      }
    }
  }

  /** The pieces of one write are in flight together: none of them is behind another. */
  #pieces({flags, offsetBytes, lengthBytes, dataOffset}: LogRecord, fua: number): TracedEvent[] {
    const pieces: TracedEvent[] = []
    const preflush = flags & LOG_FLUSH_FLAG ? FLAG_PREFLUSH : 0
    for (let at = 0; at < lengthBytes; at += PIECE_BYTES) {
      const length = Math.min(PIECE_BYTES, lengthBytes - at)
      const {event} = this.#submit(OUT, fua | preflush, offsetBytes + at, length)
      const read = (): Uint8Array => this.#data(dataOffset + at, length)
      pieces.push({
        event,
        get data() {
          return read()
        },
      })
    }
    return pieces
  }

  #data(offset: number, length: number): Uint8Array {
    const bytes = this.#source.read(offset, length)
    if (bytes.length < length) {
      throw traceFault({name: this.#source.name, offsetBytes: offset}, 'the log has become shorter', 'Try it again.')
    }
    return bytes
  }

  #submit({type}: RequestKind, flags: number, offsetBytes: number, lengthBytes: number): TracedEvent {
    return {event: {kind: 'submit', id: ++this.#id, type, flags, offsetBytes, lengthBytes, atNs: 0}}
  }

  *#whole(submits: readonly TracedEvent[]): Generator<TracedEvent> {
    yield* submits
    const requests = submits.map(({event}): SubmitEvent => {
      invariant(event.kind === 'submit', 'only submissions are completed')
      return event
    })
    for (const {id} of requests) yield {event: {kind: 'start', id, held: false, fresh: undefined, atNs: 0}}
    for (const request of requests) {
      const marks = endMarks(plainPlan(request, this.#mode, this.#ordering), STATUS_OK, 0)
      yield {event: {kind: 'complete', id: request.id, status: STATUS_OK, errno: 0, ...marks, atNs: 0}}
    }
  }
}
