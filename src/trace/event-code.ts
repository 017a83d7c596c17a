import type {Range} from '../base/index.js'
import {STATUS_CANCELED, STATUS_IOERR, STATUS_OK, STATUS_UNSUPP} from '../request/index.js'
import type {CompleteEvent, StartEvent, SubmitEvent, TraceEvent} from './event.js'
import {FieldError, FieldReader, type FieldWriter} from './fields.js'
import {readPlan, writePlan} from './plan-code.js'

const CODES = {submit: 1, start: 2, complete: 3, 'sync-start': 4, 'sync-end': 5, mark: 6} as const satisfies Record<
  TraceEvent['kind'],
  number
>

/** Statuses a request can end with. */
const FINAL_STATUSES: readonly number[] = [STATUS_OK, STATUS_IOERR, STATUS_UNSUPP, STATUS_CANCELED]

/** More ranges than any file system can report for one request. */
const FRESH_MAX = 2 ** 20

/** What the fields of an event take at most, less text and ranges. */
const FIELDS_MAX_BYTES = 256

/** No event takes more bytes than this says of it. */
export function eventMaxBytes(event: TraceEvent): number {
  if (event.kind === 'mark') return FIELDS_MAX_BYTES + event.name.length * 3 // UTF-8 of a unit of UTF-16
  if (event.kind === 'start' && event.fresh !== undefined) return FIELDS_MAX_BYTES + event.fresh.length * 16
  return FIELDS_MAX_BYTES
}

/**
 * Puts an event down as the payload of a record: code, time, then its fields.
 *
 * @param content offset of the record with its data
 */
export function encodeEvent(event: TraceEvent, content: number | undefined, to: FieldWriter): void {
  to.u8(CODES[event.kind])
  to.number(event.atNs)
  switch (event.kind) {
    case 'submit':
      to.number(event.id)
      to.number(event.type)
      to.number(event.flags)
      to.number(event.offsetBytes)
      to.number(event.lengthBytes)
      to.flag(content !== undefined)
      if (content !== undefined) to.number(content)
      to.flag(event.plan !== undefined)
      if (event.plan !== undefined) writePlan(event.plan, to)
      break
    case 'start':
      to.number(event.id)
      to.flag(event.held)
      to.flag(event.preSync === true)
      to.flag(event.fresh !== undefined)
      if (event.fresh !== undefined) writeRanges(event.fresh, to)
      break
    case 'complete':
      to.number(event.id)
      to.u8(event.status)
      to.number(event.errno)
      to.flag(event.stable)
      to.flag(event.ignored)
      break
    case 'sync-start':
      to.number(event.sync)
      break
    case 'sync-end':
      to.number(event.sync)
      to.number(event.errno)
      break
    case 'mark':
      to.text(event.name)
      to.number(event.line)
      break
  }
}

function writeRanges(ranges: readonly Range[], to: FieldWriter): void {
  to.number(ranges.length)
  for (const {offsetBytes, lengthBytes} of ranges) {
    to.number(offsetBytes)
    to.number(lengthBytes)
  }
}

/** What a payload says: the event, and where its data is. @throws FieldError for a payload that encodeEvent never made */
export function decodeEvent(payload: Uint8Array): {
  readonly event: TraceEvent
  readonly content: number | undefined
} {
  const from = new FieldReader(payload)
  const code = from.u8('the code of an event')
  const atNs = from.number('the time of an event')
  let content: number | undefined
  const noteContent = (offset: number | undefined): void => {
    content = offset
  }
  const event = readBody(code, atNs, from, noteContent)
  from.end()
  return {event, content}
}

function readBody(
  code: number,
  atNs: number,
  from: FieldReader,
  noteContent: (offset: number | undefined) => void,
): TraceEvent {
  switch (code) {
    case CODES.submit:
      return readSubmit(atNs, from, noteContent)
    case CODES.start:
      return readStart(atNs, from)
    case CODES.complete:
      return readComplete(atNs, from)
    case CODES['sync-start']:
      return {kind: 'sync-start', sync: from.count('the number of a sync'), atNs}
    case CODES['sync-end']:
      return {kind: 'sync-end', sync: from.count('the number of a sync'), errno: from.count('an errno'), atNs}
    case CODES.mark:
      return {kind: 'mark', name: from.text('the name of a mark'), line: from.count('the line of a mark'), atNs}
    default:
      throw new FieldError(`there is no event with code ${code}`)
  }
}

function readSubmit(atNs: number, from: FieldReader, noteContent: (offset: number | undefined) => void): SubmitEvent {
  const id = from.count('the id of a request')
  const type = from.count('the type of a request')
  const flags = from.number('the flags of a request')
  if (!Number.isInteger(flags)) throw new FieldError(`the flags of request ${id} are ${flags}`)
  const offsetBytes = from.count('the offset of a request')
  const lengthBytes = from.count('the length of a request')
  if (from.flag('the data of a request')) noteContent(from.count('the place of the data of a request'))
  const plan = from.flag('the plan of a request') ? readPlan(from) : undefined
  return {kind: 'submit', id, type, flags, offsetBytes, lengthBytes, ...(plan ? {plan} : {}), atNs}
}

function readStart(atNs: number, from: FieldReader): StartEvent {
  const id = from.count('the id of a request')
  const held = from.flag('the start of a request')
  const preSync = from.flag('the start of a request')
  const fresh = from.flag('the fresh ranges of a request') ? readRanges(from) : undefined
  return {kind: 'start', id, held, fresh, ...(preSync ? {preSync} : {}), atNs}
}

function readRanges(from: FieldReader): Range[] {
  const count = from.count('the number of fresh ranges')
  if (count > FRESH_MAX) throw new FieldError(`${count} fresh ranges are too many for one request`)
  return Array.from({length: count}, () => ({
    offsetBytes: from.count('the offset of a fresh range'),
    lengthBytes: from.count('the length of a fresh range'),
  }))
}

function readComplete(atNs: number, from: FieldReader): CompleteEvent {
  const id = from.count('the id of a request')
  const status = from.u8('the status of a request')
  if (!FINAL_STATUSES.includes(status)) throw new FieldError(`request ${id} ends with status ${status}`)
  const errno = from.count('an errno')
  const stable = from.flag('the end of a request')
  const ignored = from.flag('the end of a request')
  return {kind: 'complete', id, status, errno, stable, ignored, atNs}
}
