import {invariant, ToolError} from '../base/index.js'
import {
  BARRIER,
  ID_BYTES,
  kindOfType,
  TYPE_BARRIER_BIT,
  type RequestKind,
  type RequestName,
  type StatusName,
} from '../request/index.js'
import {countersText} from './counter.js'
import {offsetOf, sizeOf, type Frame} from './expression.js'
import {resolveFlags} from './flags.js'
import {grammarOf} from './keyword.js'
import {expandName, type NameSyntax} from './name.js'
import {OPTION_ROWS, optionLabel} from './option.js'
import {resolvePattern, type Pattern} from './pattern.js'
import type {StartOf} from './partition.js'
import {fault, tooMany, type Place} from './place.js'
import {
  DATA_MAX_BYTES,
  DEPENDENCIES_MAX,
  REQUESTS_MAX,
  STATEMENTS_MAX,
  type MarkNode,
  type Program,
  type RequestNode,
} from './program.js'
import {unresolvedName} from './reference.js'
import {outBytes, type SenseExpectation} from './scsi.js'
import {hasSides, printBarrier} from './side.js'
import {walk, type Visit} from './walk.js'

/** One request, ready to be submitted. */
export interface BatchRequest {
  /** From 1, over the requests of the batch in the order they run. */
  readonly id: number
  /** The line it was written on; shared by all turns of a REPEAT. */
  readonly line: number
  /** The number on the wire, BARRIER bit masked off; of a wish, the number of its kind. */
  readonly type: number
  readonly name: RequestName | `TYPE ${number}`
  /**
   * FLAG_* and RANGE_* bits; a segment's flags are shifted left by OPERAND_FLAGS_SHIFT, so that its unmap bit is FLAG_UNMAP.
   * FLAG_BARRIER_BIT is the BARRIER bit of a raw type.
   */
  readonly flags: number
  /** Exact up to 2^53, rounded beyond: such offsets lie outside every image. */
  readonly offsetBytes: number
  /** Of a SCSI command: the data out where it has a pattern, otherwise the room for data in. */
  readonly lengthBytes: number
  /** What an OUT writes or a SCSI command sends; undefined for requests that carry no data to the device. */
  readonly pattern: Pattern | undefined
  /** What an IN must find; undefined when anything will do. */
  readonly verify: Pattern | undefined
  readonly as: string | undefined
  /**
   * Ids of requests that must complete OK first. Each is smaller than `id`; none comes twice. Those of depends= are among them, and
   * FLAG_PREFLUSH makes them stable before the data of this one is written.
   */
  readonly after: readonly number[]
  /** The status the batch asks for; undefined asks for nothing. */
  readonly expect: StatusName | undefined
  /** Undefined for everything but SCSI commands; also for a raw TYPE with the number of one, which sends no CDB. */
  readonly scsi: BatchScsi | undefined
}

/** What only a SCSI command has. */
export interface BatchScsi {
  /** 1 to 16 bytes. */
  readonly cdb: Uint8Array
  /** Room for data in. With data out beside it the device refuses: a legacy request has one direction. */
  readonly inBytes: number
  /** The CHECK CONDITION the batch asks for, `none` for GOOD; undefined asks for nothing. */
  readonly sense: SenseExpectation | undefined
}

/** A step of the expanded batch. */
export type Statement =
  | {readonly kind: 'request'; readonly request: BatchRequest}
  | {readonly kind: 'wait'; readonly line: number}
  | {readonly kind: 'mark'; readonly name: string; readonly line: number}

interface Resolver {
  readonly program: Program
  readonly statements: Statement[]
  /** Name -> id. */
  readonly names: Map<string, number>
  /** Name -> line. */
  readonly marks: Map<string, number>
  requests: number
  dependencies: number
}

/**
 * Expands a program: REPEATs unrolled, arithmetic done, names turned into ids; a barrier on one side of a request becomes an
 * empty BARRIER of its own, with the line of that request and nothing else of it. Promises: every `after` points to an earlier
 * request, names and marks are unique, data lengths fit in memory. Whether the device likes a request is not asked here.
 *
 * @param sourceName what messages call the batch: its path, "-" or "-c"
 * @param startOf where the partitions of the image begin; without it, an offset that names one is refused
 * @throws ToolError of kind usage: E_BATCH_EMPTY when there is no request, E_BATCH with line and column for the rest
 */
