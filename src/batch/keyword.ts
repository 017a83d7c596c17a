import {REQUEST_KINDS, WISH_KINDS, type RequestKind, type RequestName} from '../request/index.js'
import {nearest} from './nearest.js'

export type OperandName = 'type' | 'offset' | 'length' | 'CDB' | 'setting'

/** The first word of a request: its name, but SET for what is switched, and TYPE for any number. */
export type RequestKeyword = Exclude<RequestName, 'SET_WRITEBACK'> | 'SET' | 'TYPE'

/** What a request keyword is followed by. Options come from the option table, which asks for `kind`. */
export interface RequestGrammar {
  readonly keyword: RequestKeyword
  /** Undefined for TYPE, which sends any number. */
  readonly kind: RequestKind | undefined
  readonly operands: readonly OperandName[]
}

/** Every request keyword: one for each command and each wish of the request room, and TYPE. */
export const REQUEST_GRAMMARS: readonly RequestGrammar[] = [
  ...[...REQUEST_KINDS, ...WISH_KINDS].map((kind) => ({keyword: keywordOf(kind), kind, operands: operandsOf(kind)})),
  {keyword: 'TYPE', kind: undefined, operands: ['type', 'offset', 'length']},
]

function keywordOf({name}: RequestKind): RequestKeyword {
  return name === 'SET_WRITEBACK' ? 'SET' : name
}

function operandsOf(kind: RequestKind): readonly OperandName[] {
  switch (kind.operands) {
    case 'data':
    case 'segment':
    case 'range':
      return ['offset', 'length']
    case 'cdb':
      return ['CDB']
    case 'switch':
      return ['setting']
    case 'id':
    case 'none':
      return []
  }
}

const BY_KEYWORD: ReadonlyMap<string, RequestGrammar> = new Map(
  REQUEST_GRAMMARS.map((grammar) => [grammar.keyword, grammar]),
)

/** The grammar of a request keyword in capitals, or undefined. */
export function grammarOf(keyword: string): RequestGrammar | undefined {
  return BY_KEYWORD.get(keyword)
}

const KEYWORDS: readonly string[] = [...BY_KEYWORD.keys(), 'WAIT', 'MARK', 'REPEAT', 'END']

/** Words other tools use for the same thing. */
const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ['WRITE', 'OUT'],
  ['READ', 'IN'],
  ['SYNC', 'FLUSH'],
  ['FDATASYNC', 'FSYNC'],
  ['SYNC_FILE_RANGE', 'FSYNC_RANGE'],
  ['FENCE', 'BARRIER'],
  ['SET_WRITEBACK', 'SET writeback=1'],
  ['SCSI_CMD', 'SCSI'],
  ['CDB', 'SCSI'],
  ['TRIM', 'DISCARD'],
  ['UNMAP', 'DISCARD'],
  ['ZERO', 'WRITE_ZEROES'],
  ['LOOP', 'REPEAT'],
])

/** The next step for someone who wrote an unknown keyword. */
export function keywordHint(word: string): string {
  const meant = SYNONYMS.get(word.toUpperCase()) ?? nearest(word, KEYWORDS)
  return `${meant === undefined ? '' : `Did you mean ${meant}? `}A line starts with ${KEYWORDS.join(', ')}.`
}
