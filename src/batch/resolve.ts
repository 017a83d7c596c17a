import {invariant, ToolError} from '../base/index.js'
import {
  FLAG_BARRIER,
  FLAG_FUA,
  FLAG_UNMAP,
  ID_BYTES,
  kindOfType,
  SEGMENT_UNMAP,
  TYPE_BARRIER_BIT,
  type RequestKind,
  type RequestName,
  type StatusName,
} from '../request/index.js'
import {countersText} from './counter.js'
import {sizeOf, type Frame} from './expression.js'
import {grammarOf} from './keyword.js'
import {expandName, type NameSyntax} from './name.js'
import {OPTION_ROWS} from './option.js'
import {resolvePattern, type Pattern} from './pattern.js'
import {fault, tooMany} from './place.js'
import {
  DEPENDENCIES_MAX,
  REQUESTS_MAX,
  STATEMENTS_MAX,
  type MarkNode,
  type Program,
  type RequestNode,
} from './program.js'
import {unresolvedName} from './reference.js'
import {walk} from './walk.js'

/** One request, ready to be submitted. */
export interface BatchRequest {
  /** From 1, over the requests of the batch in the order they run. */
  readonly id: number
  /** The line it was written on; shared by all turns of a REPEAT. */
  readonly line: number
  /** The number on the wire, BARRIER bit masked off. */
  readonly type: number
  readonly name: RequestName | `TYPE ${number}`
  /** FLAG_* and RANGE_* bits; a segment's flags are shifted left by OPERAND_FLAGS_SHIFT, so that its unmap bit is FLAG_UNMAP. */
  readonly flags: number
  /** Exact up to 2^53, rounded beyond: such offsets lie outside every image. */
  readonly offsetBytes: number
  readonly lengthBytes: number
  /** What an OUT writes; undefined for requests that carry no data to the device. */
  readonly pattern: Pattern | undefined
  /** What an IN must find; undefined when anything will do. */
  readonly verify: Pattern | undefined
  readonly as: string | undefined
  /** Ids of requests that must complete OK first. Each is smaller than `id`; none comes twice. */
  readonly after: readonly number[]
  /** The status the batch asks for; undefined asks for nothing. */
  readonly expect: StatusName | undefined
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
 * Expands a program: REPEATs unrolled, arithmetic done, names turned into ids. Promises: every `after` points to an earlier
 * request, names and marks are unique, data lengths fit in memory. Whether the device likes a request is not asked here.
 *
 * @param sourceName what messages call the batch: its path, "-" or "-c"
 * @throws ToolError of kind usage: E_BATCH_EMPTY when there is no request, E_BATCH with line and column for the rest
 */
export function resolveBatch(program: Program, sourceName: string): readonly Statement[] {
  const resolver: Resolver = {
    program,
    statements: [],
    names: new Map(),
    marks: new Map(),
    requests: 0,
    dependencies: 0,
  }
  const {statements} = resolver
  walk(program, sourceName, (node, frame) => {
    if (statements.length === STATEMENTS_MAX) throw tooMany(frame, node.column, STATEMENTS_MAX, 'statements')
    switch (node.kind) {
      case 'request':
        statements.push({kind: 'request', request: resolveRequest(node, resolver, frame)})
        break
      case 'wait':
        statements.push({kind: 'wait', line: node.line})
        break
      case 'mark':
        statements.push({kind: 'mark', name: resolveMark(node, resolver, frame), line: node.line})
    }
    return true
  })
  if (resolver.requests === 0) {
    throw new ToolError('usage', 'E_BATCH_EMPTY', `${sourceName}: the batch holds no request`, {
      hint: 'Write one request a line, for example: OUT 0 4k pattern=0xaa',
      context: {path: sourceName},
    })
  }
  return statements
}

function resolveMark(node: MarkNode, resolver: Resolver, frame: Frame): string {
  const name = expandName(node.name, frame)
  const first = resolver.marks.get(name)
  if (first !== undefined) throw duplicateName(`MARK ${name}`, node.name, first, frame)
  resolver.marks.set(name, node.line)
  return name
}

function resolveRequest(node: RequestNode, resolver: Resolver, frame: Frame): BatchRequest {
  if (resolver.requests === REQUESTS_MAX) throw tooMany(frame, node.column, REQUESTS_MAX, 'requests')
  const id = ++resolver.requests
  const {options} = node
  const number = typeNumber(node, frame)
  const type = number % TYPE_BARRIER_BIT
  const kind = kindOfType(type)
  if (node.keyword === 'TYPE') checkRawOptions(node, kind, frame)
  const lengthBytes = resolveLength(node, kind, frame)
  // Named after its dependencies are looked up: waiting for itself is a circle, not an earlier request.
  const after = options.after.length === 0 ? NO_IDS : resolveAfter(node, resolver, frame)
  return {
    id,
    line: node.line,
    type,
    name: kind ? kind.name : `TYPE ${type}`,
    flags: resolveFlags(node, number >= TYPE_BARRIER_BIT, frame),
    offsetBytes: node.offset ? sizeOf(node.offset, 'offset', frame) : 0,
    lengthBytes,
    pattern: resolveData(node, kind, id, frame),
    verify: options.verify && resolvePattern(options.verify, frame),
    as: options.as && define(options.as, id, resolver, frame),
    after,
    expect: options.expect,
  }
}

const TYPE_MAX = 2n ** 32n - 1n

function typeNumber(node: RequestNode, frame: Frame): number {
  if (node.type) return sizeOf(node.type, 'type', frame, TYPE_MAX)
  const kind = grammarOf(node.keyword)?.kind
  invariant(kind !== undefined, `${node.keyword} has no type number`)
  return kind.type
}

/** TYPE takes every option; one that its number gives no meaning would be ignored in silence. */
function checkRawOptions(node: RequestNode, kind: RequestKind | undefined, frame: Frame): void {
  if (!kind) return
  for (const row of OPTION_ROWS) {
    const syntax =
      row.name === 'pattern' ? node.options.pattern : row.name === 'verify' ? node.options.verify : undefined
    if (syntax && !row.fits(kind)) {
      throw fault(frame, syntax.column, `${row.name}= has no meaning for type ${kind.type}, ${kind.name}`)
    }
  }
}

function resolveLength(node: RequestNode, kind: RequestKind | undefined, frame: Frame): number {
  if (!node.length) return kind?.operands === 'id' ? ID_BYTES : 0
  return sizeOf(node.length, 'length', frame)
}

/** The most that fits above the modifiers in a non-negative 32-bit integer, which is how flags travel. */
const SEGMENT_FLAGS_MAX = 2n ** 27n - 1n

function resolveFlags(node: RequestNode, barrierBit: boolean, frame: Frame): number {
  const {fua, barrier, unmap, segmentFlags} = node.options
  const raw = segmentFlags ? sizeOf(segmentFlags, 'flags', frame, SEGMENT_FLAGS_MAX) : 0
  const segment = (raw | (unmap ? SEGMENT_UNMAP : 0)) * (FLAG_UNMAP / SEGMENT_UNMAP)
  return (fua ? FLAG_FUA : 0) | (barrier || barrierBit ? FLAG_BARRIER : 0) | segment
}

function resolveData(node: RequestNode, kind: RequestKind | undefined, id: number, frame: Frame): Pattern | undefined {
  if (node.options.pattern) return resolvePattern(node.options.pattern, frame)
  return kind?.operands === 'data' && kind.writes ? {kind: 'seed', seed: id} : undefined
}

const NO_IDS: readonly number[] = []

function resolveAfter(node: RequestNode, resolver: Resolver, frame: Frame): readonly number[] {
  const {after} = node.options
  const [only] = after
  // An array made whole takes a tenth of the memory of one that was pushed to.
  if (only && after.length === 1) return [idOf(only, node, resolver, frame)]
  return [...new Set(after.map((name) => idOf(name, node, resolver, frame)))]
}

function idOf(name: NameSyntax, node: RequestNode, resolver: Resolver, frame: Frame): number {
  if (++resolver.dependencies > DEPENDENCIES_MAX) {
    throw fault(
      frame,
      name.column,
      `more than ${DEPENDENCIES_MAX} names after=`,
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
