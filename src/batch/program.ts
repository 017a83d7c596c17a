import type {StatusName} from '../request/index.js'
import type {SizeOperand} from './expression.js'
import type {RequestKeyword} from './keyword.js'
import type {NameSyntax} from './name.js'
import type {PatternSyntax} from './pattern.js'
import type {CdbSyntax, SenseExpectation} from './scsi.js'
import type {BarrierSyntax} from './side.js'

/** The longest batch text that is read: 64 MiB. */
export const BATCH_MAX_BYTES = 64 * 2 ** 20
/** The most requests a batch may expand to. */
export const REQUESTS_MAX = 1_000_000
/** The most requests, WAITs and MARKs together. */
export const STATEMENTS_MAX = 2 * REQUESTS_MAX
/** The most names all `after=` and `depends=` of an expanded batch may list together. */
export const DEPENDENCIES_MAX = 4 * REQUESTS_MAX
/** The most operands and names one line may hold. */
export const LINE_PIECES_MAX = 4096
/** The most operands and names a batch text may hold. */
export const PIECES_MAX = 8 * REQUESTS_MAX
/** The longest data of one request that is held in memory: 1 GiB. */
export const DATA_MAX_BYTES = 2 ** 30
/** The deepest nesting of REPEAT. */
export const LOOPS_MAX = 16

/** The options of a request as written. */
export interface RequestOptions {
  /** Room for what a SCSI command answers. */
  readonly dataIn: SizeOperand | undefined
  /** What a SCSI command sends. */
  readonly dataOut: PatternSyntax | undefined
  readonly pattern: PatternSyntax | undefined
  readonly verify: PatternSyntax | undefined
  /** Of FSYNC_RANGE: make the range stable. */
  readonly sync: boolean
  /** Of that: which metadata goes along. */
  readonly metadata: {readonly column: number; readonly which: 'data' | 'all'} | undefined
  readonly fua: boolean
  readonly preflush: {readonly column: number} | undefined
  readonly barrier: BarrierSyntax | undefined
  readonly unmap: boolean
  /** Raw flags of the segment, as `flags=` gives them. */
  readonly segmentFlags: SizeOperand | undefined
  /** How a SCSI command is to end. */
  readonly sense: SenseExpectation | undefined
  readonly as: NameSyntax | undefined
  readonly after: readonly NameSyntax[]
  /** What has to be stable before this is written. */
  readonly depends: readonly NameSyntax[]
  readonly expect: StatusName | undefined
}

export interface RequestNode {
  readonly kind: 'request'
  readonly line: number
  readonly column: number
  readonly keyword: RequestKeyword
  /** The raw type; only for TYPE. */
  readonly type: SizeOperand | undefined
  /** Undefined for keywords without a range. */
  readonly offset: SizeOperand | undefined
  readonly length: SizeOperand | undefined
  /** Only of SCSI commands. */
  readonly cdb: CdbSyntax | undefined
  /** Only of SET: whether it switches the write cache on. */
  readonly on: boolean | undefined
  readonly options: RequestOptions
}

export interface WaitNode {
  readonly kind: 'wait'
  readonly line: number
  readonly column: number
}

export interface MarkNode {
  readonly kind: 'mark'
  readonly line: number
  readonly column: number
  readonly name: NameSyntax
}

export interface RepeatNode {
  readonly kind: 'repeat'
  readonly line: number
  readonly column: number
  readonly count: SizeOperand
  /** At least one. */
  readonly body: readonly ProgramNode[]
}

/** A statement that stands for itself: what is left when every REPEAT is expanded. */
export type LeafNode = RequestNode | WaitNode | MarkNode
export type ProgramNode = LeafNode | RepeatNode

/** A batch as written: REPEATs, arithmetic and names not yet worked out. `line` and `column` say where, not what. */
export interface Program {
  readonly nodes: readonly ProgramNode[]
}
