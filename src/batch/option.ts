import type {RequestKind, StatusName} from '../request/index.js'
import {parseOperand, printExpression} from './expression.js'
import {parseName, type NameSyntax} from './name.js'
import {parsePattern, printPattern} from './pattern.js'
import {fault, show, type Scope} from './place.js'
import type {RequestOptions} from './program.js'

/** The options of a request while its line is read. */
export type OptionDraft = {-readonly [Name in keyof RequestOptions]: RequestOptions[Name]}

/** One option of the batch language: who takes it, how it is read, how it is printed. */
export interface OptionRow {
  readonly name: string
  readonly takesValue: boolean
  /** True when requests of this kind take the option; TYPE takes all. */
  readonly fits: (kind: RequestKind) => boolean
  /** Puts the value into the draft. @throws ToolError of kind usage at the character that is wrong */
  readonly read: (draft: OptionDraft, value: string, column: number, scope: Scope) => void
  /** The option as written, or undefined when it is not set. */
  readonly print: (options: RequestOptions) => string | undefined
}

/** No option set. Shared: most requests have none. */
export const NO_OPTIONS: RequestOptions = {
  pattern: undefined,
  verify: undefined,
  fua: false,
  barrier: false,
  unmap: false,
  segmentFlags: undefined,
  as: undefined,
  after: [],
  expect: undefined,
}

const always = (): boolean => true

/** Every option, in the order they are printed. */
export const OPTION_ROWS: readonly OptionRow[] = [
  {
    name: 'pattern',
    takesValue: true,
    fits: (kind) => kind.operands === 'data' && kind.writes,
    read: (draft, value, column, scope) => (draft.pattern = parsePattern(value, column, scope)),
    print: ({pattern}) => (pattern ? `pattern=${printPattern(pattern)}` : undefined),
  },
  {
    name: 'verify',
    takesValue: true,
    fits: (kind) => kind.operands === 'data' && !kind.writes,
    read: (draft, value, column, scope) => (draft.verify = parsePattern(value, column, scope)),
    print: ({verify}) => (verify ? `verify=${printPattern(verify)}` : undefined),
  },
  {
    name: 'fua',
    takesValue: false,
    fits: (kind) => kind.operands === 'data' && kind.writes,
    read: (draft) => (draft.fua = true),
    print: ({fua}) => (fua ? 'fua' : undefined),
  },
  {
    name: 'barrier',
    takesValue: false,
    fits: always,
    read: (draft) => (draft.barrier = true),
    print: ({barrier}) => (barrier ? 'barrier' : undefined),
  },
  {
    name: 'unmap',
    takesValue: false,
    fits: (kind) => kind.unmapStep !== undefined,
    read: (draft) => (draft.unmap = true),
    print: ({unmap}) => (unmap ? 'unmap' : undefined),
  },
  {
    name: 'flags',
    takesValue: true,
    fits: () => false,
    read: (draft, value, column, scope) => (draft.segmentFlags = parseOperand(value, column, scope)),
    print: ({segmentFlags}) => (segmentFlags ? `flags=${printExpression(segmentFlags.expression)}` : undefined),
  },
  {
    name: 'as',
    takesValue: true,
    fits: always,
    read: (draft, value, column, scope) => (draft.as = parseName(value, column, scope)),
    print: ({as}) => (as ? `as=${as.text}` : undefined),
  },
  {
    name: 'after',
    takesValue: true,
    fits: always,
    read: (draft, value, column, scope) => (draft.after = parseNames(value, column, scope)),
    print: ({after}) => (after.length > 0 ? `after=${after.map((name) => name.text).join(',')}` : undefined),
  },
  {
    name: 'expect',
    takesValue: true,
    fits: always,
    read: (draft, value, column, scope) => (draft.expect = parseExpect(value, column, scope)),
    print: ({expect}) => (expect ? `expect=${expect}` : undefined),
  },
]

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