export function resolveBatch(program: Program, sourceName: string, startOf?: StartOf): readonly Statement[] {
  const resolver: Resolver = {
    program,
    statements: [],
    names: new Map(),
    marks: new Map(),
    requests: 0,
    dependencies: 0,
  }
  const visit: Visit = (node, frame) => {
    switch (node.kind) {
      case 'request':
        addRequest(node, resolver, frame)
        break
      case 'wait':
        addStatement({kind: 'wait', line: node.line}, resolver, frame, node.column)
        break
      case 'mark': {
        const name = resolveMark(node, resolver, frame)
        addStatement({kind: 'mark', name, line: node.line}, resolver, frame, node.column)
      }
    }
    return true
  }
  walk(program, sourceName, visit, startOf)
  if (resolver.requests === 0) {
    throw new ToolError('usage', 'E_BATCH_EMPTY', `${sourceName}: the batch holds no request`, {
      hint: 'Write one request a line, for example: OUT 0 4k pattern=0xaa',
      context: {path: sourceName},
    })
  }
  return resolver.statements
}

function resolveMark(node: MarkNode, resolver: Resolver, frame: Frame): string {
  const name = expandName(node.name, frame)
  const first = resolver.marks.get(name)
  if (first !== undefined) throw duplicateName(`MARK ${name}`, node.name, first, frame)
  resolver.marks.set(name, node.line)
  return name
}

function addStatement(statement: Statement, {statements}: Resolver, place: Place, column: number): void {
  if (statements.length === STATEMENTS_MAX) throw tooMany(place, column, STATEMENTS_MAX, 'statements')
  statements.push(statement)
}

/** The request, and the empty BARRIER on the side that was asked for. */
function addRequest(node: RequestNode, resolver: Resolver, frame: Frame): void {
  const wire = typeOf(node, frame)
  if (wire.kind && node.type) checkRawOptions(node, wire.kind, frame)
  const side = wire.kind?.operands === 'range' ? undefined : node.options.barrier?.side
  if (side === 'before') addBarrier(node, resolver, frame)
  addStatement({kind: 'request', request: resolveRequest(node, wire, resolver, frame)}, resolver, frame, node.column)
  if (side === 'after') addBarrier(node, resolver, frame)
}

function addBarrier(node: RequestNode, resolver: Resolver, frame: Frame): void {
  const request: BatchRequest = {
    id: nextId(node, resolver, frame),
    line: node.line,
    type: BARRIER.type,
    name: BARRIER.name,
    flags: 0,
    offsetBytes: 0,
    lengthBytes: 0,
    pattern: undefined,
    verify: undefined,
    as: undefined,
    after: NO_IDS,
    expect: undefined,
    scsi: undefined,
  }
  addStatement({kind: 'request', request}, resolver, frame, node.column)
}

function nextId(node: RequestNode, resolver: Resolver, frame: Frame): number {
  if (resolver.requests === REQUESTS_MAX) throw tooMany(frame, node.column, REQUESTS_MAX, 'requests')
  return ++resolver.requests
}

function resolveRequest(node: RequestNode, wire: WireType, resolver: Resolver, frame: Frame): BatchRequest {
  const id = nextId(node, resolver, frame)
  const {options} = node
  const {type, kind} = wire
  const pattern = resolveData(node, kind, id, frame)
  const scsi = resolveScsi(node, frame)
  const lengthBytes = scsi ? scsiBytes(scsi, pattern, node, frame) : resolveLength(node, kind, frame)
  // Named after its dependencies are looked up: waiting for itself is a circle, not an earlier request.
  const after = resolveAfter(node, resolver, frame)
  return {
    id,
    line: node.line,
    type,
    name: kind ? kind.name : `TYPE ${type}`,
    flags: resolveFlags(node, kind, wire.barrierBit, frame),
    offsetBytes: node.offset ? offsetOf(node.offset, frame) : 0,
    lengthBytes,
    pattern,
    verify: options.verify && resolvePattern(options.verify, frame),
    as: options.as && define(options.as, id, resolver, frame),
    after,
    expect: options.expect,
    scsi,
  }
}

const TYPE_MAX = 2n ** 32n - 1n

/** The type of a request, its BARRIER bit apart. */
interface WireType {
  readonly type: number
  readonly barrierBit: boolean
  readonly kind: RequestKind | undefined
}

function typeOf(node: RequestNode, frame: Frame): WireType {
  if (node.type) {
    const number = sizeOf(node.type, 'type', frame, TYPE_MAX)
    // Masked before the table is asked: the numbers of wishes, which have that bit, never travel.
    const type = number % TYPE_BARRIER_BIT
    return {type, barrierBit: number >= TYPE_BARRIER_BIT, kind: kindOfType(type)}
  }
  const kind = grammarOf(node.keyword)?.kind
  invariant(kind !== undefined, `${node.keyword} has no type number`)
  return {type: kind.type, barrierBit: false, kind}
}

