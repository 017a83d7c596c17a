import type {Range} from '../base/index.js'
import {cacheModeOf, type CacheMode} from '../cache-mode/index.js'
import {orderingModeOf, type OrderingMode} from '../ordering/index.js'
import {
  kindOfType,
  STATUS_CANCELED,
  STATUS_IOERR,
  STATUS_OK,
  STATUS_UNSUPP,
  type Plan,
  type RequestKind,
} from '../request/index.js'
import {DATA_RULE, dataOf} from './data-text.js'
import {traceFault} from './fault.js'
import {CONTENT_MAX_BYTES} from './frame.js'
import {FieldError} from './fields.js'
import {headerOf} from './header.js'
import {LineFields} from './line-fields.js'
import {linesOf} from './line-splitter.js'
import {PLAN_FACTS, planOf, stepOf, type PlanFact} from './plan-code.js'
import {endMarks, plainPlan} from './replay.js'
import {flagsOf, typeOfName} from './request-words.js'
import {Sequence} from './sequence.js'
import type {BeforeImage, KnownBefore, TracedEvent, TraceHeader, TraceReading} from './traced.js'

/** The longest line: the base64 of the longest data, and something around it, is beyond what a string can hold. */
export const LINE_MAX_BYTES = 2 ** 28

const STATUSES: Readonly<Record<string, number>> = {
  OK: STATUS_OK,
  IOERR: STATUS_IOERR,
  UNSUPP: STATUS_UNSUPP,
  CANCELED: STATUS_CANCELED,
}

const HINT = `Each line is one JSON object: {"submit":1,"request":"OUT","offsetBytes":0,"lengthBytes":4096}, {"complete":1}, {"mark":"told"} ...; data is ${DATA_RULE}.`

/** What a header leaves open. */
export interface HeaderDefaults {
  /** The size of the image; without it the header has to say. */
  readonly sizeBytes?: number | undefined
  readonly mode?: string | undefined
  readonly ordering?: string | undefined
  readonly knownBefore?: KnownBefore | undefined
}

type Line = ReturnType<typeof linesOf> extends Generator<infer T> ? T : never

/**
 * Opens a trace written as text, one JSON object a line; see text-writer.ts for the whole form. What a person leaves out is filled
 * in: a request starts as soon as it is submitted, no time passes, a completion is OK and says of stability what a plain device
 * under the mode of the header would say, and a write without data writes the low byte of its id (never 0), so that each can be told
 * from the others.
 *
 * @param chunks the text; walked over anew for each walk of the result, and once here for the header
 * @param defaults in place of what the header does not say
 * @throws ToolError of kind format with the line, also from the walks
 */
export function readTraceText(chunks: Iterable<Uint8Array>, name: string, defaults: HeaderDefaults = {}): TraceReading {
  const header = readHeader(chunks, name, defaults)
  return {
    header,
    before: {[Symbol.iterator]: () => beforeImages(chunks, name, header)},
    events: {[Symbol.iterator]: () => new EventLines(name, header).read(body(chunks, name))},
  }
}

function readHeader(chunks: Iterable<Uint8Array>, name: string, defaults: HeaderDefaults): TraceHeader {
  for (const line of written(chunks, name)) {
    return told(name, line, () => {
      const fields = new LineFields(line.text)
      if (!fields.has('trace')) throw new FieldError('the first line has to be {"trace":1,"sizeBytes":...}')
      const version = fields.count('trace')
      if (version !== 1) throw new FieldError(`the trace is of version ${version}; this flushpoint reads version 1`)
      const sizeBytes = fields.size('sizeBytes', defaults.sizeBytes)
      const mode = fields.text('mode', defaults.mode ?? 'writeback')
      const ordering = fields.text('ordering', defaults.ordering ?? 'drain')
      const source = fields.text('source', 'ndjson')
      const knownBefore = fields.any('knownBefore') ?? defaults.knownBefore
      fields.end()
      return headerOf({sizeBytes, mode, ordering, source, knownBefore})
    })
  }
  throw traceFault({name, line: 1}, 'there is no line in this trace', HINT)
}

/** Lines that say something. */
function* written(chunks: Iterable<Uint8Array>, name: string): Generator<Line> {
  for (const line of linesOf(chunks, name, LINE_MAX_BYTES)) if (line.text.trim() !== '') yield line
}

