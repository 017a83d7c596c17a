import {fault, type Place} from './place.js'

/** A word of a line. Quotes and escapes are still in it. */
export interface Word {
  readonly text: string
  /** From 1. */
  readonly column: number
}

/** No statement has this many words: a longer line is refused before it fills memory. */
const WORDS_MAX = 64
const BLANK = /\s/

function isBlank(line: string, at: number): boolean {
  const code = line.charCodeAt(at)
  if (code > 127) return BLANK.test(line.charAt(at))
  return code === 32 || (code >= 9 && code <= 13)
}

/**
 * Splits a line at its blanks. A quote opens a part that may hold blanks and `#`; `#` at the start of a word ends the line.
 *
 * @throws ToolError of kind usage at a quote that is never closed
 */
export function splitWords(line: string, place: Place): Word[] {
  const words: Word[] = []
  let at = 0
  for (;;) {
    while (at < line.length && isBlank(line, at)) at++
    if (at >= line.length || line[at] === '#') return words
    const start = at
    while (at < line.length && !isBlank(line, at)) at = line[at] === '"' ? closingQuote(line, at, place) + 1 : at + 1
    if (words.length === WORDS_MAX) throw fault(place, start + 1, `more than ${WORDS_MAX} words on one line`)
    words.push({text: line.slice(start, at), column: start + 1})
  }
}

function closingQuote(line: string, open: number, place: Place): number {
  for (let at = open + 1; at < line.length; at++) {
    if (line[at] === '\\') at++
    else if (line[at] === '"') return at
  }
  throw fault(place, open + 1, 'this quote is never closed', 'Inside quotes a quote is written \\".')
}
