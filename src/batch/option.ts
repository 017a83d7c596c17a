import {FSYNC_RANGE, WISH_KINDS, type RequestKind, type StatusName} from '../request/index.js'
import {parseOperand, printExpression} from './expression.js'
import {parseName, type NameSyntax} from './name.js'
import {parsePattern, printPattern} from './pattern.js'
import {fault, show, type Scope} from './place.js'
import type {RequestOptions} from './program.js'
import {parseSense, printSense} from './scsi.js'
import {hasSides, parseBarrier, printBarrier} from './side.js'

/** The options of a request while its line is read. */
export type OptionDraft = {-readonly [Name in keyof RequestOptions]: RequestOptions[Name]}

/** One option of the batch language: who takes it, how it is read, how it is printed. */
export interface OptionRow {
  readonly name: string
  readonly takesValue: boolean
  /** True when requests of this kind take the option. */
  readonly fits: (kind: RequestKind) => boolean
  /** TYPE takes it, too: what it asks for can go with a number. */
  readonly raw: boolean
  /** For an option without value: true when requests of this kind may give it one all the same. */
  readonly mayHaveValue?: (kind: RequestKind) => boolean
  /** Puts the value into the draft. @throws ToolError of kind usage at the character that is wrong */
  readonly read: (draft: OptionDraft, value: string, column: number, scope: Scope) => void
  /** The option as written, or undefined when it is not set. */
  readonly print: (options: RequestOptions) => string | undefined
  /** Where it was written, of an option that a TYPE must not give to a kind it does not fit: it would mean something else there. */
  readonly columnOf?: (options: RequestOptions) => number | undefined
}

/** No option set. Shared: most requests have none. */
export const NO_OPTIONS: RequestOptions = {
  dataIn: undefined,
  dataOut: undefined,
  pattern: undefined,
  verify: undefined,
  sync: false,
  metadata: undefined,
  fua: false,
  preflush: undefined,
  barrier: undefined,
  unmap: false,
  segmentFlags: undefined,
  sense: undefined,
  as: undefined,
  after: [],
  depends: [],
  expect: undefined,
}

const always = (): boolean => true
const isCommand = (kind: RequestKind): boolean => kind.operands === 'cdb'
const isRangeSync = (kind: RequestKind): boolean => kind === FSYNC_RANGE

/** Every option, in the order they are printed. */
export const OPTION_ROWS: readonly OptionRow[] = [
  {
    name: 'in',
    takesValue: true,
    fits: isCommand,
    raw: false,
    read: (draft, value, column, scope) => (draft.dataIn = parseOperand(value, column, scope)),
    print: ({dataIn}) => (dataIn ? `in=${printExpression(dataIn.expression)}` : undefined),
  },
  {
    name: 'out',
    takesValue: true,
    fits: isCommand,
    raw: false,
    read: (draft, value, column, scope) => (draft.dataOut = parsePattern(value, column, scope)),
    print: ({dataOut}) => (dataOut ? `out=${printPattern(dataOut)}` : undefined),
  },
  {
    name: 'pattern',
    takesValue: true,
    fits: (kind) => kind.operands === 'data' && kind.writes,
    raw: true,
    read: (draft, value, column, scope) => (draft.pattern = parsePattern(value, column, scope)),
    print: ({pattern}) => (pattern ? `pattern=${printPattern(pattern)}` : undefined),
    columnOf: ({pattern}) => pattern?.column,
  },
  {
    name: 'verify',
    takesValue: true,
    fits: (kind) => kind.operands === 'data' && !kind.writes,
    raw: true,
    read: (draft, value, column, scope) => (draft.verify = parsePattern(value, column, scope)),
    print: ({verify}) => (verify ? `verify=${printPattern(verify)}` : undefined),
    columnOf: ({verify}) => verify?.column,
  },
  {
    name: 'sync',
    takesValue: false,
    fits: isRangeSync,
    raw: false,
    read: (draft) => (draft.sync = true),
    print: ({sync}) => (sync ? 'sync' : undefined),
  },
  metadataRow('data'),
  metadataRow('all'),
  {
    name: 'fua',
    takesValue: false,
    fits: (kind) => kind.operands === 'data' && kind.writes,
    raw: true,
    read: (draft) => (draft.fua = true),
    print: ({fua}) => (fua ? 'fua' : undefined),
  },
  {
    name: 'preflush',
    takesValue: false,
    fits: (kind) => kind.writes,
    raw: true,
    read: (draft, _, column) => (draft.preflush = {column}),
    print: ({preflush}) => (preflush ? 'preflush' : undefined),
    columnOf: ({preflush}) => preflush?.column,
  },
  {
    name: 'barrier',
    takesValue: false,
    // A wish is no request of the block layer, and a SCSI command passes it by: neither can be a barrier of it.
    fits: (kind) => isRangeSync(kind) || !(WISH_KINDS.includes(kind) || isCommand(kind)),
    raw: true,
    mayHaveValue: hasSides,
    read: (draft, value, column, scope) => (draft.barrier = parseBarrier(value, column, scope)),
    print: ({barrier}) => barrier && printBarrier(barrier),
    columnOf: ({barrier}) => barrier?.column,
  },
  {
    name: 'unmap',
    takesValue: false,
    fits: (kind) => kind.unmapStep !== undefined,
    raw: true,
    read: (draft) => (draft.unmap = true),
    print: ({unmap}) => (unmap ? 'unmap' : undefined),
  },
  {
    name: 'flags',
    takesValue: true,
    fits: () => false,
    raw: true,
    read: (draft, value, column, scope) => (draft.segmentFlags = parseOperand(value, column, scope)),
    print: ({segmentFlags}) => (segmentFlags ? `flags=${printExpression(segmentFlags.expression)}` : undefined),
  },
  {
    name: 'sense',
    takesValue: true,
    fits: isCommand,
    raw: false,
    read: (draft, value, column, scope) => (draft.sense = parseSense(value, column, scope)),
    print: ({sense}) => (sense ? `sense=${printSense(sense)}` : undefined),
  },
  {
    name: 'as',
    takesValue: true,
    fits: always,
    raw: true,
    read: (draft, value, column, scope) => (draft.as = parseName(value, column, scope)),
    print: ({as}) => (as ? `as=${as.text}` : undefined),
  },
  {
    name: 'after',
    takesValue: true,
    fits: always,
    raw: true,
    read: (draft, value, column, scope) => (draft.after = parseNames(value, column, scope)),
    print: ({after}) => printNames('after', after),
  },
  {
    name: 'depends',
    takesValue: true,
    fits: (kind) => kind.writes,
    raw: true,
    read: (draft, value, column, scope) => (draft.depends = parseNames(value, column, scope)),
    print: ({depends}) => printNames('depends', depends),
    columnOf: ({depends}) => depends[0]?.column,
  },
  {
    name: 'expect',
    takesValue: true,
    fits: always,
    raw: true,
    read: (draft, value, column, scope) => (draft.expect = parseExpect(value, column, scope)),
    print: ({expect}) => (expect ? `expect=${expect}` : undefined),
  },
]