function* body(chunks: Iterable<Uint8Array>, name: string): Generator<Line> {
  let isHeader = true
  for (const line of written(chunks, name)) {
    if (!isHeader) yield line
    isHeader = false
  }
}

function* beforeImages(chunks: Iterable<Uint8Array>, name: string, header: TraceHeader): Generator<BeforeImage> {
  for (const line of body(chunks, name)) {
    const image = told(name, line, () => {
      const fields = new LineFields(line.text)
      return fields.has('before') ? beforeImage(fields, header) : undefined
    })
    if (image === undefined) return
    yield image
  }
}

function beforeImage(fields: LineFields, {sizeBytes}: TraceHeader): BeforeImage {
  const offsetBytes = fields.size('before')
  const lengthBytes = fields.size('lengthBytes')
  if (offsetBytes + lengthBytes > sizeBytes || lengthBytes > CONTENT_MAX_BYTES) {
    throw new FieldError(`content at ${offsetBytes}+${lengthBytes} lies outside the image, or is too long`)
  }
  const bytes = dataOf(fields.text('data'), lengthBytes)
  fields.end()
  return {offsetBytes, bytes}
}

function told<T>(name: string, {line}: Line, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof FieldError)) throw error
    throw traceFault({name, line}, error.message, HINT)
  }
}

/** Turns lines into events, and remembers what the next lines may leave out. */
class EventLines {
  readonly #name: string
  readonly #header: TraceHeader
  readonly #mode: CacheMode
  readonly #ordering: OrderingMode
  readonly #sequence: Sequence
  readonly #plans = new Map<number, Plan | undefined>()
  #nowNs = 0

  constructor(name: string, header: TraceHeader) {
    this.#name = name
    this.#header = header
    this.#mode = cacheModeOf(header.mode)
    this.#ordering = orderingModeOf(header.ordering)
    this.#sequence = new Sequence(header.sizeBytes)
  }

