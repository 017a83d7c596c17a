import {kindOfType, OUT, statusName} from '../request/index.js'
import {dataText} from './data-text.js'
import {traceFault} from './fault.js'
import type {CompleteEvent, StartEvent, SubmitEvent, TraceEvent} from './event.js'
import {errnoField} from './line-fields.js'
import {planValues} from './plan-code.js'
import {flagNames, requestName} from './request-words.js'
import {LINE_MAX_BYTES} from './text-reader.js'
import type {TracedEvent, TraceReading} from './traced.js'

/** Base64 of more than this does not fit into a line. */
const DATA_MAX_BYTES = (LINE_MAX_BYTES / 4) * 3 - 2 ** 16

/**
 * A trace as text, one JSON object a line, which readTraceText reads back as the same trace. By hand, little of it is needed:
 *
 *     {"trace":1,"sizeBytes":"64k"}
 *     {"submit":1,"request":"OUT","offsetBytes":0,"lengthBytes":512,"data":"0x11"}
 *     {"complete":1}
 *     {"submit":2,"request":"FLUSH"}
 *     {"complete":2}
 *     {"mark":"told"}
 *
 * - header, first: `trace` (1), `sizeBytes`; optional `mode` (writeback), `ordering` (drain), `source` and `knownBefore` (see
 *   traced.ts): "whole", where the trace was written by hand.
 * - `before`: an offset, with `lengthBytes` and `data`: what the image held. Ahead of all events. `knownBefore` says what it held elsewhere:
 *   zeroes ("whole"), or nobody knows ("touched", "listed").
 * - `submit`: an id, ascending, with `request` (OUT, IN, FLUSH, DISCARD, WRITE_ZEROES ...), `offsetBytes`, `lengthBytes`,
 *   `flags` (["FUA"], PREFLUSH, BARRIER, UNMAP ...), `data`, and `plan` as a recording has it. It starts at once, unless
 *   `start` is false.
 * - `start`: an id, for a request with "start":false; `held` (a barrier or a dependency kept it back until here), `fresh`
 *   ([[offset, length], ...] without allocation; left out: not known), `preSync`. A request that was refused never starts.
 * - `complete`: an id, with `status` (OK, IOERR, UNSUPP, CANCELED), `errno`, `stable`, `ignored`; left out: OK, and as stable
 *   as the mode makes it.
 * - `syncStart`, `syncEnd`: the number of a host sync, with `errno`. `mark`: a name, with `line`.
 * - `atNs` on any of them: its time; left out: that of the line before.
 *
 * Offsets and lengths are numbers of bytes, or text such as "4k". `data` is "zeroes", "0xNN", "hex:...", "text:...", "seed:N" or
 * "base64:..."; left out, a write writes the low byte of its id; null, nobody knows what it wrote. A field that does not belong there is an error, so that a typing mistake is never taken for nothing.
 *
 * @throws ToolError of kind format where the trace is damaged, or has data too long for a line
 */
export function* traceText({header, before, events}: TraceReading): Generator<string> {
  const {sizeBytes, mode, ordering, source, knownBefore} = header
  yield lineOf({trace: 1, sizeBytes, mode, ordering, source, knownBefore})
  for (const {offsetBytes, bytes} of before) {
    yield lineOf({before: offsetBytes, lengthBytes: bytes.length, data: dataText(bytes)})
  }
  let waiting: TracedEvent | undefined
  for (const traced of events) {
    if (waiting !== undefined) {
      const follows = isPlainStart(traced.event, waiting.event)
      yield submitLine(waiting, follows)
      waiting = undefined
      if (follows) continue
    }
    if (traced.event.kind === 'submit') waiting = traced
    else yield lineOf(eventFields(traced.event))
  }
  if (waiting !== undefined) yield submitLine(waiting, false)
}

function lineOf(fields: object): string {
  return `${JSON.stringify(fields)}\n`
}

/** A start that the line of the submission implies. */
function isPlainStart(event: TraceEvent, submit: TraceEvent): boolean {
  if (event.kind !== 'start' || submit.kind !== 'submit') return false
  const isPlain = !event.held && event.fresh === undefined && event.preSync !== true
  return isPlain && event.id === submit.id && event.atNs === submit.atNs
}

function submitLine(traced: TracedEvent, starts: boolean): string {
  const {event, data} = traced
  if (event.kind !== 'submit') return ''
  if (data !== undefined && data.length > DATA_MAX_BYTES) {
    const what = `request ${event.id} has ${data.length} bytes of data, more than a line can hold`
    throw traceFault({name: 'trace'}, what, 'Keep this trace in the binary format.')
  }
  const unknown = kindOfType(event.type) === OUT ? {data: null} : {}
  const content = data === undefined ? unknown : {data: dataText(data)}
  return lineOf({...submitFields(event), ...content, ...(starts ? {} : {start: false})})
}

function submitFields({id, type, flags, offsetBytes, lengthBytes, plan, atNs}: SubmitEvent): object {
  const names = flagNames(type, flags)
  return {
    submit: id,
    request: requestName(type),
    offsetBytes,
    lengthBytes,
    ...(names.length > 0 ? {flags: names} : {}),
    ...(plan ? {plan: planFields(plan)} : {}),
    atNs,
  }
}

function planFields(plan: NonNullable<SubmitEvent['plan']>): object {
  const {kind, writes, flushes, operands, step, flushCommands, facts} = planValues(plan)
  return {
    kind: requestName(kind),
    operands,
    ...(writes ? {writes} : {}),
    ...(flushes ? {flushes} : {}),
    step,
    ...(flushCommands > 0 ? {flushCommands} : {}),
    ...(facts.length > 0 ? {does: facts} : {}),
  }
}

function eventFields(event: Exclude<TraceEvent, SubmitEvent>): object {
  switch (event.kind) {
    case 'start':
      return startFields(event)
    case 'complete':
      return completeFields(event)
    case 'sync-start':
      return {syncStart: event.sync, atNs: event.atNs}
    case 'sync-end':
      return {syncEnd: event.sync, ...(event.errno === 0 ? {} : {errno: errnoField(event.errno)}), atNs: event.atNs}
    case 'mark':
      return {mark: event.name, line: event.line, atNs: event.atNs}
  }
}

function startFields({id, held, fresh, preSync, atNs}: StartEvent): object {
  return {
    start: id,
    ...(held ? {held} : {}),
    ...(preSync === true ? {preSync} : {}),
    ...(fresh ? {fresh: fresh.map(({offsetBytes, lengthBytes}) => [offsetBytes, lengthBytes])} : {}),
    atNs,
  }
}

function completeFields({id, status, errno, stable, ignored, atNs}: CompleteEvent): object {
  return {
    complete: id,
    status: statusName(status),
    ...(errno === 0 ? {} : {errno: errnoField(errno)}),
    stable,
    ignored,
    atNs,
  }
}
