import {formatSize, parseSize, SECTOR_BYTES, SIZE_RULE, ToolError} from '../base/index.js'
import {COUNTER, counterText, countersText, counterValue, levelOf} from './counter.js'
import {partitionStart, startBytes, type PartitionStart, type StartOf} from './partition.js'
import {fault, show, spendPiece, type Place, type Scope} from './place.js'

/**
 * Arithmetic over sizes, REPEAT counters and, in an offset, the starts of partitions. Products bind tighter than sums; both read
 * from the left.
 */
export type SizeExpression =
  /** A size up to 2^53-1: nearly all of them, and the only ones arithmetic is fast with. */
  | {readonly kind: 'number'; readonly value: number}
  /** A size from 2^53 on. */
  | {readonly kind: 'large'; readonly value: bigint}
  | {readonly kind: 'counter'; readonly level: number}
  | PartitionStart
  | {readonly kind: 'sum'; readonly terms: readonly Term[]}
  | {readonly kind: 'product'; readonly factors: readonly SizeExpression[]}

/** One of at least two terms of a sum; the first is never subtracted. */
export interface Term {
  readonly minus: boolean
  readonly value: SizeExpression
}

/** An expression and the column it starts at. */
export interface SizeOperand {
  readonly column: number
  readonly expression: SizeExpression
}

/** Where a statement is being worked out: its line, the counters around it, outermost first, and the partitions of the image. */
export interface Frame extends Place {
  readonly counters: readonly number[]
  /** Left out where no image is known. */
  readonly startOf?: StartOf | undefined
}

const SIZE_MAX = 2n ** 64n - 1n
/** Intermediate results end here: far above every size, far below what makes arithmetic slow. */
const INTERMEDIATE_MAX = 2n ** 128n
const PARENTHESES_MAX = 32
const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER)
/** No size needs more characters; longer ones are refused before anything is computed from them. */
const NUMBER_TEXT_MAX = 64

interface Scanner {
  readonly text: string
  readonly column: number
  readonly scope: Scope
  /** True in an offset, which may name partitions. */
  readonly isOffset: boolean
  at: number
  open: number
}

/** An operand without arithmetic. */
const PLAIN = /^[0-9A-Za-z.]+$/

/** Reads a size expression that fills the whole text. @throws ToolError of kind usage at the character that is wrong */
export function parseOperand(text: string, column: number, scope: Scope): SizeOperand {
  return parseExpression(text, column, scope, false)
}

/** Reads an offset in the image: a size expression in which `p2` is the start of a partition. @throws ToolError as parseOperand does */
export function parseOffset(text: string, column: number, scope: Scope): SizeOperand {
  return parseExpression(text, column, scope, true)
}

function parseExpression(text: string, column: number, scope: Scope, isOffset: boolean): SizeOperand {
  if (PLAIN.test(text)) {
    spendPiece(scope, column)
    return {column, expression: parseNumber(text, column, scope, isOffset)}
  }
  const scanner: Scanner = {text, column, scope, isOffset, at: 0, open: 0}
  const expression = parseSum(scanner)
  if (scanner.at < text.length) throw unexpected(scanner, 'an operator')
  return {column, expression}
}

function parseSum(scanner: Scanner): SizeExpression {
  const first = parseProduct(scanner)
  let char = scanner.text[scanner.at]
  if (char !== '+' && char !== '-') return first
  const terms: Term[] = [{minus: false, value: first}]
  while (char === '+' || char === '-') {
    scanner.at++
    terms.push({minus: char === '-', value: parseProduct(scanner)})
    char = scanner.text[scanner.at]
  }
  return {kind: 'sum', terms}
}

function parseProduct(scanner: Scanner): SizeExpression {
  const first = parseAtom(scanner)
  if (scanner.text[scanner.at] !== '*') return first
  const factors = [first]
  while (scanner.text[scanner.at] === '*') {
    scanner.at++
    factors.push(parseAtom(scanner))
  }
  return {kind: 'product', factors}
}

