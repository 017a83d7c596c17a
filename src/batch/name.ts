import {counterText, counterValue, levelOf} from './counter.js'
import type {Frame} from './expression.js'
import {fault, show, spendPiece, type Scope} from './place.js'

/** A name as written: letters, digits, `_ . -`, and counters that are filled in for every turn of a REPEAT. */
export interface NameSyntax {
  readonly column: number
  /** Counters in their canonical form: `w${i}`. */
  readonly text: string
  /** The text cut at its counters, each replaced by its level; undefined when there are none. */
  readonly parts: readonly (string | number)[] | undefined
}

const NAME_MAX = 100
const FIRST = /[A-Za-z_]/
const PIECE = /[A-Za-z0-9_.-]+|\$\{i(0|[1-9]\d?)?\}/y
const PLAIN = /^[A-Za-z_][A-Za-z0-9_.-]*$/

/** Reads a name that fills the whole text. @throws ToolError of kind usage at the character that is wrong */
export function parseName(text: string, column: number, scope: Scope): NameSyntax {
  spendPiece(scope, column)
  if (!FIRST.test(text.charAt(0))) {
    const found = text === '' ? 'a name is missing' : `${show(text)} is not a name`
    throw fault(
      scope,
      column,
      found,
      'A name starts with a letter or _ and goes on with letters, digits, _ . - or ${i}.',
    )
  }
  if (text.length > NAME_MAX) throw fault(scope, column, `${show(text)} is longer than ${NAME_MAX} characters`)
  if (PLAIN.test(text)) return {column, text, parts: undefined}
  const parts: (string | number)[] = []
  for (let at = 0; at < text.length; at = PIECE.lastIndex) {
    PIECE.lastIndex = at
    const piece = PIECE.exec(text)
    if (!piece) {
      throw fault(
        scope,
        column + at,
        `${show(text.slice(at))} does not belong in a name`,
        'A name goes on with letters, digits, _ . - or ${i}.',
      )
    }
    parts.push(piece[0].startsWith('$') ? levelOf(piece[1], column + at, scope) : piece[0])
  }
  const canonical = parts.map((part) => (typeof part === 'number' ? counterText(part) : part)).join('')
  return {column, text: canonical, parts}
}

/** The name for this turn of the REPEATs around it. */
export function expandName(name: NameSyntax, frame: Frame): string {
  if (!name.parts) return name.text
  let text = ''
  for (const part of name.parts) text += typeof part === 'number' ? counterValue(part, frame.counters) : part
  return text
}