/** TYPE takes options of every kind; one that its number gives no meaning would be ignored in silence, or mean something else. */
function checkRawOptions({options}: RequestNode, kind: RequestKind, frame: Frame): void {
  const refused = (what: string, column: number): ToolError =>
    fault(frame, column, `${what} has no meaning for type ${kind.type}, ${kind.name}`)
  for (const row of OPTION_ROWS) {
    const column = row.columnOf?.(options)
    if (column !== undefined && !row.fits(kind)) throw refused(optionLabel(row), column)
  }
  const {barrier} = options
  if (barrier && barrier.side !== 'both' && !hasSides(kind)) throw refused(printBarrier(barrier), barrier.column)
}

function resolveLength(node: RequestNode, kind: RequestKind | undefined, frame: Frame): number {
  if (!node.length) return kind?.operands === 'id' ? ID_BYTES : 0
  return sizeOf(node.length, 'length', frame)
}

function resolveScsi({cdb, options}: RequestNode, frame: Frame): BatchScsi | undefined {
  if (!cdb) return undefined
  const {dataIn, sense} = options
  return {cdb: cdb.bytes, inBytes: dataIn ? sizeOf(dataIn, 'in', frame, BigInt(DATA_MAX_BYTES)) : 0, sense}
}

function scsiBytes({cdb, inBytes}: BatchScsi, pattern: Pattern | undefined, node: RequestNode, frame: Frame): number {
  if (!pattern) return inBytes
  const bytes = outBytes(cdb, pattern)
  if (bytes > DATA_MAX_BYTES) {
    throw fault(
      frame,
      node.options.dataOut?.column ?? node.column,
      `the CDB sends ${bytes} bytes: the data of one request ends at ${DATA_MAX_BYTES}`,
      'Take out= away to see what the device says to such a CDB.',
    )
  }
  return bytes
}

function resolveData(node: RequestNode, kind: RequestKind | undefined, id: number, frame: Frame): Pattern | undefined {
  const written = node.options.pattern ?? node.options.dataOut
  if (written) return resolvePattern(written, frame)
  return kind?.operands === 'data' && kind.writes ? {kind: 'seed', seed: id} : undefined
}

const NO_IDS: readonly number[] = []

function resolveAfter(node: RequestNode, resolver: Resolver, frame: Frame): readonly number[] {
  const {after, depends} = node.options
  const count = after.length + depends.length
  if (count === 0) return NO_IDS
  const [only] = after.length > 0 ? after : depends
  // An array made whole takes a tenth of the memory of one that was pushed to.
  if (only && count === 1) return [idOf(only, node, resolver, frame)]
  return [...new Set([...after, ...depends].map((name) => idOf(name, node, resolver, frame)))]
}

function idOf(name: NameSyntax, node: RequestNode, resolver: Resolver, frame: Frame): number {
  if (++resolver.dependencies > DEPENDENCIES_MAX) {
    throw fault(
      frame,
      name.column,
      `more than ${DEPENDENCIES_MAX} names after= and depends=`,
      'WAIT holds for everything before it.',
    )
  }
  const id = resolver.names.get(expandName(name, frame))
  if (id !== undefined) return id
  const own = node.options.as && expandName(node.options.as, frame)
  throw unresolvedName(resolver.program, frame, name, own)
}

function define(name: NameSyntax, id: number, resolver: Resolver, frame: Frame): string {
  const text = expandName(name, frame)
  const first = resolver.names.get(text)
  if (first !== undefined) throw duplicateName(text, name, lineOf(first, resolver.statements), frame)
  resolver.names.set(text, id)
  return text
}

function lineOf(id: number, statements: readonly Statement[]): number {
  const found = statements.find((statement) => statement.kind === 'request' && statement.request.id === id)
  return found?.kind === 'request' ? found.request.line : 0
}

function duplicateName(what: string, name: NameSyntax, firstLine: number, frame: Frame): ToolError {
  const message = `"${what}" was already defined on line ${firstLine}${countersText(frame.counters)}`
  const hint =
    frame.counters.length > 0 ? 'Inside REPEAT put the counter into the name: w${i}.' : 'Give each a name of its own.'
  return fault(frame, name.column, message, hint)
}