const NUMBER = /[0-9A-Za-z.]+/y

function parseAtom(scanner: Scanner): SizeExpression {
  const {text, scope, isOffset} = scanner
  const column = scanner.column + scanner.at
  spendPiece(scope, column)
  if (text[scanner.at] === '(') return parseParentheses(scanner)
  if (text[scanner.at] === '$') {
    COUNTER.lastIndex = scanner.at
    const counter = COUNTER.exec(text)
    if (!counter) throw unexpected(scanner, '${i}, ${i1} ...')
    scanner.at = COUNTER.lastIndex
    return {kind: 'counter', level: levelOf(counter[1], column, scope)}
  }
  NUMBER.lastIndex = scanner.at
  const number = NUMBER.exec(text)?.[0]
  if (number === undefined) throw unexpected(scanner, 'a size')
  scanner.at = NUMBER.lastIndex
  return parseNumber(number, column, scope, isOffset)
}

function parseParentheses(scanner: Scanner): SizeExpression {
  const column = scanner.column + scanner.at
  if (++scanner.open > PARENTHESES_MAX) {
    throw fault(scanner.scope, column, `more than ${PARENTHESES_MAX} parentheses inside each other`)
  }
  scanner.at++
  const inside = parseSum(scanner)
  if (scanner.text[scanner.at] !== ')') {
    if (scanner.at < scanner.text.length) throw unexpected(scanner, 'an operator or ")"')
    throw fault(scanner.scope, column, 'this "(" is never closed', 'Arithmetic is one word: write it without blanks.')
  }
  scanner.at++
  scanner.open--
  return inside
}

function parseNumber(text: string, column: number, scope: Scope, isOffset: boolean): SizeExpression {
  if (text.startsWith('p')) {
    const start = partitionStart(text, column)
    if (start && isOffset) return start
    if (start) throw fault(scope, column, `${show(text)} is where a partition begins, which only an offset can be`)
  }
  if (text.length > NUMBER_TEXT_MAX) throw fault(scope, column, `${show(text)} is not a size`, `Write ${SIZE_RULE}.`)
  try {
    const value = parseSize(text)
    return value <= SAFE_MAX ? {kind: 'number', value: Number(value)} : {kind: 'large', value}
  } catch (error) {
    if (error instanceof ToolError) throw fault(scope, column, error.message, error.hint)
    throw error
  }
}

function unexpected(scanner: Scanner, wanted: string): ToolError {
  const rest = scanner.text.slice(scanner.at)
  const found = rest === '' ? `nothing after ${show(scanner.text)}` : show(rest)
  const hint =
    rest.startsWith('-') && wanted === 'a size'
      ? 'Sizes and offsets are never negative.'
      : `A size is ${SIZE_RULE}; sizes and \${i} are joined by + - * and parentheses, without blanks.`
  return fault(scanner.scope, scanner.column + scanner.at, `expected ${wanted}, found ${found}`, hint)
}

/** The expression as text that parses back to it. */
export function printExpression(expression: SizeExpression): string {
  switch (expression.kind) {
    case 'number':
      return formatSize(BigInt(expression.value))
    case 'large':
      return formatSize(expression.value)
    case 'counter':
      return counterText(expression.level)
    case 'partition':
      return `p${expression.number}`
    case 'sum':
      return expression.terms.map(printTerm).join('')
    case 'product':
      return expression.factors.map(printFactor).join('*')
  }
}

function printTerm(term: Term, i: number): string {
  const text = printExpression(term.value)
  const sign = i === 0 ? '' : term.minus ? '-' : '+'
  return `${sign}${term.value.kind === 'sum' ? `(${text})` : text}`
}

function printFactor(factor: SizeExpression): string {
  const text = printExpression(factor)
  return factor.kind === 'sum' || factor.kind === 'product' ? `(${text})` : text
}