  *read(lines: Iterable<Line>): Generator<TracedEvent> {
    let isBefore = true
    for (const line of lines) {
      const fields = told(this.#name, line, () => new LineFields(line.text))
      if (isBefore && fields.has('before')) {
        told(this.#name, line, () => beforeImage(fields, this.#header))
        continue
      }
      isBefore = false
      yield* told(this.#name, line, () => this.#events(fields))
    }
  }

  /** The events of a line: one, or a submission and the start that follows from it. */
  #events(fields: LineFields): TracedEvent[] {
    const atNs = (this.#nowNs = fields.number('atNs', this.#nowNs))
    const events = this.#eventsOf(fields, atNs)
    fields.end()
    for (const event of events) {
      const fault = this.#sequence.fault(event)
      if (fault !== undefined) throw new FieldError(fault)
    }
    return events
  }

  #eventsOf(fields: LineFields, atNs: number): TracedEvent[] {
    if (fields.has('submit')) return this.#submit(fields, atNs)
    if (fields.has('start')) return [this.#start(fields, atNs)]
    if (fields.has('complete')) return [this.#complete(fields, atNs)]
    if (fields.has('syncStart')) return [{event: {kind: 'sync-start', sync: fields.count('syncStart'), atNs}}]
    if (fields.has('syncEnd')) {
      return [{event: {kind: 'sync-end', sync: fields.count('syncEnd'), errno: fields.errno('errno'), atNs}}]
    }
    if (fields.has('mark')) {
      return [{event: {kind: 'mark', name: fields.text('mark'), line: fields.count('line', 0), atNs}}]
    }
    if (fields.has('before')) throw new FieldError('content from before the trace comes ahead of all events')
    throw new FieldError('the line is none of submit, start, complete, syncStart, syncEnd, mark')
  }

  #submit(fields: LineFields, atNs: number): TracedEvent[] {
    const id = fields.count('submit')
    const name = fields.text('request')
    const type = typeOfName(name)
    if (type === undefined) throw new FieldError(`there is no request ${JSON.stringify(name)}`)
    const flags = flagsOf(type, fields.texts('flags'))
    if (flags === undefined) throw new FieldError(`${name} has no such flag`)
    const kind = kindOfType(type)
    const hasRange = kind === undefined || !['none', 'id', 'switch'].includes(kind.operands)
    const offsetBytes = fields.size('offsetBytes', hasRange && kind?.operands !== 'cdb' ? undefined : 0)
    const lengthBytes = fields.size('lengthBytes', hasRange && kind?.operands !== 'cdb' ? undefined : 0)
    const plan = fields.has('plan') ? planField(fields.any('plan')) : undefined
    const event = {kind: 'submit' as const, id, type, flags, offsetBytes, lengthBytes, ...(plan ? {plan} : {}), atNs}
    const starts = fields.flag('start', true)
    this.#plans.set(id, plan ?? plainPlan(event, this.#mode, this.#ordering))
    const data = this.#data(fields, id, lengthBytes, kind)
    const submitted: TracedEvent = data === undefined ? {event} : {event, data}
    return starts ? [submitted, {event: {kind: 'start', id, held: false, fresh: undefined, atNs}}] : [submitted]
  }

  #data(fields: LineFields, id: number, lengthBytes: number, kind: RequestKind | undefined): Uint8Array | undefined {
    const isWrite = kind?.operands === 'data' && kind.writes
    if (!fields.has('data') && !isWrite) return undefined
    if (!isWrite && kind?.operands !== 'cdb') throw new FieldError('only a write that carries data has "data"')
    if (lengthBytes > CONTENT_MAX_BYTES)
      throw new FieldError(`the data of one request ends at ${CONTENT_MAX_BYTES} bytes`)
    const data = fields.any('data')
    if (data === null) return undefined
    if (typeof data === 'string') return dataOf(data, lengthBytes)
    if (data !== undefined) throw new FieldError('data is not text')
    return new Uint8Array(lengthBytes).fill(((id - 1) % 255) + 1)
  }

  #start(fields: LineFields, atNs: number): TracedEvent {
    const id = fields.count('start')
    const held = fields.flag('held', false)
    const preSync = fields.flag('preSync', false)
    const fresh = fields.has('fresh') ? rangesOf(fields.any('fresh')) : undefined
    return {event: {kind: 'start', id, held, fresh, ...(preSync ? {preSync} : {}), atNs}}
  }

  #complete(fields: LineFields, atNs: number): TracedEvent {
    const id = fields.count('complete')
    const name = fields.text('status', 'OK')
    const status = STATUSES[name]
    if (status === undefined) throw new FieldError(`there is no status ${JSON.stringify(name)}`)
    const errno = fields.errno('errno')
    const marks = endMarks(this.#plans.get(id), status, errno)
    this.#plans.delete(id)
    const stable = fields.flag('stable', marks.stable)
    const ignored = fields.flag('ignored', marks.ignored)
    return {event: {kind: 'complete', id, status, errno, stable, ignored, atNs}}
  }
}

function planField(value: unknown): Plan {
  const fields = new LineFields(JSON.stringify(value))
  const type = typeOfName(fields.text('kind'))
  const operands = fields.text('operands') as RequestKind['operands']
  if (type === undefined) throw new FieldError('the plan is of a kind that does not exist')
  const facts = fields.texts('does')
  const unknown = facts.find((fact) => !(PLAN_FACTS as readonly string[]).includes(fact))
  if (unknown !== undefined) throw new FieldError(`no plan does ${JSON.stringify(unknown)}`)
  const plan = planOf({
    kind: type,
    writes: fields.flag('writes', false),
    flushes: fields.flag('flushes', false),
    operands,
    step: stepOf(fields.count('step')),
    flushCommands: fields.count('flushCommands', 0),
    facts: facts as readonly PlanFact[],
  })
  fields.end()
  return plan
}

function rangesOf(value: unknown): Range[] {
  if (!Array.isArray(value)) throw new FieldError('fresh is not a list of [offset, length]')
  return value.map((pair: unknown) => {
    const [offsetBytes, lengthBytes] = Array.isArray(pair) && pair.length === 2 ? (pair as unknown[]) : []
    const isRange = [offsetBytes, lengthBytes].every((part) => Number.isSafeInteger(part) && (part as number) >= 0)
    if (!isRange) throw new FieldError('fresh is not a list of [offset, length]')
    return {offsetBytes: offsetBytes as number, lengthBytes: lengthBytes as number}
  })
}
