import {crc32c} from '../base/index.js'
import {DIGEST_BYTES} from './checksum.js'
import type {SubmitEvent} from './event.js'
import {decodeEvent} from './event-code.js'
import {traceFault} from './fault.js'
import {FieldError, FieldReader} from './fields.js'
import {
  CHECKSUM_BYTES,
  HEAD_BYTES,
  MAGIC,
  PREAMBLE_BYTES,
  RECORD_BEFORE,
  RECORD_CONTENT,
  RECORD_END,
  RECORD_EVENT,
  RECORD_HEADER,
  u32At,
  VERSION,
  VERSION_MIN,
} from './frame.js'
import {headerOf} from './header.js'
import {DAMAGE_HINT, RecordScanner, type TraceRecord} from './record-scanner.js'
import {Sequence} from './sequence.js'
import type {ByteSource} from './source.js'
import type {BeforeImage, TracedEvent, TraceHeader, TraceReading} from './traced.js'

/** Whether these first bytes are those of a binary trace. */
export function isTrace(start: Uint8Array): boolean {
  return start.length >= MAGIC.length && MAGIC.every((byte, i) => start[i] === byte)
}

/**
 * Opens a binary trace. Records are read as the iterables are walked over, each checked when it is met; data is read when an event
 * is asked for it. Memory does not grow with the length of the trace.
 *
 * @throws ToolError of kind format, also from the walks: wrong magic, a newer version, a trace that was cut off at any byte,
 *   a wrong checksum, values that cannot be, events that cannot have happened in this order; each with the byte
 */
export function readTrace(source: ByteSource): TraceReading {
  const version = readPreamble(source)
  const header = readHeader(source, version)
  return {
    header,
    before: {[Symbol.iterator]: () => beforeImages(source, header)},
    events: {[Symbol.iterator]: () => events(source, header)},
  }
}

/** The version of the format. */
function readPreamble(source: ByteSource): number {
  const {name} = source
  const preamble = source.read(0, PREAMBLE_BYTES)
  if (!isTrace(preamble)) {
    const isStart = preamble.length < MAGIC.length && preamble.every((byte, i) => MAGIC[i] === byte)
    throw isStart
      ? traceFault({name, offsetBytes: preamble.length}, 'the trace ends inside its first 8 bytes', 'Record it again.')
      : traceFault(
          {name, offsetBytes: 0},
          'this is not a flushpoint trace: it begins with other bytes',
          'A trace comes from "run --trace FILE"; a log of another tool is read with "trace import".',
        )
  }
  if (preamble.length < PREAMBLE_BYTES) {
    throw traceFault(
      {name, offsetBytes: preamble.length},
      'the trace ends inside its first 16 bytes',
      'Record it again.',
    )
  }
  const version = u32At(preamble, MAGIC.length)
  if (
    crc32c(preamble.subarray(0, PREAMBLE_BYTES - CHECKSUM_BYTES)) !== u32At(preamble, PREAMBLE_BYTES - CHECKSUM_BYTES)
  ) {
    throw traceFault({name, offsetBytes: MAGIC.length}, 'the version has a wrong checksum', DAMAGE_HINT)
  }
  if (version < VERSION_MIN || version > VERSION) {
    const what = `the trace is of version ${version}; this flushpoint reads versions ${VERSION_MIN} to ${VERSION}`
    throw traceFault({name, offsetBytes: MAGIC.length}, what, 'Read it with the version of flushpoint that wrote it.')
  }
  return version
}

function readHeader(source: ByteSource, version: number): TraceHeader {
  const record = new RecordScanner(source, PREAMBLE_BYTES).next()
  return sound(source, record, () => {
    if (record.type !== RECORD_HEADER) throw new FieldError('the trace does not begin with its header')
    const fields = parsed(Buffer.from(record.payload).toString('utf8'))
    if (version > 1 && !('knownBefore' in fields)) {
      throw new FieldError('the header does not say what is known of the image before the trace')
    }
    return headerOf(fields)
  })
}

function parsed(text: string): object {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new FieldError('the header is not JSON')
  }
  if (typeof value !== 'object' || value === null) throw new FieldError('the header is not an object')
  return value
}

/** What `read` makes of a record; a value in it that cannot be becomes an error with the place of the record. */
function sound<T>(source: ByteSource, {offsetBytes}: TraceRecord, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof FieldError)) throw error
    throw traceFault({name: source.name, offsetBytes}, error.message, DAMAGE_HINT)
  }
}

/** Where records after the header begin. */
function scanBody(source: ByteSource): RecordScanner {
  const scanner = new RecordScanner(source, PREAMBLE_BYTES)
  scanner.next()
  return scanner
}

/** Whether content from before may come among the events. */
function comesLate({knownBefore}: TraceHeader): boolean {
  return knownBefore === 'touched'
}

