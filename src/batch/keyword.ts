import {REQUEST_KINDS, type RequestKind, type RequestName} from '../request/index.js'
import {nearest} from './nearest.js'

export type OperandName = 'type' | 'offset' | 'length'

/** What a request keyword is followed by. Options come from the option table, which asks for `kind`. */
export interface RequestGrammar {
  readonly keyword: RequestName | 'TYPE'
  /** Undefined for TYPE, which sends any number. */
  readonly kind: RequestKind | undefined
  readonly operands: readonly OperandName[]
}

/** Every request keyword: one for each kind in the request room, and TYPE. */
export const REQUEST_GRAMMARS: readonly RequestGrammar[] = [
  ...REQUEST_KINDS.map((kind) => ({keyword: kind.name, kind, operands: operandsOf(kind)})),
  {keyword: 'TYPE', kind: undefined, operands: ['type', 'offset', 'length']},
]

function operandsOf(kind: RequestKind): readonly OperandName[] {
  switch (kind.operands) {
    case 'data':
    case 'segment':
    case 'range':
      return ['offset', 'length']
    case 'cdb':
    case 'switch':
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
  ['FSYNC', 'FLUSH'],
  ['TRIM', 'DISCARD'],
  ['UNMAP', 'DISCARD'],
  ['ZERO', 'WRITE_ZEROES'],
  ['BARRIER', 'FLUSH barrier'],
  ['LOOP', 'REPEAT'],
])

/** The next step for someone who wrote an unknown keyword. */
export function keywordHint(word: string): string {
  const meant = SYNONYMS.get(word.toUpperCase()) ?? nearest(word, KEYWORDS)
  return `${meant === undefined ? '' : `Did you mean ${meant}? `}A line starts with ${KEYWORDS.join(', ')}.`
}