/**
 * The value of an operand: exact up to 2^53, rounded beyond.
 *
 * @param what names the operand in the message: "offset", "length" ...
 * @param max the largest value allowed, 2^64-1 unless told
 * @throws ToolError of kind usage, with the counters, when the exact result is negative or larger than `max`
 */
export function sizeOf(operand: SizeOperand, what: string, frame: Frame, max = SIZE_MAX): number {
  const {column, expression} = operand
  const fast = evaluateFast(expression, frame)
  if (fast >= 0 && (max === SIZE_MAX || fast <= max)) return fast
  const value = evaluate(expression, frame)
  if (value !== undefined && value >= 0n && value <= max) return Number(value)
  const found = value === undefined ? 'overflows' : `is ${value}`
  const wrong = value !== undefined && value < 0n ? 'it cannot be negative' : `it ends at ${max}`
  const hint = 'Check the arithmetic: suffixes multiply first, and ${i} counts from 0.'
  throw fault(frame, column, `${what} ${found}${countersText(frame.counters)}: ${wrong}`, hint)
}

/**
 * The value of an offset. One that names a partition lies on a sector: nobody who does is testing what a device says to half of one.
 *
 * @throws ToolError of kind usage as sizeOf does; for a partition that is not there; for such an offset within a sector
 */
export function offsetOf(operand: SizeOperand, frame: Frame): number {
  const bytes = sizeOf(operand, 'offset', frame)
  if (bytes % SECTOR_BYTES !== 0 && namesPartition(operand.expression)) {
    const within = `offset is byte ${bytes}${countersText(frame.counters)}, within a sector`
    throw fault(frame, operand.column, within, `A sector has ${SECTOR_BYTES} bytes: add a multiple of it, as in p2+8s.`)
  }
  return bytes
}

function namesPartition(expression: SizeExpression): boolean {
  switch (expression.kind) {
    case 'partition':
      return true
    case 'number':
    case 'large':
    case 'counter':
      return false
    case 'sum':
      return expression.terms.some(({value}) => namesPartition(value))
    case 'product':
      return expression.factors.some(namesPartition)
  }
}

/** The value in plain numbers, or NaN as soon as a result may be inexact. A million requests are resolved through here. */
function evaluateFast(expression: SizeExpression, frame: Frame): number {
  switch (expression.kind) {
    case 'number':
      return expression.value
    case 'large':
      return NaN
    case 'counter':
      return counterValue(expression.level, frame.counters)
    case 'partition':
      return startBytes(expression, frame, frame.startOf)
    case 'sum': {
      let total = 0
      for (const {minus, value} of expression.terms) {
        const term = evaluateFast(value, frame)
        total = exact(minus ? total - term : total + term)
      }
      return total
    }
    case 'product': {
      let total = 1
      for (const factor of expression.factors) total = exact(total * evaluateFast(factor, frame))
      return total
    }
  }
}

/** Adding 0 turns -0 into 0. */
function exact(value: number): number {
  return Number.isSafeInteger(value) ? value + 0 : NaN
}

/** The exact value; undefined when an intermediate result leaves every sensible range. */
function evaluate(expression: SizeExpression, frame: Frame): bigint | undefined {
  switch (expression.kind) {
    case 'number':
      return BigInt(expression.value)
    case 'large':
      return expression.value
    case 'counter':
      return BigInt(counterValue(expression.level, frame.counters))
    case 'partition':
      return BigInt(startBytes(expression, frame, frame.startOf))
    case 'sum': {
      let total = 0n
      for (const term of expression.terms) {
        const value = evaluate(term.value, frame)
        if (value === undefined) return undefined
        total = term.minus ? total - value : total + value
      }
      return bounded(total)
    }
    case 'product': {
      let total: bigint | undefined = 1n
      for (const factor of expression.factors) {
        const value = evaluate(factor, frame)
        if (value === undefined || total === undefined) return undefined
        total = bounded(total * value)
      }
      return total
    }
  }
}

function bounded(value: bigint): bigint | undefined {
  return value > INTERMEDIATE_MAX || value < -INTERMEDIATE_MAX ? undefined : value
}