function* beforeImages(source: ByteSource, header: TraceHeader): Generator<BeforeImage> {
  const {sizeBytes} = header
  const scanner = scanBody(source)
  for (;;) {
    const record = scanner.next()
    switch (record.type) {
      case RECORD_BEFORE:
        yield sound(source, record, () => {
          const fields = new FieldReader(record.payload)
          const offsetBytes = fields.count('an offset')
          const content = fields.count('the place of content')
          const lengthBytes = fields.count('a length')
          fields.end()
          if (offsetBytes + lengthBytes > sizeBytes) {
            throw new FieldError(
              `content at ${offsetBytes}+${lengthBytes} lies outside the image of ${sizeBytes} bytes`,
            )
          }
          checkContent(source, content, lengthBytes, record)
          return {offsetBytes, bytes: contentAt(source, content, lengthBytes)}
        })
        break
      case RECORD_CONTENT:
        break
      case RECORD_EVENT:
        if (comesLate(header)) break
        return
      default:
        return
    }
  }
}

function* events(source: ByteSource, header: TraceHeader): Generator<TracedEvent> {
  const scanner = scanBody(source)
  const sequence = new Sequence(header.sizeBytes)
  const counts = {contents: 0, befores: 0, events: 0}
  let latest: TraceRecord | undefined
  for (;;) {
    const record = scanner.next()
    switch (record.type) {
      case RECORD_CONTENT:
        counts.contents++
        latest = record
        break
      case RECORD_BEFORE:
        counts.befores++
        if (counts.events > 0 && !comesLate(header)) throw misplaced(source, record, 'content from before the trace')
        break
      case RECORD_EVENT:
        counts.events++
        yield tracedEvent(source, record, sequence, latest)
        break
      case RECORD_END:
        sound(source, record, () => checkTotals(record, [counts.contents, counts.befores, counts.events]))
        if (scanner.left > 0) {
          const place = {name: source.name, offsetBytes: scanner.position}
          throw traceFault(place, `${scanner.left} bytes follow the end of the trace`, DAMAGE_HINT)
        }
        return
      default:
        throw misplaced(source, record, 'a second header')
    }
  }
}

function misplaced(source: ByteSource, {offsetBytes}: TraceRecord, what: string): Error {
  return traceFault({name: source.name, offsetBytes}, `${what} comes in the middle of the events`, DAMAGE_HINT)
}

function checkTotals(record: TraceRecord, counted: readonly number[]): void {
  const fields = new FieldReader(record.payload)
  const totals = counted.map(() => fields.count('a total'))
  const offset = fields.count('a total')
  fields.end()
  if (offset !== record.offsetBytes || totals.some((total, i) => total !== counted[i])) {
    const says = `${totals.join(', ')} records before byte ${offset}`
    throw new FieldError(`the end record counts ${says}; there are ${counted.join(', ')}: some are missing`)
  }
}

function tracedEvent(
  source: ByteSource,
  record: TraceRecord,
  sequence: Sequence,
  latest: TraceRecord | undefined,
): TracedEvent {
  return sound(source, record, () => {
    const {event, content} = decodeEvent(record.payload)
    const traced = event.kind === 'submit' && content !== undefined ? withData(source, event, content) : {event}
    if (event.kind === 'submit' && content !== undefined) {
      // Nearly always the record just passed; then its head need not be read again.
      const isLatest = latest?.offsetBytes === content && latest.contentBytes === event.lengthBytes
      if (!isLatest) checkContent(source, content, event.lengthBytes, record)
    }
    const fault = sequence.fault(traced)
    if (fault !== undefined) throw new FieldError(fault)
    return traced
  })
}

function withData(source: ByteSource, event: SubmitEvent, content: number): TracedEvent {
  return {
    event,
    get data() {
      return contentAt(source, content, event.lengthBytes)
    },
  }
}

/** That a content record of this length begins there, ahead of the record that names it. The walk has checked its bytes. */
function checkContent(source: ByteSource, content: number, lengthBytes: number, {offsetBytes}: TraceRecord): void {
  const head = content < offsetBytes ? source.read(content, HEAD_BYTES + DIGEST_BYTES) : new Uint8Array()
  const isContent = head.length === HEAD_BYTES + DIGEST_BYTES && head[0] === RECORD_CONTENT
  const isSound =
    isContent &&
    crc32c(head) === u32Of(source, content + HEAD_BYTES + u32At(head, 4)) &&
    u32At(head, 4) === DIGEST_BYTES + lengthBytes
  if (!isSound) throw new FieldError(`there is no content of ${lengthBytes} bytes at byte ${content}`)
}

function u32Of(source: ByteSource, offsetBytes: number): number {
  const bytes = source.read(offsetBytes, CHECKSUM_BYTES)
  return bytes.length < CHECKSUM_BYTES ? -1 : u32At(bytes, 0)
}

function contentAt(source: ByteSource, content: number, lengthBytes: number): Uint8Array {
  return source.read(content + HEAD_BYTES + DIGEST_BYTES, lengthBytes)
}
