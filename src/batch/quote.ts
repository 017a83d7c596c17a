import {fault, show, type Scope} from './place.js'

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['n', '\n'],
  ['t', '\t'],
])

/** A quoted text and where the rest of its word goes on. */
export interface Quoted {
  readonly value: string
  readonly end: number
}

/**
 * Reads quoted text. The word splitter has seen to it that the closing quote is there.
 *
 * @param at index of the opening quote
 * @param column the column of the word's first character
 * @throws ToolError of kind usage at the escape that is wrong
 */
export function readQuoted(word: string, at: number, column: number, scope: Scope): Quoted {
  const parts: string[] = []
  let from = at + 1
  let i = from
  for (; i < word.length && word[i] !== '"'; i++) {
    if (word[i] !== '\\') continue
    parts.push(word.slice(from, i))
    const escape = readEscape(word, i, column, scope)
    parts.push(escape.value)
    i = escape.end - 1
    from = escape.end
  }
  parts.push(word.slice(from, i))
  return {value: parts.join(''), end: i + 1}
}

function readEscape(word: string, at: number, column: number, scope: Scope): Quoted {
  const letter = word.charAt(at + 1)
  const plain = ESCAPES.get(letter)
  if (plain !== undefined) return {value: plain, end: at + 2}
  if (letter === 'x') {
    const digits = word.slice(at + 2, at + 4)
    if (/^[0-7][0-9a-fA-F]$/.test(digits)) return {value: String.fromCharCode(parseInt(digits, 16)), end: at + 4}
    const hint = /^[89a-fA-F][0-9a-fA-F]$/.test(digits)
      ? 'Quoted text is UTF-8: \\x ends at 7f. Write raw bytes with hex:...'
      : 'Write two hex digits, \\x00 to \\x7f.'
    throw fault(scope, column + at, `${show(word.slice(at, at + 4))} is not an escape`, hint)
  }
  throw fault(
    scope,
    column + at,
    `${show(word.slice(at, at + 2))} is not an escape`,
    'Escapes are \\" \\\\ \\n \\t \\xNN.',
  )
}

/** The text in quotes, so that readQuoted reads it back. */
export function writeQuoted(text: string): string {
  const escaped = text.replaceAll(/["\\\p{Cc}]/gu, (char) => {
    switch (char) {
      case '"':
        return '\\"'
      case '\\':
        return '\\\\'
      case '\n':
        return '\\n'
      case '\t':
        return '\\t'
      default:
        // Control characters from 80 on have no escape, and none ends a line.
        return char > '\x7f' ? char : `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
    }
  })
  return `"${escaped}"`
}