/** How a message calls the option. */
export function optionLabel(row: OptionRow): string {
  return row.takesValue ? `${row.name}=` : row.name
}

/** True when requests of a kind take the option; without a kind, when TYPE does. */
export function optionFits(row: OptionRow, kind: RequestKind | undefined): boolean {
  return kind ? row.fits(kind) : row.raw
}

/** True when the option may be given a value, though it needs none. */
export function mayHaveValue(row: OptionRow, kind: RequestKind | undefined): boolean {
  return row.mayHaveValue !== undefined && (kind === undefined || row.mayHaveValue(kind))
}

const METADATA_HINT =
  'data (the default) takes the metadata along that reading the data needs, all takes all metadata of the file.'

/** How much of the metadata a sync of a range takes along: two words for one choice. */
function metadataRow(name: 'data' | 'all'): OptionRow {
  return {
    name,
    takesValue: false,
    fits: isRangeSync,
    raw: false,
    read: (draft, _, column, scope) => {
      if (draft.metadata) {
        throw fault(scope, column, `${draft.metadata.which} and ${name} exclude each other`, METADATA_HINT)
      }
      draft.metadata = {column, which: name}
    },
    print: ({metadata}) => (metadata?.which === name ? name : undefined),
  }
}

/**
 * Refuses an FSYNC_RANGE that asks for nothing.
 *
 * @param end one past the last word of the line
 * @throws ToolError of kind usage
 */
export function checkRangeSync({sync, metadata, barrier}: RequestOptions, end: number, scope: Scope): void {
  if (metadata && !sync) {
    throw fault(scope, metadata.column, `${metadata.which} has no meaning without sync`, 'Add sync, or take it away.')
  }
  if (sync || barrier) return
  const hint = 'sync makes the range stable; barrier, barrier=before or barrier=after orders the writes around it.'
  throw fault(scope, end, 'FSYNC_RANGE needs sync or barrier', hint)
}

function printNames(option: string, names: readonly NameSyntax[]): string | undefined {
  return names.length > 0 ? `${option}=${names.map((name) => name.text).join(',')}` : undefined
}

function parseNames(text: string, column: number, scope: Scope): readonly NameSyntax[] {
  // Nearly every list is one name: an array made whole takes a tenth of the memory of one that was pushed to.
  if (!text.includes(',')) return [parseName(text, column, scope)]
  const names: NameSyntax[] = []
  for (let at = 0; at <= text.length;) {
    const comma = text.indexOf(',', at)
    const end = comma < 0 ? text.length : comma
    names.push(parseName(text.slice(at, end), column + at, scope))
    at = end + 1
  }
  return names
}

const STATUSES: readonly StatusName[] = ['OK', 'IOERR', 'UNSUPP', 'CANCELED']

function parseExpect(text: string, column: number, scope: Scope): StatusName {
  const status = STATUSES.find((name) => name === text.toUpperCase())
  if (status === undefined) {
    throw fault(scope, column, `${show(text)} is not a status`, `Choose from ${STATUSES.join(', ')}.`)
  }
  return status
}
