import type {ToolError} from '../base/index.js'
import {parseOperand, printExpression, sizeOf, type Frame, type SizeOperand} from './expression.js'
import {fault, show, type Scope} from './place.js'
import {readQuoted, writeQuoted} from './quote.js'

/** The bytes of a range, told in a few words. Shorter than the range means repeated. */
export type Pattern =
  | {readonly kind: 'byte'; readonly value: number}
  | {readonly kind: 'hex'; readonly bytes: Uint8Array}
  /** UTF-8, never empty. */
  | {readonly kind: 'text'; readonly text: string}
  /** Reproducible random bytes; 0 to 2^53-1. */
  | {readonly kind: 'seed'; readonly seed: number}
  /** The content of a file from an offset on. */
  | {readonly kind: 'file'; readonly path: string; readonly offsetBytes: number}

/** A pattern as written: `seed:` and `@` hold arithmetic that is worked out for every turn of a REPEAT. */
export type PatternSyntax =
  | {
      readonly kind: 'plain'
      readonly column: number
      readonly pattern: Extract<Pattern, {kind: 'byte' | 'hex' | 'text'}>
    }
  | {readonly kind: 'seed'; readonly column: number; readonly seed: SizeOperand}
  | {readonly kind: 'file'; readonly column: number; readonly path: string; readonly offset: SizeOperand | undefined}

const PATTERN_RULE = '0xNN (a byte), hex:..., text:"...", seed:N or file:PATH[@OFFSET]'
const NUMBER_MAX = BigInt(Number.MAX_SAFE_INTEGER)

/** Reads a pattern that fills the whole text. @throws ToolError of kind usage at the character that is wrong */
export function parsePattern(text: string, column: number, scope: Scope): PatternSyntax {
  if (/^0x/i.test(text)) return parseByte(text, column, scope)
  const colon = text.indexOf(':')
  const rest = text.slice(colon + 1)
  const restColumn = column + colon + 1
  switch (text.slice(0, colon + 1).toLowerCase()) {
    case 'hex:':
      return parseHex(rest, column, restColumn, scope)
    case 'text:':
      return parseText(rest, column, restColumn, scope)
    case 'seed:':
      return {kind: 'seed', column, seed: parseOperand(rest, restColumn, scope)}
    case 'file:':
      return parseFile(rest, column, restColumn, scope)
    default:
      throw fault(scope, column, `${show(text)} is not a pattern`, `A pattern is ${PATTERN_RULE}.`)
  }
}

function parseByte(text: string, column: number, scope: Scope): PatternSyntax {
  if (!/^0x[0-9a-f]+$/i.test(text)) throw fault(scope, column, `${show(text)} is not a byte`, 'Write 0x00 to 0xff.')
  const digits = text.slice(2).replace(/^0+(?=.)/, '')
  if (digits.length > 2) {
    throw fault(scope, column, `${show(text)} is more than a byte`, 'Write 0x00 to 0xff, or several bytes with hex:...')
  }
  return {kind: 'plain', column, pattern: {kind: 'byte', value: parseInt(digits, 16)}}
}

function parseHex(digits: string, column: number, digitsColumn: number, scope: Scope): PatternSyntax {
  const wrong = digits.search(/[^0-9a-fA-F]/)
  if (wrong >= 0) throw fault(scope, digitsColumn + wrong, `${show(digits.slice(wrong))} is not a hex digit`)
  if (digits === '') throw fault(scope, digitsColumn, 'hex: needs digits', 'Write two for each byte: hex:00ff.')
  if (digits.length % 2 !== 0) {
    throw fault(scope, digitsColumn, `hex: has ${digits.length} digits, an odd number`, 'Write two for each byte.')
  }
  const bytes = new Uint8Array(digits.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(digits.slice(2 * i, 2 * i + 2), 16)
  return {kind: 'plain', column, pattern: {kind: 'hex', bytes}}
}

function parseText(rest: string, column: number, restColumn: number, scope: Scope): PatternSyntax {
  if (!rest.startsWith('"')) throw fault(scope, restColumn, 'text: needs quotes', 'Write text:"..."')
  const {value, end} = readQuoted(rest, 0, restColumn, scope)
  if (end < rest.length) throw trailing(rest, end, restColumn, scope)
  if (value === '') throw fault(scope, restColumn, 'text: is empty: there is nothing to repeat')
  return {kind: 'plain', column, pattern: {kind: 'text', text: value}}
}

function parseFile(rest: string, column: number, restColumn: number, scope: Scope): PatternSyntax {
  let path: string
  let at: number
  if (rest.startsWith('"')) {
    const quoted = readQuoted(rest, 0, restColumn, scope)
    path = quoted.value
    at = quoted.end
    if (at < rest.length && rest[at] !== '@') throw trailing(rest, at, restColumn, scope)
  } else {
    at = rest.includes('@') ? rest.lastIndexOf('@') : rest.length
    path = rest.slice(0, at)
    const quote = path.indexOf('"')
    if (quote >= 0) throw fault(scope, restColumn + quote, 'a quoted path starts with its quote', 'Write file:"..."')
  }
  if (path === '') throw fault(scope, restColumn, 'file: needs a path')
  if (path.includes('\0')) throw fault(scope, restColumn, 'a path holds no NUL byte')
  const offset = at < rest.length ? parseFileOffset(rest.slice(at + 1), restColumn + at + 1, scope) : undefined
  return {kind: 'file', column, path, offset}
}

function parseFileOffset(text: string, column: number, scope: Scope): SizeOperand {
  if (text !== '') return parseOperand(text, column, scope)
  throw fault(scope, column, 'the offset after @ is missing', 'A path that holds @ is written in quotes: file:"..."')
}

function trailing(rest: string, end: number, restColumn: number, scope: Scope): ToolError {
  return fault(scope, restColumn + end, `${show(rest.slice(end))} follows the closing quote`)
}

/** A path that needs no quotes: nothing that ends a word, starts a quote or reads as an offset. */
const BARE_PATH = /^[^\s"@\\\p{Cc}]+$/u

/** The pattern as text that parses back to it. */
export function printPattern(syntax: PatternSyntax): string {
  switch (syntax.kind) {
    case 'plain':
      return printPlain(syntax.pattern)
    case 'seed':
      return `seed:${printExpression(syntax.seed.expression)}`
    case 'file': {
      const path = BARE_PATH.test(syntax.path) ? syntax.path : writeQuoted(syntax.path)
      return `file:${path}${syntax.offset ? `@${printExpression(syntax.offset.expression)}` : ''}`
    }
  }
}

function printPlain(pattern: Extract<Pattern, {kind: 'byte' | 'hex' | 'text'}>): string {
  switch (pattern.kind) {
    case 'byte':
      return `0x${pattern.value.toString(16).padStart(2, '0')}`
    case 'hex':
      return `hex:${Array.from(pattern.bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
    case 'text':
      return `text:${writeQuoted(pattern.text)}`
  }
}

/** The pattern for this turn of the REPEATs around it. @throws ToolError of kind usage when its arithmetic goes wrong */
export function resolvePattern(syntax: PatternSyntax, frame: Frame): Pattern {
  switch (syntax.kind) {
    case 'plain':
      return syntax.pattern
    case 'seed':
      return {kind: 'seed', seed: sizeOf(syntax.seed, 'seed', frame, NUMBER_MAX)}
    case 'file': {
      const offsetBytes = syntax.offset ? sizeOf(syntax.offset, 'file offset', frame, NUMBER_MAX) : 0
      return {kind: 'file', path: syntax.path, offsetBytes}
    }
  }
}
